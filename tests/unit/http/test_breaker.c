/* SPDX-License-Identifier: Apache-2.0 */
#include "http/breaker.h"

#include "rows.h"

enum { PAUSE_MS = 20000, START_MS = 1000 };

/*
 * A script of steps, left to right, with time standing still unless a step moves it:
 *   o a u   a call is admitted and ends in an outage, an answer, or is not known
 *   +       a call is admitted and does not end
 *   -       a call is not admitted
 *   .       almost the whole pause passes,  ,  one millisecond passes
 */
static const struct row {
	const char *name, *script;
} rows[] = {
	{ "given nothing yet, calls go through", "+++" },
	{ "given answers, calls go through", "aaaa+" },
	{ "given two outages in a row, calls go through", "oo+" },
	{ "given three outages in a row, calls are refused", "ooo--" },
	{ "given an answer between them, counting starts again", "ooaoo+" },
	{ "given a call that is not known between them, counting goes on", "oouo-" },
	{ "given almost the whole pause, calls are still refused", "ooo.-" },
	{ "given the pause, one call goes through", "ooo.,+-" },
	{ "given an answer to that one, calls go through", "ooo.,a++" },
	{ "given an outage of that one, calls are refused again", "ooo.,o-.-,+-" },
	{ "given that one cancelled, the next one goes through", "ooo.,u+-" },
	{ "given an answer after reopening, counting starts at none", "ooo.,aoo+" },
};

static void admit(struct kw_breaker *breaker, bool expect, int64_t now_ms)
{
	int64_t wait_ms = 0;
	assert_int_equal(kw_breaker_admit(breaker, now_ms, &wait_ms), expect);
	assert_int_equal(wait_ms > 0, !expect);
}

static void calls_are_admitted_as_scripted(void **state)
{
	const struct row *row = *state;
	struct kw_breaker breaker = { 0 };
	int64_t now_ms = START_MS;
	for (const char *step = row->script; *step != '\0'; step++) {
		if (*step == '.')
			now_ms += PAUSE_MS - 1;
		else if (*step == ',')
			now_ms++;
		else
			admit(&breaker, *step != '-', now_ms);
		if (*step == 'o')
			kw_breaker_tell(&breaker, KW_BREAKER_OUTAGE, now_ms, PAUSE_MS);
		if (*step == 'a')
			kw_breaker_tell(&breaker, KW_BREAKER_ANSWERED, now_ms, PAUSE_MS);
		if (*step == 'u')
			kw_breaker_tell(&breaker, KW_BREAKER_UNKNOWN, now_ms, PAUSE_MS);
	}
}
KW_TEST_ROWS(rows, calls_are_admitted_as_scripted)
