/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"
#include "util/clock.h"

#include <time.h>

/* Expected values: date -u -d @N +%FT%TZ */
static const struct row {
	const char *name;
	int64_t wall_s;
	const char *expect;
} rows[] = {
	{ "given the epoch", 0, "1970-01-01T00:00:00Z" },
	{ "given the second before it", -1, "1969-12-31T23:59:59Z" },
	{ "given the start of 2026", 1767225600, "2026-01-01T00:00:00Z" },
	{ "given a leap day", 1709164800, "2024-02-29T00:00:00Z" },
	{ "given the end of 32 bits", 4294967295, "2106-02-07T06:28:15Z" },
	{ "given the last year of four digits", 253402300799, "9999-12-31T23:59:59Z" },
	{ "given a time beyond all calendars", INT64_MAX, "@9223372036854775807" },
	{ "given a time before all calendars", INT64_MIN, "@-9223372036854775808" },
};

static void reads_as_expected(void **state)
{
	const struct row *row = *state;
	char text[KW_TIME_TEXT_SIZE];

	kw_time_text(row->wall_s, text);
	assert_string_equal(text, row->expect);
}

static void the_system_clocks_are_those_of_the_system(void **state)
{
	struct timespec boot = { 0 };
	int64_t before = time(NULL);

	(void)state;
	int64_t wall = kw_wall_s(&kw_clock_system), boot_ms = kw_boot_ms(&kw_clock_system);
	assert_true(wall >= before - 1 && wall <= time(NULL) + 1);
	assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &boot), 0);
	assert_true(boot_ms <= (int64_t)boot.tv_sec * 1000 + boot.tv_nsec / 1000000);
	kw_sleep_ms(&kw_clock_system, 0); /* nothing to wait for */
	kw_sleep_ms(&kw_clock_system, -1);
	assert_true(kw_boot_ms(&kw_clock_system) >= boot_ms);
}

static void chance_fills_everything(void **state)
{
	uint8_t a[600] = { 0 }, b[600] = { 0 };
	size_t zeros = 0;

	(void)state;
	kw_random_fill(&kw_random_system, a, sizeof(a)); /* more than one getrandom() promises */
	kw_random_fill(&kw_random_system, b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	for (size_t i = 0; i < sizeof(a); i++)
		zeros += a[i] == 0;
	assert_true(zeros < 60);
	kw_random_fill(&kw_random_system, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_system_clocks_are_those_of_the_system),
		cmocka_unit_test(chance_fills_everything),
	};
	return KW_ROWS_RUN(rows, reads_as_expected)
	       + cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
