/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often an operation of one caller may fail (server.failuresPerMinute): whoever tries
 * ciphertexts, tokens or names is slowed down, and nobody else. Callers are told apart by socket
 * uid or token; those who show nothing on TCP are one. What succeeds costs nothing, and reading a
 * key is never held back. The table is of a fixed size.
 */
#pragma once

#include "util/bytes.h"
#include "util/clock.h"
#include "util/error.h"

enum { KW_FAILURES_SIZE = 256 };

struct kw_failures {
	struct kw_failure_row {
		uint64_t who;	 /* 0: free */
		int64_t debt_ms; /* at `at_ms`; it melts with time */
		int64_t at_ms;	 /* boot clock */
	} rows[KW_FAILURES_SIZE];
};

/* Of a caller and of what it tries; never 0. */
uint64_t kw_failures_who(int listener, int64_t uid, const char *token, const char *what);
void kw_failures_count(struct kw_failures *failures, uint64_t who, int64_t now_ms,
		       int64_t per_minute);
/* SRV_RATE, with the time to wait, if one more would be too many. */
int kw_failures_check(const struct kw_failures *failures, uint64_t who, int64_t now_ms,
		      int64_t per_minute, struct kw_error *err) KW_MUST_USE;
