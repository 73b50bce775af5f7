/* SPDX-License-Identifier: Apache-2.0 */
/* When init tries again, when it gives up, and whose error counts. Attempts follow a script; the
 * clock moves when somebody sleeps. */
#include "fake_time.h"
#include "rows.h"

#include "service/once.h"
#include "util/log.h"
#include "util/text.h"

#include <stdio.h>

enum { ATTEMPTS_MAX = 4, ATTEMPT_MS = 100 };

/* What the attempts of a key come to; after the last one named, the same again. */
struct script {
	bool required;
	enum kw_error_name ends[ATTEMPTS_MAX];
	unsigned n_ends;
};

static const struct row {
	const char *name;
	struct script keys[2];
	int64_t deadline_ms;
	enum kw_error_name expect;
	unsigned attempts[2]; /* that were made; of the second, at least */
} rows[] = {
	{ "given keys that come, it succeeds at once",
	  { { true, { KW_OK }, 1 }, { true, { KW_OK }, 1 } },
	  60000,
	  KW_OK,
	  { 1, 1 } },
	{ "given an outage that ends, it tries again",
	  { { true, { KW_E_REL_BUSY, KW_E_REL_UNREACHABLE, KW_OK }, 3 }, { true, { KW_OK }, 1 } },
	  60000,
	  KW_OK,
	  { 3, 1 } },
	{ "given an outage that stays, its error at the deadline",
	  { { true, { KW_OK }, 1 }, { true, { KW_E_ATT_UNREACHABLE }, 1 } },
	  10000,
	  KW_E_ATT_UNREACHABLE,
	  { 1, 3 } },
	{ "given a denial, it ends at once",
	  { { true, { KW_E_REL_DENIED }, 1 }, { true, { KW_OK }, 1 } },
	  60000,
	  KW_E_REL_DENIED,
	  { 1, 0 } },
	{ "given an outage and a denial, the denial counts",
	  { { true, { KW_E_REL_BUSY }, 1 }, { true, { KW_E_REL_POLICY }, 1 } },
	  60000,
	  KW_E_REL_POLICY,
	  { 1, 1 } },
	{ "given an identity that is refused, it does not wait",
	  { { true, { KW_E_IDN_REFUSED }, 1 }, { true, { KW_OK }, 1 } },
	  60000,
	  KW_E_IDN_REFUSED,
	  { 1, 0 } },
	{ "given a denial of what is not required, it succeeds",
	  { { false, { KW_E_REL_DENIED }, 1 }, { true, { KW_OK }, 1 } },
	  60000,
	  KW_OK,
	  { 1, 1 } },
	{ "given an outage of what is not required, it is tried once",
	  { { false, { KW_E_REL_BUSY }, 1 }, { true, { KW_OK }, 1 } },
	  60000,
	  KW_OK,
	  { 1, 1 } },
	{ "given no time at all, it says so",
	  { { true, { KW_OK }, 1 }, { true, { KW_OK }, 1 } },
	  0,
	  KW_E_SYS_DEADLINE,
	  { 0, 0 } },
	{ "given time for one alone, the other is named",
	  { { true, { KW_OK }, 1 }, { true, { KW_OK }, 1 } },
	  ATTEMPT_MS,
	  KW_E_SYS_DEADLINE,
	  { 1, 0 } },
};

struct world {
	const struct row *row;
	struct fake_time time;
	unsigned attempts[2];
};

static int acquire(void *ctx, const struct kw_config_key *rule, struct kw_material **ret,
		   struct kw_error *err)
{
	struct world *world = ctx;
	size_t i = strcmp(rule->name, "second") == 0;
	const struct script *script = &world->row->keys[i];
	unsigned n = world->attempts[i]++;
	enum kw_error_name end = script->ends[n < script->n_ends ? n : script->n_ends - 1];

	fake_sleep_ms(&world->time, ATTEMPT_MS);
	if (end != KW_OK)
		return kw_fail(err, end, "key '%s': as scripted", rule->name);
	*ret = kw_material_new();
	(*ret)->kid = kw_strdup("https://vault.example/keys/x/1");
	return 0;
}

static void ends_as_expected(void **state)
{
	const struct row *row = *state;
	static char first[] = "first", second[] = "second";
	struct kw_config_key keys[2] = { { .name = first, .required = row->keys[0].required },
					 { .name = second, .required = row->keys[1].required } };
	struct kw_config config = { .keys = keys, .n_keys = 2 };
	struct world world = { .row = row, .time.boot_ms = 5000, .time.chance = 0xff };
	struct kw_clock clock = fake_clock(&world.time);
	struct kw_random random = fake_random(&world.time);
	struct kw_once once = {
		&config, &clock, &random, 5000 + row->deadline_ms, acquire, &world
	};
	struct kw_error err = { 0 };

	int result = kw_once_run(&once, &err);
	assert_int_equal(result, row->expect == KW_OK ? 0 : -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_int_equal(world.attempts[0], row->attempts[0]);
	assert_true(world.attempts[1] >= row->attempts[1]);
	assert_true(world.time.boot_ms - 5000 <= row->deadline_ms + ATTEMPT_MS);
}

/* A volume that cannot be written does not mend itself: no second release for it. */
static void given_files_that_cannot_be_written_it_ends(void **state)
{
	static const struct row one = { .keys = { { true, { KW_OK }, 1 } } };
	static char name[] = "first", path[] = "/nonexistent/directory/key";
	struct kw_config_output output = { path, KW_FORMAT_JWK, 0600, -1, false };
	struct kw_config_key key = {
		.name = name, .required = true, .outputs = &output, .n_outputs = 1
	};
	struct kw_config config = { .keys = &key, .n_keys = 1 };
	struct world world = { .row = &one };
	struct kw_clock clock = fake_clock(&world.time);
	struct kw_random random = fake_random(&world.time);
	struct kw_once once = { &config, &clock, &random, 60000, acquire, &world };
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_once_run(&once, &err), -1);
	assert_true(kw_error_is(&err, KW_E_OUT_WRITE));
	assert_non_null(strstr(err.detail, "key 'first'"));
	assert_int_equal(world.attempts[0], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(given_files_that_cannot_be_written_it_ends),
	};

	kw_log_setup(KW_LOG_ERROR, KW_LOG_TEXT, STDERR_FILENO);
	return KW_ROWS_RUN(rows, ends_as_expected)
	       + cmocka_run_group_tests_name("once", tests, NULL, NULL);
}
