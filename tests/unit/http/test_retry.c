/* SPDX-License-Identifier: Apache-2.0 */
#include "http/retry.h"

#include "rows.h"

static const struct outcome_row {
	const char *name;
	enum kw_upstream upstream;
	int status;
	enum kw_http_outcome expect;
} outcome_rows[] = {
	{ "given 200 of the vault, it is good", KW_UPSTREAM_VAULT, 200, KW_HTTP_OK },
	{ "given 201 of the vault, it is final", KW_UPSTREAM_VAULT, 201, KW_HTTP_FINAL },
	{ "given 204 of MAA, it is final", KW_UPSTREAM_MAA, 204, KW_HTTP_FINAL },
	{ "given a redirect, it is final", KW_UPSTREAM_MAA, 302, KW_HTTP_FINAL },
	{ "given 400, it is final", KW_UPSTREAM_MAA, 400, KW_HTTP_FINAL },
	{ "given 401, it is final", KW_UPSTREAM_VAULT, 401, KW_HTTP_FINAL },
	{ "given 403, it is final", KW_UPSTREAM_VAULT, 403, KW_HTTP_FINAL },
	{ "given 404 of the vault, it is final", KW_UPSTREAM_VAULT, 404, KW_HTTP_FINAL },
	{ "given 404 of MAA, it is final", KW_UPSTREAM_MAA, 404, KW_HTTP_FINAL },
	{ "given 404 of KDS, it is final", KW_UPSTREAM_KDS, 404, KW_HTTP_FINAL },
	{ "given 404 of IMDS, it may pass", KW_UPSTREAM_IMDS, 404, KW_HTTP_RETRY },
	{ "given 404 of THIM, it may pass", KW_UPSTREAM_THIM, 404, KW_HTTP_RETRY },
	{ "given 408, it may pass", KW_UPSTREAM_MAA, 408, KW_HTTP_RETRY },
	{ "given 409, it is final", KW_UPSTREAM_VAULT, 409, KW_HTTP_FINAL },
	{ "given 410 of IMDS, it may pass", KW_UPSTREAM_IMDS, 410, KW_HTTP_RETRY },
	{ "given 410 of THIM, it may pass", KW_UPSTREAM_THIM, 410, KW_HTTP_RETRY },
	{ "given 410 of Entra, it is final", KW_UPSTREAM_ENTRA, 410, KW_HTTP_FINAL },
	{ "given 429, it may pass", KW_UPSTREAM_ENTRA, 429, KW_HTTP_RETRY },
	{ "given 499, it is final", KW_UPSTREAM_MAA_KEYS, 499, KW_HTTP_FINAL },
	{ "given 500, it may pass", KW_UPSTREAM_MAA_KEYS, 500, KW_HTTP_RETRY },
	{ "given 503, it may pass", KW_UPSTREAM_KDS, 503, KW_HTTP_RETRY },
	{ "given 599, it may pass", KW_UPSTREAM_VAULT, 599, KW_HTTP_RETRY },
	{ "given 600, it is final", KW_UPSTREAM_VAULT, 600, KW_HTTP_FINAL },
};

static void statuses_are_sorted(void **state)
{
	const struct outcome_row *row = *state;
	assert_int_equal(kw_retry_outcome(row->upstream, row->status), row->expect);
}

enum { NO_MORE = -1 };

/* With base 500 ms and at most 20 s, six attempts. `chance` UINT64_MAX % (2^n * base + 1) would be
 * no round number, so the rows give the jitter itself. */
static const struct again_row {
	const char *name;
	struct kw_attempt_end end;
	int64_t n_attempts, left_ms;
	uint64_t chance;
	int64_t expect_ms;
} again_rows[] = {
	{ "given a reset and no luck, it waits the whole first step",
	  { KW_UPSTREAM_VAULT, KW_FAILURE_TRANSPORT, 0, 0 },
	  1,
	  45000,
	  500,
	  500 },
	{ "given a reset and one more, jitter starts again at none",
	  { KW_UPSTREAM_VAULT, KW_FAILURE_TRANSPORT, 0, 0 },
	  1,
	  45000,
	  501,
	  0 },
	{ "given the second attempt, the step doubles",
	  { KW_UPSTREAM_VAULT, KW_FAILURE_TRANSPORT, 0, 0 },
	  2,
	  45000,
	  1000,
	  1000 },
	{ "given the fifth attempt, the step is sixteenfold",
	  { KW_UPSTREAM_VAULT, KW_FAILURE_NONE, 503, 0 },
	  5,
	  45000,
	  8000,
	  8000 },
	{ "given the sixth attempt, it was the last",
	  { KW_UPSTREAM_VAULT, KW_FAILURE_NONE, 503, 0 },
	  6,
	  45000,
	  0,
	  NO_MORE },
	{ "given luck, it goes on at once",
	  { KW_UPSTREAM_MAA, KW_FAILURE_NONE, 500, 0 },
	  3,
	  45000,
	  0,
	  0 },
	{ "given exactly the time that is left, no attempt starts after it",
	  { KW_UPSTREAM_MAA, KW_FAILURE_NONE, 500, 0 },
	  1,
	  500,
	  500,
	  NO_MORE },
	{ "given one millisecond more, it goes on",
	  { KW_UPSTREAM_MAA, KW_FAILURE_NONE, 500, 0 },
	  1,
	  501,
	  500,
	  500 },
	{ "given no time left, it stops even with luck",
	  { KW_UPSTREAM_MAA, KW_FAILURE_NONE, 500, 0 },
	  1,
	  0,
	  0,
	  NO_MORE },
	{ "given Retry-After, it waits that long and a little jitter",
	  { KW_UPSTREAM_VAULT, KW_FAILURE_NONE, 429, 7 },
	  1,
	  45000,
	  500,
	  7500 },
	{ "given a Retry-After behind the deadline, it stops at once",
	  { KW_UPSTREAM_VAULT, KW_FAILURE_NONE, 429, 45 },
	  1,
	  45000,
	  0,
	  NO_MORE },
	{ "given Retry-After with a final status, it does not go on",
	  { KW_UPSTREAM_VAULT, KW_FAILURE_NONE, 403, 1 },
	  1,
	  45000,
	  0,
	  NO_MORE },
	{ "given success, it does not go on",
	  { KW_UPSTREAM_VAULT, KW_FAILURE_NONE, 200, 0 },
	  1,
	  45000,
	  0,
	  NO_MORE },
	{ "given a certificate that is not accepted, it does not go on",
	  { KW_UPSTREAM_VAULT, KW_FAILURE_TLS, 0, 0 },
	  1,
	  45000,
	  0,
	  NO_MORE },
	{ "given an answer over the cap, it does not go on",
	  { KW_UPSTREAM_VAULT, KW_FAILURE_ANSWER, 0, 0 },
	  1,
	  45000,
	  0,
	  NO_MORE },
	{ "given a cancel, it does not go on",
	  { KW_UPSTREAM_VAULT, KW_FAILURE_CANCELLED, 0, 0 },
	  1,
	  45000,
	  0,
	  NO_MORE },
	{ "given a fault of our own, it does not go on",
	  { KW_UPSTREAM_VAULT, KW_FAILURE_LOCAL, 0, 0 },
	  1,
	  45000,
	  0,
	  NO_MORE },
	{ "given IMDS and luck, it is left alone for a second",
	  { KW_UPSTREAM_IMDS, KW_FAILURE_NONE, 500, 0 },
	  1,
	  90000,
	  0,
	  1000 },
	{ "given a restart of IMDS, the deadline alone ends the waiting",
	  { KW_UPSTREAM_IMDS, KW_FAILURE_NONE, 410, 0 },
	  9,
	  30000,
	  20000,
	  20000 },
	{ "given a restart of THIM and the deadline, it stops",
	  { KW_UPSTREAM_THIM, KW_FAILURE_NONE, 410, 0 },
	  9,
	  20000,
	  20000,
	  NO_MORE },
	{ "given 404 of IMDS, attempts are counted",
	  { KW_UPSTREAM_IMDS, KW_FAILURE_NONE, 404, 0 },
	  6,
	  90000,
	  0,
	  NO_MORE },
	{ "given 410 of the vault, it is final",
	  { KW_UPSTREAM_VAULT, KW_FAILURE_NONE, 410, 0 },
	  1,
	  45000,
	  0,
	  NO_MORE },
	{ "given very many attempts, the step stays at its most",
	  { KW_UPSTREAM_IMDS, KW_FAILURE_NONE, 410, 0 },
	  1000000,
	  90000,
	  20000,
	  20000 },
};

static void attempts_follow_or_end(void **state)
{
	const struct again_row *row = *state;
	const struct kw_retry_rules rules = { .attempts = 6, .base_ms = 500, .max_ms = 20000 };
	int64_t wait_ms = NO_MORE;
	bool again = kw_retry_again(&rules, &row->end, row->n_attempts, row->left_ms, row->chance,
				    &wait_ms);
	assert_int_equal(again, row->expect_ms != NO_MORE);
	assert_int_equal(wait_ms, row->expect_ms);
}

static const struct small_row {
	const char *name;
	struct kw_retry_rules rules;
	enum kw_upstream upstream;
	int64_t n_attempts, expect_ms;
} small_rows[] = {
	{ "given base above max, max holds", { 6, 500, 200 }, KW_UPSTREAM_VAULT, 1, 200 },
	{ "given a small max, IMDS obeys it", { 6, 10, 50 }, KW_UPSTREAM_IMDS, 1, 50 },
	{ "given no base, it does not wait", { 6, 0, 1000 }, KW_UPSTREAM_VAULT, 3, 0 },
	{ "given a max that is no power, it is reached",
	  { 6, 300, 1000 },
	  KW_UPSTREAM_VAULT,
	  3,
	  1000 },
	{ "given a huge max, nothing overflows",
	  { 99, 1, INT64_MAX - 1 },
	  KW_UPSTREAM_VAULT,
	  90,
	  INT64_MAX - 1 },
};

static void settings_hold(void **state)
{
	const struct small_row *row = *state;
	const struct kw_attempt_end end = { row->upstream, KW_FAILURE_TRANSPORT, 0, 0 };
	int64_t wait_ms = NO_MORE;
	assert_true(kw_retry_again(&row->rules, &end, row->n_attempts, INT64_MAX,
				   (uint64_t)row->expect_ms, &wait_ms));
	assert_int_equal(wait_ms, row->expect_ms);
}

static const struct outage_row {
	const char *name;
	enum kw_failure failure;
	int status;
	bool expect;
} outage_rows[] = {
	{ "given a transport failure, it is an outage", KW_FAILURE_TRANSPORT, 0, true },
	{ "given 500, it is an outage", KW_FAILURE_NONE, 500, true },
	{ "given 503, it is an outage", KW_FAILURE_NONE, 503, true },
	{ "given 429, the host is there", KW_FAILURE_NONE, 429, false },
	{ "given 403, the host is there", KW_FAILURE_NONE, 403, false },
	{ "given a bad certificate, the host is there", KW_FAILURE_TLS, 0, false },
	{ "given an oversize 500, the host is there", KW_FAILURE_ANSWER, 500, false },
};

static void outages_are_told_apart(void **state)
{
	const struct outage_row *row = *state;
	const struct kw_attempt_end end = { KW_UPSTREAM_MAA, row->failure, row->status, 0 };
	assert_int_equal(kw_retry_is_outage(&end), row->expect);
}

/* 784111777 is Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110 5.6.7. */
static const struct retry_after_row {
	const char *name, *text;
	int64_t now_s;
	int expect_s;
} retry_after_rows[] = {
	{ "given nothing, there is no wait", "", 0, 0 },
	{ "given zero, there is no wait", "0", 0, 0 },
	{ "given seconds, they count", "120", 0, 120 },
	{ "given a day, it counts", "86400", 0, 86400 },
	{ "given more than a day, it is a day", "86401", 0, 86400 },
	{ "given more digits than any number has, it is a day",
	  "999999999999999999999999999999999999999999", 0, 86400 },
	{ "given a negative number, it is nothing", "-1", 0, 0 },
	{ "given words, they are nothing", "soon", 0, 0 },
	{ "given an IMF-fixdate ahead, the difference counts", "Sun, 06 Nov 1994 08:49:37 GMT",
	  784111747, 30 },
	{ "given an RFC 850 date ahead, the difference counts", "Sunday, 06-Nov-94 08:49:37 GMT",
	  784111747, 30 },
	{ "given an asctime date ahead, the difference counts", "Sun Nov  6 08:49:37 1994",
	  784111747, 30 },
	{ "given a date that is now, there is no wait", "Sun, 06 Nov 1994 08:49:37 GMT", 784111777,
	  0 },
	{ "given a date that is past, there is no wait", "Sun, 06 Nov 1994 08:49:37 GMT",
	  1700000000, 0 },
	{ "given a date far ahead, it is a day", "Sun, 06 Nov 1994 08:49:37 GMT", 0, 86400 },
};

static void retry_after_is_read(void **state)
{
	const struct retry_after_row *row = *state;
	assert_int_equal(kw_retry_after_parse(row->text, row->now_s), row->expect_s);
}

int main(void)
{
	return KW_ROWS_RUN(outcome_rows, statuses_are_sorted)
	       + KW_ROWS_RUN(again_rows, attempts_follow_or_end)
	       + KW_ROWS_RUN(small_rows, settings_hold)
	       + KW_ROWS_RUN(outage_rows, outages_are_told_apart)
	       + KW_ROWS_RUN(retry_after_rows, retry_after_is_read);
}
