/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When to ask again, and when to stop (key release 2.4, 3.2, 4.8). Pure: the time and the
 * chance are arguments. Only what can help is repeated: transport errors, 408, 429 and 5xx, from
 * IMDS and THIM 404 and 410 too. No attempt starts after the deadline.
 */
#pragma once

#include "http/stage.h"

struct kw_retry_rules {
	int64_t attempts; /* the first included */
	int64_t base_ms, max_ms;
};

/* What an attempt came to: an HTTP status, or a failure (status 0). */
struct kw_attempt_end {
	enum kw_upstream upstream;
	enum kw_failure failure;
	int status;
	int retry_after_s;
};

enum kw_http_outcome kw_retry_outcome(enum kw_upstream upstream, int status);
bool kw_retry_can_help(const struct kw_attempt_end *end);
/* The upstream is away, as opposed to busy or refusing: what the breaker counts, and the reason to
 * connect and resolve anew. */
bool kw_retry_is_outage(const struct kw_attempt_end *end);

/*
 * Whether another attempt follows `n_attempts`, and how long to wait for it. `chance` is any random
 * number. Full jitter: up to min(max, base * 2^n); what Retry-After names comes on top, so that
 * those who were told the same time do not all come back at once. IMDS is given at least a second.
 * A 410 of IMDS announces a restart of up to 70 s, so the deadline alone ends that wait.
 */
bool kw_retry_again(const struct kw_retry_rules *rules, const struct kw_attempt_end *end,
		    int64_t n_attempts, int64_t left_ms, uint64_t chance,
		    int64_t *ret_wait_ms) KW_MUST_USE;

/* RFC 9110 10.2.3: seconds or an HTTP-date, which is held against `now_s`. 0: nothing usable, or no
 * wait. Never more than KW_RETRY_AFTER_MAX_S. */
enum { KW_RETRY_AFTER_MAX_S = 86400 };
int kw_retry_after_parse(const char *text, int64_t now_s);
