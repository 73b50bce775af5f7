/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include "server/failures.h"

enum { PER_MINUTE = 5 };

static const struct row {
	const char *name;
	int n_failures;
	int64_t later_ms;  /* when it is asked, after the last of them */
	int retry_after_s; /* 0: it may go on */
} rows[] = {
	{ "given no failure, it may go on", 0, 0, 0 },
	{ "given one below the limit, it may go on", PER_MINUTE - 1, 0, 0 },
	{ "given as many as the limit, it must wait", PER_MINUTE, 0, 12 },
	{ "given a fifth of the minute, it may go on", PER_MINUTE, 12000, 0 },
	{ "given twice as many, it waits as long again", 2 * PER_MINUTE, 0, 72 },
	{ "given very many, it waits no longer", 1000, 0, 72 },
	{ "given that time, it may go on", 2 * PER_MINUTE, 72000, 0 },
};

static void limits(void **state)
{
	const struct row *row = *state;
	uint64_t who = kw_failures_who(0, -1, "app", "key");
	struct kw_failures failures = { 0 };
	struct kw_error err = { 0 };
	int r;

	for (int i = 0; i < row->n_failures; i++)
		kw_failures_count(&failures, who, 5000, PER_MINUTE);
	r = kw_failures_check(&failures, who, 5000 + row->later_ms, PER_MINUTE, &err);
	assert_int_equal(r, row->retry_after_s > 0 ? -1 : 0);
	assert_int_equal(err.upstream.retry_after_s, row->retry_after_s);
	assert_ptr_equal(err.def, row->retry_after_s > 0 ? kw_error_def(KW_E_SRV_RATE) : NULL);
}

static void tells_callers_apart(void **state)
{
	uint64_t ids[] = {
		kw_failures_who(0, -1, "", "key"),    kw_failures_who(0, -1, "", "other"),
		kw_failures_who(0, -1, "app", "key"), kw_failures_who(1, 0, "", "key"),
		kw_failures_who(1, 1, "", "key"),     kw_failures_who(0, -1, "appk", "ey")
	};
	struct kw_failures failures = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	for (int i = 0; i < PER_MINUTE; i++)
		kw_failures_count(&failures, ids[0], 0, PER_MINUTE);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		assert_int_equal(kw_failures_check(&failures, ids[i], 0, PER_MINUTE, &err),
				 i == 0 ? -1 : 0);
}

/* Many others at once may make it forget who owes least, and not who owes most. */
static void keeps_the_worst(void **state)
{
	uint64_t worst = kw_failures_who(0, -1, "", "key");
	struct kw_failures failures = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	for (int i = 0; i < 10 * PER_MINUTE; i++)
		kw_failures_count(&failures, worst, 0, PER_MINUTE);
	for (int64_t uid = 0; uid < 10000; uid++)
		kw_failures_count(&failures, kw_failures_who(1, uid, "", "key"), 0, PER_MINUTE);
	assert_int_equal(kw_failures_check(&failures, worst, 0, PER_MINUTE, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(tells_callers_apart),
					    cmocka_unit_test(keeps_the_worst) };

	return KW_ROWS_RUN(rows, limits)
	       + cmocka_run_group_tests_name("failures", tests, NULL, NULL);
}
