/* SPDX-License-Identifier: Apache-2.0 */
#include "http/breaker.h"

/* While the one call of a half-open breaker is under way nobody knows when it ends. */
enum { PROBE_WAIT_MS = 1000 };

bool kw_breaker_admit(struct kw_breaker *breaker, int64_t now_ms, int64_t *ret_wait_ms)
{
	if (breaker->open_until_ms == 0)
		return true;
	if (now_ms < breaker->open_until_ms) {
		*ret_wait_ms = breaker->open_until_ms - now_ms;
		return false;
	}
	if (breaker->probing) {
		*ret_wait_ms = PROBE_WAIT_MS;
		return false;
	}
	breaker->probing = true;
	return true;
}

void kw_breaker_tell(struct kw_breaker *breaker, enum kw_breaker_end end, int64_t now_ms,
		     int64_t pause_ms)
{
	breaker->probing = false;
	switch (end) {
	case KW_BREAKER_ANSWERED:
		*breaker = (struct kw_breaker){ 0 };
		return;
	case KW_BREAKER_OUTAGE:
		if (breaker->outages < KW_BREAKER_LIMIT)
			breaker->outages++;
		if (breaker->outages == KW_BREAKER_LIMIT)
			breaker->open_until_ms = now_ms + pause_ms;
		return;
	case KW_BREAKER_UNKNOWN:
		return;
	}
}
