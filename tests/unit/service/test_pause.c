/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_time.h"
#include "rows.h"

#include "service/pause.h"

static const struct row {
	const char *name;
	unsigned n_failures;
	int retry_after_s;
	int64_t expect_ms;
} rows[] = {
	/* with the most chance: the whole, less what rounding takes */
	{ "given the first failure, a second", 0, 0, 1000 },
	{ "given the second, two", 1, 0, 2000 },
	{ "given the sixth, 32", 5, 0, 32000 },
	{ "given the seventh, a minute", 6, 0, 60000 },
	{ "given ever so many, still a minute", 4000000000u, 0, 60000 },
	{ "given Retry-After, that and the pause of the first failure", 0, 30, 31000 },
	{ "given Retry-After after more failures, that and their pause", 3, 2, 10000 },
	{ "given Retry-After of an hour, an hour", 0, 3600, 3601000 },
	{ "given Retry-After of a day, no overflow", 6, 86400, 86460000 },
};

static int64_t pause_of(const struct row *row, unsigned char chance)
{
	const struct kw_error err = { .upstream.retry_after_s = row->retry_after_s };
	struct fake_time time = { .chance = chance };
	struct kw_random random = fake_random(&time);

	return kw_pause_ms(&random, row->n_failures, &err);
}

static void pauses(void **state)
{
	const struct row *row = *state;
	int64_t asked_ms = (int64_t)row->retry_after_s * 1000;

	assert_in_range(pause_of(row, 0xff), row->expect_ms - 1, row->expect_ms);
	assert_int_equal(pause_of(row, 0x00), asked_ms + (row->expect_ms - asked_ms) / 2);
}

static const struct jitter_row {
	const char *name;
	unsigned char chance;
	int64_t ms, expect_ms;
} jitter_rows[] = {
	{ "given the least chance, half of it", 0x00, 1000, 500 },
	{ "given the middle, three quarters", 0x80, 1000, 750 },
	{ "given the most, just less than the whole", 0xff, 1000, 999 },
	{ "given nothing, nothing", 0xff, 0, 0 },
	{ "given a year, no overflow", 0xff, 31536000000, 31535984962 },
};

static void jitters(void **state)
{
	const struct jitter_row *row = *state;
	struct fake_time time = { .chance = row->chance };
	struct kw_random random = fake_random(&time);

	/* 0x80808080 is a little more than the middle */
	assert_in_range(kw_jittered_ms(&random, row->ms), row->expect_ms,
			row->expect_ms + row->ms / 500);
}

int main(void)
{
	return KW_ROWS_RUN(rows, pauses) + KW_ROWS_RUN(jitter_rows, jitters);
}
