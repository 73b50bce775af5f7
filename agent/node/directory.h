/* SPDX-License-Identifier: Apache-2.0 */
/* Directories and files that everybody on the node may read: nothing secret is ever in them.
 * Written whole or not at all, and only when they are not what they should be: readers see no
 * needless change. */
#pragma once

#include "util/bytes.h"
#include "util/error.h"

/* With all that lead to it; those that are made get mode 0755, whatever the umask. OUT_WRITE. */
int kw_directory_make(const char *path, struct kw_error *err) KW_MUST_USE;
/* Mode 0644, in a directory that is made. `ret_written`: it was not there, or another. OUT_WRITE.
 */
int kw_public_write(const char *path, struct kw_bytes content, bool *ret_written,
		    struct kw_error *err) KW_MUST_USE;
