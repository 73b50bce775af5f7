/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a key in the store, on a clock that the test moves. */
#include "rows.h"

#include "keys/store.h"

#include <stdio.h>

static int64_t now_ms;
static int changes;

static int64_t boot_ms(void *ctx)
{
	(void)ctx;
	return now_ms;
}

static const struct kw_clock test_clock = { .boot_ms = boot_ms };

static void count_change(void *ctx, const struct kw_entry *entry)
{
	(void)ctx;
	(void)entry;
	changes++;
}

static struct kw_store *store_with(bool keep_when_denied)
{
	struct kw_store *store = kw_store_new(&test_clock);
	struct kw_store_rules rules = { .name = "db",
					.required = true,
					.max_stale_ms = 1000,
					.grace_ms = 100,
					.keep_when_denied = keep_when_denied };

	now_ms = 5000;
	changes = 0;
	kw_store_add(store, &rules);
	kw_store_listen(store, count_change, NULL);
	return store;
}

static struct kw_material *version(const char *text)
{
	struct kw_material *material = kw_material_new();

	snprintf(material->version, sizeof(material->version), "%s", text);
	return material;
}

static struct kw_error error_of(enum kw_error_name name)
{
	struct kw_error err = { 0 };

	(void)kw_fail(&err, name, "test");
	return err;
}

static void refuse(struct kw_store *store, enum kw_error_name name)
{
	struct kw_error err = error_of(name);

	kw_store_refuse(store, "db", &err);
}

static void given_no_release_it_is_pending_and_not_ready(void **state)
{
	(void)state;
	struct kw_store *store = store_with(false);

	assert_int_equal(kw_store_find(store, "db")->state, KW_STATE_PENDING);
	assert_false(kw_store_ready(store));
	assert_null(kw_store_find(store, "other"));
	assert_true(kw_store_next_ms(store) == INT64_MAX);
	kw_store_free(store);
}

static void given_a_release_it_is_ready(void **state)
{
	(void)state;
	struct kw_store *store = store_with(false);

	kw_store_publish(store, "db", version("v1"));
	assert_int_equal(kw_store_find(store, "db")->state, KW_STATE_READY);
	assert_int_equal(kw_store_find(store, "db")->generation, 1);
	assert_true(kw_store_ready(store));
	assert_int_equal(changes, 1);
	kw_store_free(store);
}

static void given_the_same_version_again_readers_keep_theirs(void **state)
{
	(void)state;
	struct kw_store *store = store_with(false);
	const struct kw_material *first = NULL;

	kw_store_publish(store, "db", version("v1"));
	first = kw_store_find(store, "db")->current;
	now_ms += 500;
	kw_store_publish(store, "db", version("v1"));
	assert_ptr_equal(kw_store_find(store, "db")->current, first);
	assert_int_equal(kw_store_find(store, "db")->generation, 1);
	assert_int_equal(kw_store_find(store, "db")->checked_ms, 5500);
	kw_store_free(store);
}

static void given_a_new_version_the_old_one_stays_for_grace(void **state)
{
	(void)state;
	struct kw_store *store = store_with(false);
	const struct kw_entry *entry = kw_store_find(store, "db");

	kw_store_publish(store, "db", version("v1"));
	kw_store_publish(store, "db", version("v2"));
	assert_string_equal(entry->current->version, "v2");
	assert_string_equal(entry->previous->version, "v1");
	assert_int_equal(kw_store_next_ms(store), 5100);
	now_ms = 5099;
	kw_store_tick(store);
	assert_non_null(entry->previous);
	now_ms = 5100;
	kw_store_tick(store);
	assert_null(entry->previous);
	kw_store_free(store);
}

static void given_an_outage_it_is_stale_until_max_stale(void **state)
{
	(void)state;
	struct kw_store *store = store_with(false);
	const struct kw_entry *entry = kw_store_find(store, "db");

	kw_store_publish(store, "db", version("v1"));
	refuse(store, KW_E_REL_BUSY);
	assert_int_equal(entry->state, KW_STATE_STALE);
	assert_non_null(entry->current);
	assert_true(kw_store_ready(store));
	assert_int_equal(kw_store_next_ms(store), 6000);
	now_ms = 5999;
	kw_store_tick(store);
	assert_int_equal(entry->state, KW_STATE_STALE);
	now_ms = 6000;
	kw_store_tick(store);
	assert_int_equal(entry->state, KW_STATE_FAILED);
	assert_null(entry->current);
	assert_false(kw_store_ready(store));
	kw_store_free(store);
}

static void given_no_news_at_all_it_ends_at_max_stale(void **state)
{
	(void)state;
	struct kw_store *store = store_with(false);
	const struct kw_entry *entry = kw_store_find(store, "db");

	kw_store_publish(store, "db", version("v1"));
	assert_int_equal(kw_store_next_ms(store), 6000);
	now_ms = 6000;
	kw_store_tick(store);
	assert_int_equal(entry->state, KW_STATE_FAILED);
	assert_null(entry->current);
	kw_store_free(store);
}

static void given_recovery_after_an_outage_it_is_ready(void **state)
{
	(void)state;
	struct kw_store *store = store_with(false);

	kw_store_publish(store, "db", version("v1"));
	refuse(store, KW_E_ATT_UNREACHABLE);
	now_ms += 900;
	kw_store_publish(store, "db", version("v1"));
	assert_int_equal(kw_store_find(store, "db")->state, KW_STATE_READY);
	assert_null(kw_store_find(store, "db")->last_error.def);
	kw_store_free(store);
}

static void given_a_denial_it_is_revoked_and_wiped(void **state)
{
	(void)state;
	struct kw_store *store = store_with(false);
	const struct kw_entry *entry = kw_store_find(store, "db");

	kw_store_publish(store, "db", version("v1"));
	kw_store_publish(store, "db", version("v2"));
	refuse(store, KW_E_REL_DENIED);
	assert_int_equal(entry->state, KW_STATE_REVOKED);
	assert_null(entry->current);
	assert_null(entry->previous);
	assert_ptr_equal(entry->last_error.def, kw_error_def(KW_E_REL_DENIED));
	kw_store_free(store);
}

static void given_a_reader_the_material_outlives_the_revocation(void **state)
{
	(void)state;
	struct kw_store *store = store_with(false);
	struct kw_material *held = NULL;

	kw_store_publish(store, "db", version("v1"));
	held = kw_material_ref(kw_store_find(store, "db")->current);
	refuse(store, KW_E_REL_DENIED);
	assert_string_equal(held->version, "v1");
	kw_material_unref(held);
	kw_store_free(store);
}

static void given_keep_a_denial_makes_it_stale_and_ends_at_max_stale(void **state)
{
	(void)state;
	struct kw_store *store = store_with(true);
	const struct kw_entry *entry = kw_store_find(store, "db");

	kw_store_publish(store, "db", version("v1"));
	refuse(store, KW_E_REL_DENIED);
	assert_int_equal(entry->state, KW_STATE_STALE);
	now_ms += 1000;
	refuse(store, KW_E_REL_DENIED);
	assert_int_equal(entry->state, KW_STATE_FAILED);
	kw_store_free(store);
}

static void given_a_refusal_before_any_release_it_says_why(void **state)
{
	(void)state;
	struct kw_store *store = store_with(false);
	const struct kw_entry *entry = kw_store_find(store, "db");

	refuse(store, KW_E_COL_BUSY);
	assert_int_equal(entry->state, KW_STATE_PENDING);
	refuse(store, KW_E_REL_NOT_FOUND);
	assert_int_equal(entry->state, KW_STATE_FAILED);
	kw_store_publish(store, "db", version("v1"));
	assert_int_equal(entry->state, KW_STATE_READY);
	kw_store_free(store);
}

static void given_an_outage_after_revocation_it_stays_revoked(void **state)
{
	(void)state;
	struct kw_store *store = store_with(false);

	kw_store_publish(store, "db", version("v1"));
	refuse(store, KW_E_REL_POLICY);
	refuse(store, KW_E_REL_UNREACHABLE);
	assert_int_equal(kw_store_find(store, "db")->state, KW_STATE_REVOKED);
	kw_store_free(store);
}

static void given_a_thousand_keys_each_is_found(void **state)
{
	(void)state;
	struct kw_store *store = kw_store_new(&test_clock);
	char name[32];

	for (int i = 0; i < 1000; i++) {
		struct kw_store_rules rules = { .name = name };

		snprintf(name, sizeof(name), "key-%d", i);
		kw_store_add(store, &rules);
	}
	for (size_t i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "key-%zu", i);
		assert_int_equal(kw_store_find(store, name)->index, i);
	}
	assert_int_equal(kw_store_count(store), 1000);
	assert_null(kw_store_at(store, 1000));
	kw_store_free(store);
}

static void given_an_unknown_name_nothing_is_kept(void **state)
{
	(void)state;
	struct kw_store *store = store_with(false);
	struct kw_error err = error_of(KW_E_REL_DENIED);

	kw_store_publish(store, "other", version("v1"));
	kw_store_refuse(store, "other", &err);
	assert_int_equal(changes, 0);
	kw_store_free(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(given_no_release_it_is_pending_and_not_ready),
		cmocka_unit_test(given_a_release_it_is_ready),
		cmocka_unit_test(given_the_same_version_again_readers_keep_theirs),
		cmocka_unit_test(given_a_new_version_the_old_one_stays_for_grace),
		cmocka_unit_test(given_an_outage_it_is_stale_until_max_stale),
		cmocka_unit_test(given_no_news_at_all_it_ends_at_max_stale),
		cmocka_unit_test(given_recovery_after_an_outage_it_is_ready),
		cmocka_unit_test(given_a_denial_it_is_revoked_and_wiped),
		cmocka_unit_test(given_a_reader_the_material_outlives_the_revocation),
		cmocka_unit_test(given_keep_a_denial_makes_it_stale_and_ends_at_max_stale),
		cmocka_unit_test(given_a_refusal_before_any_release_it_says_why),
		cmocka_unit_test(given_an_outage_after_revocation_it_stays_revoked),
		cmocka_unit_test(given_a_thousand_keys_each_is_found),
		cmocka_unit_test(given_an_unknown_name_nothing_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
