/* SPDX-License-Identifier: Apache-2.0 */
/* The termination message: why the program ended, as one line of JSON where Kubernetes reads it. */
#pragma once

#include "cmd/flags.h"

#define KW_TERMINATION_LOG "/dev/termination-log"
#define KW_FLAG_TERMINATION_LOG(type, member)                                             \
	{                                                                                 \
		KW_OPTIONAL, 0, "termination-log", "FILE", "if it exists: why it failed", \
			offsetof(type, member), KW_TERMINATION_LOG                        \
	}

/* Best effort: a file that is not there, or cannot be written, is none. Of kw_flags_parse() that
 * failed `path` is NULL: nothing is written. */
void kw_termination_write(const char *path, const struct kw_error *err);
