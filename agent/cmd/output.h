/* SPDX-License-Identifier: Apache-2.0 */
/* Where results go: standard output without a buffer that would keep a secret, or a file. */
#pragma once

#include "util/checks.h"
#include "util/secret.h"

#include <stdio.h>
#include <sys/types.h>

struct kw_output {
	const char *file; /* NULL: standard output */
	mode_t mode;	  /* of the file */
	bool allow_disk;
	bool is_text; /* on standard output a line end follows, unless there is one */
};

/* OUT_STDOUT, OUT_WRITE, OUT_DISK. */
int kw_output_write(const struct kw_output *output, struct kw_bytes content,
		    struct kw_error *err) KW_MUST_USE;
/* One line per check: verdict, check, what was found; what was expected unless that is it. */
void kw_checks_print(const struct kw_checks *checks, FILE *to);
