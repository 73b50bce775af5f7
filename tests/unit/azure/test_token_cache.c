/* SPDX-License-Identifier: Apache-2.0 */
#include "azure/token_cache.h"

#include "fake_time.h"
#include "rows.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };

static const struct age_row {
	const char *name;
	int64_t fetched_ms, expires_ms, now_ms;
	enum kw_token_age expect;
} age_rows[] = {
	{ "given a new token of an hour, it is good", 0, HOUR_MS, 0, KW_TOKEN_GOOD },
	{ "given five minutes left, it is good", 0, HOUR_MS, HOUR_MS - 5 * MINUTE_MS,
	  KW_TOKEN_GOOD },
	{ "given less than five minutes, it is due", 0, HOUR_MS, HOUR_MS - 5 * MINUTE_MS + 1,
	  KW_TOKEN_DUE },
	{ "given one millisecond, it is due", 0, HOUR_MS, HOUR_MS - 1, KW_TOKEN_DUE },
	{ "given its end, it has ended", 0, HOUR_MS, HOUR_MS, KW_TOKEN_ENDED },
	{ "given two hours past the half, it is good", 0, 2 * HOUR_MS, HOUR_MS + 1, KW_TOKEN_GOOD },
	{ "given a day at its half, it is good", 0, 24 * HOUR_MS, 12 * HOUR_MS, KW_TOKEN_GOOD },
	{ "given a day past the half, it is due", 0, 24 * HOUR_MS, 12 * HOUR_MS + 1, KW_TOKEN_DUE },
	{ "given more than two hours past the half, it is due", 1000, 1000 + 2 * HOUR_MS + 2,
	  1000 + HOUR_MS + 2, KW_TOKEN_DUE },
	{ "given no life, it has ended", 7, 7, 7, KW_TOKEN_ENDED },
};

static void tokens_age(void **state)
{
	const struct age_row *row = *state;
	assert_int_equal(kw_token_age(row->fetched_ms, row->expires_ms, row->now_ms), row->expect);
}

/* A source that counts, and gives "token-N" or an error. */
struct source {
	atomic_int n_fetches;
	int64_t life_s;
	enum kw_error_name fails; /* KW_OK: it does not */
	atomic_int *wait_for;	  /* that many threads have started */
	int n_threads;
};

static int fetch(void *ctx, struct kw_fetched_token *ret, struct kw_error *err)
{
	struct source *source = ctx;
	char text[32];
	while (source->wait_for != NULL && atomic_load(source->wait_for) < source->n_threads)
		sched_yield();
	int n = atomic_fetch_add(&source->n_fetches, 1) + 1;
	if (source->fails != KW_OK)
		return kw_fail(err, source->fails, "fetch %d failed", n);
	snprintf(text, sizeof(text), "token-%d", n);
	ret->life_s = source->life_s;
	return kw_secret_take(kw_bytes_text(text), &ret->token, err);
}

struct world {
	struct fake_time time;
	struct kw_clock clock;
	struct kw_token_cache *cache;
	struct source source;
	struct kw_error err;
};

static void world_start(struct world *world)
{
	*world = (struct world){ .source.life_s = 3600 };
	world->clock = fake_clock(&world->time);
	world->cache = kw_token_cache_new(&world->clock);
}

static void world_stop(struct world *world)
{
	kw_token_cache_free(world->cache);
	assert_int_equal(kw_arena_state().used, 0);
}

static void expect(struct world *world, const char *key, bool fresh, const char *token)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret got = { 0 };
	const struct kw_token_source source = { fetch, &world->source };
	world->err = (struct kw_error){ 0 };
	int r = kw_token_cache_get(world->cache, key, fresh, &source, &got, &world->err);
	assert_int_equal(r, token != NULL ? 0 : -1);
	if (token != NULL)
		assert_string_equal((char *)got.data, token);
}
#define WORLD                                      \
	KW_CLEANUP(world_stop) struct world world; \
	(void)state;                               \
	world_start(&world)

static void a_token_is_kept_for_its_key(void **state)
{
	WORLD;
	expect(&world, "a", false, "token-1");
	expect(&world, "a", false, "token-1");
	expect(&world, "b", false, "token-2");
	expect(&world, "a", false, "token-1");
}

static void a_token_that_ends_soon_is_replaced(void **state)
{
	WORLD;
	expect(&world, "a", false, "token-1");
	fake_sleep_ms(&world.time, 55 * MINUTE_MS);
	expect(&world, "a", false, "token-1");
	fake_sleep_ms(&world.time, 1);
	expect(&world, "a", false, "token-2");
}

static void a_refused_token_is_replaced(void **state)
{
	WORLD;
	expect(&world, "a", false, "token-1");
	expect(&world, "a", true, "token-2");
	expect(&world, "a", false, "token-2");
}

static void a_refused_token_is_not_given_again_in_an_outage(void **state)
{
	WORLD;
	expect(&world, "a", false, "token-1");
	world.source.fails = KW_E_IDN_UNREACHABLE;
	expect(&world, "a", true, NULL);
	expect(&world, "a", false, NULL);
	assert_true(kw_error_is(&world.err, KW_E_IDN_UNREACHABLE));
	assert_string_equal(world.err.detail, "fetch 3 failed");
}

static void a_due_token_outlives_an_outage_until_its_end(void **state)
{
	WORLD;
	expect(&world, "a", false, "token-1");
	world.source.fails = KW_E_IDN_BUSY;
	fake_sleep_ms(&world.time, 56 * MINUTE_MS);
	expect(&world, "a", false, "token-1");
	expect(&world, "a", false, "token-1"); /* the source is left alone */
	assert_int_equal(atomic_load(&world.source.n_fetches), 2);
	fake_sleep_ms(&world.time, MINUTE_MS / 2);
	expect(&world, "a", false, "token-1");
	assert_int_equal(atomic_load(&world.source.n_fetches), 3);
	fake_sleep_ms(&world.time, 4 * MINUTE_MS);
	expect(&world, "a", false, NULL);
	assert_true(kw_error_is(&world.err, KW_E_IDN_BUSY));
}

static void a_due_token_outlives_a_refusal_too(void **state)
{
	WORLD;
	expect(&world, "a", false, "token-1");
	world.source.fails = KW_E_IDN_REFUSED;
	fake_sleep_ms(&world.time, 56 * MINUTE_MS);
	expect(&world, "a", false, "token-1");
	fake_sleep_ms(&world.time, 4 * MINUTE_MS);
	expect(&world, "a", false, NULL);
	assert_true(kw_error_is(&world.err, KW_E_IDN_REFUSED));
}

static void a_token_of_unknown_life_is_used_once(void **state)
{
	WORLD;
	world.source.life_s = 0;
	expect(&world, "a", false, "token-1");
	expect(&world, "a", false, "token-2");
	world.source.life_s = -60;
	expect(&world, "a", false, "token-3");
	expect(&world, "a", false, "token-4");
}

enum { N_THREADS = 8 };

struct asker {
	struct world *world;
	atomic_int *started;
	pthread_t thread;
	bool good;
};

static void *ask(void *ctx)
{
	struct asker *asker = ctx;
	KW_CLEANUP(kw_secret_clear) struct kw_secret got = { 0 };
	const struct kw_token_source source = { fetch, &asker->world->source };
	struct kw_error err = { 0 };
	atomic_fetch_add(asker->started, 1);
	asker->good = kw_token_cache_get(asker->world->cache, "a", false, &source, &got, &err) == 0
		      && strcmp((char *)got.data, "token-1") == 0;
	return NULL;
}

static void many_who_ask_at_once_share_one_fetch(void **state)
{
	WORLD;
	struct asker askers[N_THREADS];
	atomic_int started = 0;
	world.source.wait_for = &started;
	world.source.n_threads = N_THREADS;
	for (int i = 0; i < N_THREADS; i++) {
		askers[i] = (struct asker){ .world = &world, .started = &started };
		assert_int_equal(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
	}
	for (int i = 0; i < N_THREADS; i++) {
		pthread_join(askers[i].thread, NULL);
		assert_true(askers[i].good);
	}
	assert_int_equal(atomic_load(&world.source.n_fetches), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_kept_for_its_key),
		cmocka_unit_test(a_token_that_ends_soon_is_replaced),
		cmocka_unit_test(a_refused_token_is_replaced),
		cmocka_unit_test(a_refused_token_is_not_given_again_in_an_outage),
		cmocka_unit_test(a_due_token_outlives_an_outage_until_its_end),
		cmocka_unit_test(a_due_token_outlives_a_refusal_too),
		cmocka_unit_test(a_token_of_unknown_life_is_used_once),
		cmocka_unit_test(many_who_ask_at_once_share_one_fetch),
	};
	return KW_ROWS_RUN(age_rows, tokens_age)
	       + cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
