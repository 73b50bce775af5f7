/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One libFuzzer target per parser of foreign bytes. A target calls the parser as the agent does,
 * and asserts what must hold of whatever it accepts. Sanitizers see the rest.
 */
#pragma once

#include "util/bytes.h"
#include "util/checks.h"
#include "util/cleanup.h"
#include "util/error.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stays in force in every build: a property that does not hold is a finding. */
#define MUST(condition)                   \
	do {                              \
		if (!(condition))         \
			__builtin_trap(); \
	} while (0)

static inline struct kw_bytes fuzz_input(const uint8_t *data, size_t size)
{
	return (struct kw_bytes){ data, size };
}

/* Accepted without an error, or refused with one that names a row and says something. */
static inline bool accepted(int result, const struct kw_error *err)
{
	if (result == 0)
		return true;
	MUST(result == -1 && err->def != NULL && err->detail[0] != '\0');
	return false;
}
