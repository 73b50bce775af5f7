/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/fetch.h"

#include "chain_fixture.h"
#include "util/base64.h"
#include "util/clock.h"
#include "util/text.h"

#include <sys/stat.h>
#include <unistd.h>

enum { HOUR_MS = 3600 * 1000, DAY_MS = 24 * HOUR_MS, PATH_SIZE = 512 };

static char folder[] = "/tmp/keyward-fetch-XXXXXX";
static int64_t boot_ms;
/* The program's variables; a test adds what it needs. */
static char context_directory[64], *context_variable;
static char *environment[] = { context_directory, NULL, NULL };
static char *milan_json;     /* the fixture's chip, TCB 7308000000000003 */
static char *other_tcb_json; /* the same chip, microcode 116 */
static char *other_chip_json;
static char *bad_tcbm_json; /* tcbm of microcode 116 beside the first VCEK */
static char *no_tcb_json;   /* the first VCEK without a TCB */
static struct fixture_chain milan;

static void set_context_variable(const char *text)
{
	free(context_variable);
	context_variable = text ? kw_format("UVM_HOST_AMD_CERTIFICATE=%s", text) : NULL;
	environment[1] = context_variable;
}

static int64_t fake_wall_s(void *ctx)
{
	(void)ctx;
	return fixture_now;
}
static int64_t fake_boot_ms(void *ctx)
{
	(void)ctx;
	return boot_ms;
}
static void fake_sleep_ms(void *ctx, int64_t ms)
{
	(void)ctx;
	(void)ms;
}
static const struct kw_clock fake_clock = { fake_wall_s, fake_boot_ms, fake_sleep_ms, NULL };

static char *json_of(const struct fixture_chain *chain, const char *tcbm, int64_t cache_s)
{
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	KW_CLEANUP(kw_json_freep) struct kw_json *json = NULL;
	struct kw_error err = { 0 };

	if (kw_collateral_from_certificates(kw_bytes_text(chain->leaf), kw_bytes_text(chain->chain),
					    "test", &collateral, &err)
	    < 0)
		fail_msg("%s", err.detail);
	collateral->has_tcbm = true;
	snprintf(collateral->tcbm_text, sizeof(collateral->tcbm_text), "%s", tcbm);
	collateral->cache_s = cache_s;
	json = kw_collateral_json(collateral);
	return kw_json_print(json);
}

static char *json_of_spec(const struct fixture_spec *spec, const char *tcbm)
{
	KW_CLEANUP(fixture_clear) struct fixture_chain chain = { 0 };

	fixture_make(spec, &chain);
	return json_of(&chain, tcbm, 3600);
}

static struct kw_collateral_wanted wanted_milan(void)
{
	struct kw_collateral_wanted wanted = { .reported_tcb = { 3, 0, 0, 0, 0, 0, 8, 115 } };

	fixture_chip_id(wanted.chip_id);
	return wanted;
}

/* A cache over some sources; the path and the variables belong to the test. */
struct world {
	struct kw_config config;
	enum kw_collateral_source sources[3];
	struct kw_collateral_cache *cache;
	char file[PATH_SIZE];
};

static void put(const char *path, const char *text)
{
	FILE *to = fopen(path, "w");

	assert_non_null(to);
	assert_true(fputs(text, to) >= 0);
	fclose(to);
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	snprintf(world->file, sizeof(world->file), "%s/thim.json", folder);
	world->sources[0] = KW_SOURCE_FILE;
	world->sources[1] = KW_SOURCE_SECURITY_CONTEXT;
	world->sources[2] = KW_SOURCE_DEVICE;
	world->config.collateral.sources = world->sources;
	world->config.collateral.n_sources = 3;
	world->config.collateral.file = world->file;
	world->cache = kw_collateral_cache_new(&world->config, NULL, &fake_clock);
	boot_ms = 1000;
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;
	char context[PATH_SIZE];

	snprintf(context, sizeof(context), "%s/host-amd-cert-base64", folder);
	unlink(world->file);
	unlink(context);
	set_context_variable(NULL);
	kw_collateral_cache_free(world->cache);
	free(world);
	return 0;
}

static struct kw_collateral *get(struct world *world, bool fresh)
{
	const struct kw_collateral_wanted wanted = wanted_milan();
	struct kw_collateral *collateral = NULL;
	struct kw_error err = { 0 };

	if (kw_collateral_get(world->cache, &wanted, fresh, &collateral, &err) < 0)
		fail_msg("%s", err.detail);
	return collateral;
}

static void expect_source(struct world *world, const char *source)
{
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = get(world, true);

	assert_string_equal(collateral->source, source);
	assert_string_equal(collateral->vcek_pem, milan.leaf);
	assert_string_equal(collateral->chain_pem, milan.chain);
}

static void expect_error(struct world *world, bool fresh, enum kw_error_name error,
			 const char *says)
{
	const struct kw_collateral_wanted wanted = wanted_milan();
	struct kw_collateral *collateral = NULL;
	struct kw_error err = { 0 };

	assert_int_equal(kw_collateral_get(world->cache, &wanted, fresh, &collateral, &err), -1);
	assert_ptr_equal(err.def, kw_error_def(error));
	if (!strstr(err.detail, says))
		fail_msg("%s", err.detail);
	assert_null(collateral);
}

/* --- sources */

static void reads_a_file(void **state)
{
	struct world *world = *state;

	put(world->file, milan_json);
	expect_source(world, "file");
}

static void says_that_nothing_is_there(void **state)
{
	struct world *world = *state;

	expect_error(world, false, KW_E_COL_NONE, "the device gave no certificate table");
	world->config.collateral.n_sources = 1;
	expect_error(world, false, KW_E_COL_NONE, "does not exist");
	world->config.collateral.file = (char[]){ "" };
	expect_error(world, false, KW_E_COL_NONE, "collateral.file is not set");
	world->config.collateral.n_sources = 0;
	expect_error(world, false, KW_E_COL_NONE, "collateral.sources is empty");
}

static void tells_malformed_from_absent(void **state)
{
	struct world *world = *state;

	put(world->file, "{");
	expect_error(world, false, KW_E_COL_ANSWER, "'file'");
}

static void reads_no_more_than_the_limit(void **state)
{
	struct world *world = *state;
	size_t blanks = (64 << 10) - strlen(milan_json);
	KW_CLEANUP(freep) char *text = kw_format("%s%*s", milan_json, (int)blanks, "");

	put(world->file, text);
	expect_source(world, "file");
	text[strlen(text) - 1] = '\n';
	put(world->file, text);
	world->config.collateral.n_sources = 1;
	expect_source(world, "file");
	free(text);
	text = kw_format("%s%*s", milan_json, (int)blanks + 1, "");
	put(world->file, text);
	expect_error(world, true, KW_E_COL_ANSWER, "more than 65536 bytes");
}

static void finds_the_file_of_its_chip_in_a_directory(void **state)
{
	struct world *world = *state;
	uint8_t chip_id[KW_CHIP_ID_SIZE];
	char hex[2 * KW_CHIP_ID_SIZE + 1], path[PATH_SIZE];

	fixture_chip_id(chip_id);
	kw_hex_encode(KW_BYTES(chip_id), hex);
	snprintf(path, sizeof(path), "%s/%s.json", folder, hex);
	world->config.collateral.file = folder;
	world->config.collateral.n_sources = 1;
	expect_error(world, false, KW_E_COL_NONE, hex);
	put(path, milan_json);
	expect_source(world, "file");
	unlink(path);
}

static void a_directory_needs_a_chip_id(void **state)
{
	struct world *world = *state;
	struct kw_collateral_wanted wanted = wanted_milan();
	struct kw_collateral *collateral = NULL;
	struct kw_error err = { 0 };

	wanted.chip_masked = true;
	world->config.collateral.file = folder;
	world->config.collateral.n_sources = 1;
	assert_int_equal(kw_collateral_get(world->cache, NULL, false, &collateral, &err), -1);
	assert_true(kw_error_is(&err, KW_E_COL_NONE));
	err = (struct kw_error){ 0 };
	assert_int_equal(kw_collateral_get(world->cache, &wanted, false, &collateral, &err), -1);
	assert_true(kw_error_is(&err, KW_E_COL_NONE));
}

static void reads_the_security_context(void **state)
{
	struct world *world = *state;
	KW_CLEANUP(freep) char *text = kw_base64_encode(KW_BASE64, kw_bytes_text(milan_json));
	KW_CLEANUP(freep) char *lines = kw_format("%s\r\n \n", text);
	char path[PATH_SIZE];

	snprintf(path, sizeof(path), "%s/host-amd-cert-base64", folder);
	put(path, lines);
	expect_source(world, "securityContext");
	set_context_variable("not looked at");
	expect_source(world, "securityContext");
	put(path, "rubbish!");
	expect_error(world, true, KW_E_COL_ANSWER, "not base64");
}

static void reads_the_variable_where_there_is_no_file(void **state)
{
	struct world *world = *state;
	KW_CLEANUP(freep) char *text = kw_base64_encode(KW_BASE64, kw_bytes_text(milan_json));

	set_context_variable(text);
	expect_source(world, "securityContext");
	set_context_variable("");
	expect_error(world, true, KW_E_COL_NONE, "");
}

static void put_entry(uint8_t *to, const char *guid, size_t offset, size_t len)
{
	assert_true(kw_hex_decode(guid, to, 16));
	for (int i = 0; i < 4; i++) {
		to[16 + i] = (uint8_t)(offset >> 8 * i);
		to[20 + i] = (uint8_t)(len >> 8 * i);
	}
}

/* Blobs for three GUIDs behind a header of four entries; `leaf` NULL: without the first. */
static struct kw_blob table_of(const char *leaf_guid, const struct kw_blob *leaf)
{
	struct kw_blob table = kw_blob_new(96);
	const struct {
		const char *guid;
		const struct kw_blob *der;
	} entries[] = {
		{ "4ab7b379bbac4fe4a02f05aef327c782", &milan.ask_der },
		{ "c0b406a4a803495297433fb6014cd0ae", &milan.ark_der },
		{ leaf_guid, leaf },
	};

	for (size_t i = 0; i < 3 && entries[i].der; i++) {
		put_entry(table.data + 24 * i, entries[i].guid, table.len, entries[i].der->len);
		kw_blob_append(&table, kw_blob_bytes(entries[i].der));
	}
	return table;
}

static int get_from_table(struct world *world, struct kw_bytes table, bool vlek,
			  struct kw_collateral **ret, struct kw_error *err)
{
	struct kw_collateral_wanted wanted = wanted_milan();

	wanted.device_table = table;
	wanted.vlek = vlek;
	return kw_collateral_get(world->cache, &wanted, true, ret, err);
}

static void reads_the_device_table(void **state)
{
	KW_CLEANUP(kw_blob_clear)
	struct kw_blob table = table_of("63da758de6644564adc5f4b93be8accd", &milan.leaf_der);
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	struct kw_error err = { 0 };

	assert_int_equal(get_from_table(*state, kw_blob_bytes(&table), false, &collateral, &err),
			 0);
	assert_string_equal(collateral->source, "device");
	assert_string_equal(collateral->chain_pem, milan.chain);
	assert_false(collateral->has_tcbm);
}

static void passes_over_a_device_table_without_leaf(void **state)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob table = table_of(NULL, NULL);
	const uint8_t zeros[4096] = { 0 };
	struct kw_collateral *collateral = NULL;
	struct kw_error err = { 0 };

	assert_int_equal(get_from_table(*state, kw_blob_bytes(&table), false, &collateral, &err),
			 -1);
	assert_true(kw_error_is(&err, KW_E_COL_NONE));
	err = (struct kw_error){ 0 };
	assert_int_equal(get_from_table(*state, KW_BYTES(zeros), false, &collateral, &err), -1);
	assert_true(kw_error_is(&err, KW_E_COL_NONE));
}

static void takes_the_certificate_of_the_signing_key(void **state)
{
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	KW_CLEANUP(fixture_clear) struct fixture_chain chain = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob table = { 0 };
	struct fixture_spec spec = fixture_spec();
	struct kw_error err = { 0 };

	fixture_remove(&spec.leaf, "4");
	fixture_set_text(&spec.leaf, "5", "CN=cloud.example");
	fixture_make(&spec, &chain);
	table = table_of("a8074bc2a25a483eaae639c045a0b8a1", &chain.leaf_der);
	assert_int_equal(get_from_table(*state, kw_blob_bytes(&table), true, &collateral, &err), 0);
	assert_true(collateral->leaf.has_csp_id);
	/* It is no use for a report that a VCEK signed. */
	kw_collateral_freep(&collateral);
	assert_int_equal(get_from_table(*state, kw_blob_bytes(&table), false, &collateral, &err),
			 -1);
	assert_true(kw_error_is(&err, KW_E_COL_NONE));
}

/* --- order and fit */

static void asks_the_next_source_after_a_mismatch(void **state)
{
	struct world *world = *state;
	KW_CLEANUP(freep) char *text = kw_base64_encode(KW_BASE64, kw_bytes_text(milan_json));

	set_context_variable(text);
	put(world->file, other_tcb_json);
	expect_source(world, "securityContext");
	put(world->file, other_chip_json);
	expect_source(world, "securityContext");
	put(world->file, "rubbish");
	expect_source(world, "securityContext");
	put(world->file, milan_json);
	expect_source(world, "file");
}

static void names_both_tcbs(void **state)
{
	struct world *world = *state;

	put(world->file, other_tcb_json);
	expect_error(world, false, KW_E_COL_TCB, "7408000000000003");
	expect_error(world, false, KW_E_COL_TCB, "7308000000000003");
}

static void tells_the_certificate_of_another_key(void **state)
{
	struct world *world = *state;
	struct kw_collateral_wanted wanted = wanted_milan();
	struct kw_collateral *collateral = NULL;
	struct kw_error err = { 0 };

	wanted.vlek = true;
	put(world->file, milan_json);
	assert_int_equal(kw_collateral_get(world->cache, &wanted, true, &collateral, &err), -1);
	assert_true(kw_error_is(&err, KW_E_SNP_SIGNING_KEY));
	assert_non_null(strstr(err.detail, "is a VCEK, the report is signed by a VLEK"));
}

static void tells_another_chip(void **state)
{
	struct world *world = *state;

	put(world->file, other_chip_json);
	expect_error(world, false, KW_E_COL_CHIP_ID, "fe02030405060708");
}

static void tells_a_tcbm_that_is_not_the_vceks(void **state)
{
	struct world *world = *state;

	put(world->file, bad_tcbm_json);
	expect_error(world, false, KW_E_COL_TCBM, "7408000000000003");
}

static void tells_a_vcek_without_tcb_from_one_for_another(void **state)
{
	struct world *world = *state;

	put(world->file, no_tcb_json);
	expect_error(world, false, KW_E_COL_CERTIFICATE, "the VCEK names no TCB");
}

static void prefers_the_mismatch_to_the_unreadable(void **state)
{
	struct world *world = *state;

	set_context_variable("rubbish!");
	put(world->file, other_chip_json);
	expect_error(world, false, KW_E_COL_CHIP_ID, "");
}

static void compares_no_masked_chip(void **state)
{
	struct world *world = *state;
	struct kw_collateral_wanted wanted = wanted_milan();
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	struct kw_error err = { 0 };

	memset(wanted.chip_id, 0, sizeof(wanted.chip_id));
	wanted.chip_masked = true;
	put(world->file, other_chip_json);
	assert_int_equal(kw_collateral_get(world->cache, &wanted, false, &collateral, &err), 0);
}

static void takes_anything_where_nothing_is_wanted(void **state)
{
	struct world *world = *state;
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	struct kw_error err = { 0 };

	put(world->file, other_chip_json);
	assert_int_equal(kw_collateral_get(world->cache, NULL, false, &collateral, &err), 0);
}

/* --- cache */

static void answers_from_the_cache_until_it_expires(void **state)
{
	struct world *world = *state;
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *first = NULL;
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *second = NULL;
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *third = NULL;

	put(world->file, milan_json); /* one hour */
	first = get(world, false);
	assert_int_equal(first->fetched_ms, 1000);
	boot_ms += HOUR_MS - 1;
	second = get(world, false);
	assert_int_equal(second->fetched_ms, 1000);
	assert_ptr_not_equal(first, second);
	boot_ms++;
	third = get(world, false);
	assert_int_equal(third->fetched_ms, 1000 + HOUR_MS);
}

static void keeps_nothing_longer_than_a_day(void **state)
{
	struct world *world = *state;
	KW_CLEANUP(freep) char *json = json_of(&milan, "7308000000000003", 999999999);
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *first = NULL;
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *second = NULL;

	put(world->file, json);
	first = get(world, false);
	kw_collateral_free(KW_STEAL(first));
	boot_ms += DAY_MS - 1;
	first = get(world, false);
	assert_int_equal(first->fetched_ms, 1000);
	boot_ms++;
	second = get(world, false);
	assert_int_equal(second->fetched_ms, 1000 + DAY_MS);
}

static void fetches_anew_when_asked(void **state)
{
	struct world *world = *state;
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *second = NULL;

	put(world->file, milan_json);
	kw_collateral_free(get(world, false));
	boot_ms++;
	second = get(world, true);
	assert_int_equal(second->fetched_ms, 1001);
}

static void serves_the_old_entry_when_the_refresh_fails(void **state)
{
	struct world *world = *state;
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *second = NULL;

	put(world->file, milan_json);
	kw_collateral_free(get(world, false));
	put(world->file, other_tcb_json);
	boot_ms += DAY_MS;
	second = get(world, false);
	assert_string_equal(second->vcek_pem, milan.leaf);
	expect_error(world, true, KW_E_COL_TCB, "");
}

static void keeps_entries_apart(void **state)
{
	struct world *world = *state;
	struct kw_collateral_wanted wanted = wanted_milan();
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *first = NULL;
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *second = NULL;
	struct kw_error err = { 0 };

	put(world->file, milan_json);
	first = get(world, false);
	wanted.reported_tcb[7] = 116;
	assert_int_equal(kw_collateral_get(world->cache, &wanted, false, &second, &err), -1);
	assert_true(kw_error_is(&err, KW_E_COL_TCB));
	put(world->file, other_tcb_json);
	err = (struct kw_error){ 0 };
	assert_int_equal(kw_collateral_get(world->cache, &wanted, false, &second, &err), 0);
	assert_int_equal(second->leaf.tcb.microcode, 116);
	kw_collateral_free(KW_STEAL(first));
	first = get(world, false);
	assert_int_equal(first->leaf.tcb.microcode, 115);
}

/* Five TCBs, four places. */
static void gives_the_oldest_place_away(void **state)
{
	struct world *world = *state;

	for (uint8_t microcode = 1; microcode <= 5; microcode++) {
		struct kw_collateral_wanted wanted = wanted_milan();
		struct fixture_spec spec = fixture_spec();
		KW_CLEANUP(freep) char *tcbm = kw_format("%02x08000000000003", microcode);
		KW_CLEANUP(freep) char *json = NULL;
		KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
		struct kw_error err = { 0 };

		fixture_set_spl(&spec.leaf, "3.8", microcode);
		json = json_of_spec(&spec, tcbm);
		put(world->file, json);
		wanted.reported_tcb[7] = microcode;
		boot_ms++;
		assert_int_equal(kw_collateral_get(world->cache, &wanted, false, &collateral, &err),
				 0);
	}
	unlink(world->file);
	for (uint8_t microcode = 1; microcode <= 5; microcode++) {
		struct kw_collateral_wanted wanted = wanted_milan();
		KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
		struct kw_error err = { 0 };

		wanted.reported_tcb[7] = microcode;
		assert_int_equal(kw_collateral_get(world->cache, &wanted, false, &collateral, &err),
				 microcode == 1 ? -1 : 0);
	}
}

static void make_answers(void)
{
	static const char *const tcb[] = { "3.1", "3.2", "3.3", "3.8" };
	struct fixture_spec spec = fixture_spec();
	uint8_t chip_id[KW_CHIP_ID_SIZE];

	fixture_make(&spec, &milan);
	milan_json = json_of(&milan, "7308000000000003", 3600);
	bad_tcbm_json = json_of(&milan, "7408000000000003", 3600);
	fixture_set_spl(&spec.leaf, "3.8", 116);
	other_tcb_json = json_of_spec(&spec, "7408000000000003");
	spec = fixture_spec();
	fixture_chip_id(chip_id);
	chip_id[0] = 0xfe;
	fixture_set(&spec.leaf, "4", chip_id, sizeof(chip_id));
	other_chip_json = json_of_spec(&spec, "7308000000000003");
	spec = fixture_spec();
	for (size_t i = 0; i < sizeof(tcb) / sizeof(tcb[0]); i++)
		fixture_remove(&spec.leaf, tcb[i]);
	no_tcb_json = json_of_spec(&spec, "7308000000000003");
}

#define WORLD_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(reads_a_file),
		WORLD_TEST(says_that_nothing_is_there),
		WORLD_TEST(tells_malformed_from_absent),
		WORLD_TEST(reads_no_more_than_the_limit),
		WORLD_TEST(finds_the_file_of_its_chip_in_a_directory),
		WORLD_TEST(a_directory_needs_a_chip_id),
		WORLD_TEST(reads_the_security_context),
		WORLD_TEST(reads_the_variable_where_there_is_no_file),
		WORLD_TEST(reads_the_device_table),
		WORLD_TEST(passes_over_a_device_table_without_leaf),
		WORLD_TEST(takes_the_certificate_of_the_signing_key),
		WORLD_TEST(asks_the_next_source_after_a_mismatch),
		WORLD_TEST(names_both_tcbs),
		WORLD_TEST(tells_another_chip),
		WORLD_TEST(tells_the_certificate_of_another_key),
		WORLD_TEST(tells_a_tcbm_that_is_not_the_vceks),
		WORLD_TEST(tells_a_vcek_without_tcb_from_one_for_another),
		WORLD_TEST(prefers_the_mismatch_to_the_unreadable),
		WORLD_TEST(compares_no_masked_chip),
		WORLD_TEST(takes_anything_where_nothing_is_wanted),
		WORLD_TEST(answers_from_the_cache_until_it_expires),
		WORLD_TEST(keeps_nothing_longer_than_a_day),
		WORLD_TEST(fetches_anew_when_asked),
		WORLD_TEST(serves_the_old_entry_when_the_refresh_fails),
		WORLD_TEST(keeps_entries_apart),
		WORLD_TEST(gives_the_oldest_place_away),
	};
	int failed;

	fixture_rsa_bits = 2048;
	if (!mkdtemp(folder))
		return 1;
	snprintf(context_directory, sizeof(context_directory), "UVM_SECURITY_CONTEXT_DIR=%s",
		 folder);
	environ = environment;
	make_answers();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	free(milan_json);
	free(other_tcb_json);
	free(other_chip_json);
	free(bad_tcbm_json);
	free(no_tcb_json);
	fixture_clear(&milan);
	return failed;
}
