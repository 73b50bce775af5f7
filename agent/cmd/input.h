/* SPDX-License-Identifier: Apache-2.0 */
/* What commands read that may be secret: a file, or standard input, into the arena. */
#pragma once

#include "util/secret.h"

/* `path` NULL: standard input to its end. More than `max` bytes, or what cannot be read: SYS_FILE.
 */
int kw_input_read(const char *path, size_t max, struct kw_secret *ret,
		  struct kw_error *err) KW_MUST_USE;
