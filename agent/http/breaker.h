/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A breaker per host: after KW_BREAKER_LIMIT calls in a row that ended in an outage (with all their
 * attempts), calls fail at once for a pause, so that fifty keys do not each wait out their own
 * deadline. Then one call goes through; its end decides. Pure; the owner locks.
 */
#pragma once

#include "util/attributes.h"

#include <stdbool.h>
#include <stdint.h>

enum { KW_BREAKER_LIMIT = 3 };

struct kw_breaker {
	unsigned outages;      /* in a row */
	int64_t open_until_ms; /* 0: closed */
	bool probing;	       /* half-open, and the one call is under way */
};

enum kw_breaker_end {
	KW_BREAKER_ANSWERED,
	KW_BREAKER_OUTAGE,
	KW_BREAKER_UNKNOWN, /* cancelled, or failed before the host was asked */
};

/* True: make the call, and tell its end. False: do not; `ret_wait_ms` says when to ask again. */
bool kw_breaker_admit(struct kw_breaker *breaker, int64_t now_ms, int64_t *ret_wait_ms) KW_MUST_USE;
void kw_breaker_tell(struct kw_breaker *breaker, enum kw_breaker_end end, int64_t now_ms,
		     int64_t pause_ms);
