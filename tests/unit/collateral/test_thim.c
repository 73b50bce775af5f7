/* SPDX-License-Identifier: Apache-2.0 */
#include "chain_fixture.h"
#include "util/text.h"

static struct fixture_chain untouched;

/* What of the answer a row writes otherwise; NULL: as it should be, "" for a member: left out. */
static const struct row {
	const char *name, *vcek_name, *tcbm, *cache, *more, *vcek, *chain;
	bool good;
	const char *says;
} rows[] = {
	{ .name = "given an answer as THIM writes it, it is read", .good = true, .says = "" },
	{ .name = "given VcekCert, it is read", .vcek_name = "VcekCert", .good = true, .says = "" },
	{ .name = "given vcekcert, it is read", .vcek_name = "vcekcert", .good = true, .says = "" },
	{ .name = "given vcekCert twice in two cases, it is refused",
	  .more = ",\"VCEKCERT\":\"x\"",
	  .says = "'vcekCert' stands there twice" },
	{ .name = "given vcekCert twice, it is refused",
	  .more = ",\"vcekCert\":\"x\"",
	  .says = "" },
	{ .name = "given no vcekCert, it is refused",
	  .vcek_name = "cert",
	  .says = "'vcekCert' is missing" },
	{ .name = "given an empty vcekCert, it is refused",
	  .vcek = "\"\"",
	  .says = "'vcekCert' is not a certificate" },
	{ .name = "given vcekCert null, it is refused",
	  .vcek = "null",
	  .says = "'vcekCert' is not a certificate" },
	{ .name = "given text for vcekCert, it is refused",
	  .vcek = "\"no certificate\"",
	  .says = "0 leaf certificates" },
	{ .name = "given another PEM block, it is refused",
	  .vcek = "\"-----BEGIN PUBLIC KEY-----\\nMAA=\\n-----END PUBLIC KEY-----\\n\"",
	  .says = "certificate 1 " },
	{ .name = "given a certificate of rubbish, it is refused",
	  .vcek = "\"-----BEGIN CERTIFICATE-----\\nMAA=\\n-----END CERTIFICATE-----\\n\"",
	  .says = "certificate 1 " },
	{ .name = "given a cut certificate, it is refused",
	  .vcek = "\"-----BEGIN CERTIFICATE-----\\nMAA=\\n\"",
	  .says = "certificate 1 " },
	{ .name = "given an empty chain, it is refused",
	  .chain = "\"\"",
	  .says = "0 certificates, expected 2" },
	{ .name = "given a chain that is no string, it is refused",
	  .chain = "[]",
	  .says = "certificateChain" },
	{ .name = "given tcbm of one digit, it is read",
	  .tcbm = "\"3\"",
	  .good = true,
	  .says = "" },
	{ .name = "given tcbm of 17 digits, it is refused",
	  .tcbm = "\"07308000000000003\"",
	  .says = "'tcbm'" },
	{ .name = "given an empty tcbm, it is refused", .tcbm = "\"\"", .says = "'tcbm'" },
	{ .name = "given tcbm with 0x, it is refused", .tcbm = "\"0x73\"", .says = "'tcbm'" },
	{ .name = "given tcbm with a sign, it is refused", .tcbm = "\"+73\"", .says = "'tcbm'" },
	{ .name = "given tcbm with a blank, it is refused", .tcbm = "\" 73\"", .says = "'tcbm'" },
	{ .name = "given tcbm as a number, it is refused", .tcbm = "73", .says = "tcbm" },
	{ .name = "given cacheControl of nine digits, it is read",
	  .cache = "\"999999999\"",
	  .good = true,
	  .says = "" },
	{ .name = "given cacheControl of ten digits, it is refused",
	  .cache = "\"1000000000\"",
	  .says = "cacheControl" },
	{ .name = "given a negative cacheControl, it is refused",
	  .cache = "\"-1\"",
	  .says = "cacheControl" },
	{ .name = "given words for cacheControl, it is refused",
	  .cache = "\"no-store\"",
	  .says = "cacheControl" },
	{ .name = "given cacheControl as a number, it is refused",
	  .cache = "86400",
	  .says = "cacheControl" },
	{ .name = "given bytes behind the answer, it is refused", .more = "}x{", .says = "" },
};

static char *quoted(const char *text)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *array = kw_json_new_array();
	KW_CLEANUP(freep) char *printed = NULL;

	kw_json_add_string(array, NULL, text);
	printed = kw_json_print(array);
	return kw_format("%.*s", (int)strlen(printed) - 2, printed + 1);
}

static char *answer(const struct row *row)
{
	KW_CLEANUP(freep) char *vcek = quoted(untouched.leaf);
	KW_CLEANUP(freep) char *chain = quoted(untouched.chain);

	return kw_format("{\"%s\":%s,\"tcbm\":%s,\"certificateChain\":%s,\"cacheControl\":%s%s}",
			 row->vcek_name ? row->vcek_name : "vcekCert", row->vcek ? row->vcek : vcek,
			 row->tcbm ? row->tcbm : "\"7308000000000003\"",
			 row->chain ? row->chain : chain, row->cache ? row->cache : "\"3600\"",
			 row->more ? row->more : "");
}

static void reads_or_refuses(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(freep) char *text = answer(row);
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	struct kw_error err = { 0 };
	int r = kw_collateral_parse_thim(kw_bytes_text(text), "thim", &collateral, &err);

	assert_int_equal(r, row->good ? 0 : -1);
	assert_ptr_equal(err.def, row->good ? NULL : kw_error_def(KW_E_COL_ANSWER));
	if (!strstr(err.detail, row->says))
		fail_msg("%s", err.detail);
	assert_true((collateral != NULL) == row->good);
}

static struct kw_collateral *parse(const char *text)
{
	struct kw_collateral *collateral = NULL;
	struct kw_error err = { 0 };

	if (kw_collateral_parse_thim(kw_bytes_text(text), "thim", &collateral, &err) < 0)
		fail_msg("%s", err.detail);
	return collateral;
}

static void keeps_what_was_said(void **state)
{
	const struct row row = { 0 };
	KW_CLEANUP(freep) char *text = answer(&row);
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = parse(text);

	(void)state;
	assert_string_equal(collateral->vcek_pem, untouched.leaf);
	assert_string_equal(collateral->chain_pem, untouched.chain);
	assert_true(kw_bytes_equal(kw_blob_bytes(&collateral->vcek),
				   kw_blob_bytes(&untouched.leaf_der)));
	assert_true(
		kw_bytes_equal(kw_blob_bytes(&collateral->ask), kw_blob_bytes(&untouched.ask_der)));
	assert_true(
		kw_bytes_equal(kw_blob_bytes(&collateral->ark), kw_blob_bytes(&untouched.ark_der)));
	assert_true(collateral->has_tcbm && collateral->tcbm == 0x7308000000000003);
	assert_string_equal(collateral->tcbm_text, "7308000000000003");
	assert_int_equal(collateral->cache_s, 3600);
	assert_string_equal(collateral->source, "thim");
	assert_int_equal(collateral->leaf.tcb.microcode, 115);
}

/* An LF becomes CR LF, the last one goes, and a comment comes in front. */
static char *bent_pem(const char *pem)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob bent = kw_blob_copy(kw_bytes_text("note\r\n"));

	for (const char *at = pem; *at; at++) {
		if (*at == '\n')
			kw_blob_append(&bent, kw_bytes_text("\r"));
		kw_blob_append(&bent, (struct kw_bytes){ (const uint8_t *)at, 1 });
	}
	return kw_format("%.*s", (int)bent.len - 2, (const char *)bent.data);
}

static void normalises_line_ends(void **state)
{
	KW_CLEANUP(freep) char *leaf = bent_pem(untouched.leaf);
	KW_CLEANUP(freep) char *chain = bent_pem(untouched.chain);
	KW_CLEANUP(freep) char *leaf_text = quoted(leaf);
	KW_CLEANUP(freep) char *chain_text = quoted(chain);
	const struct row row = { .vcek = leaf_text, .chain = chain_text };
	KW_CLEANUP(freep) char *text = answer(&row);
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = parse(text);

	(void)state;
	assert_null(strstr(leaf, "\n\n"));
	assert_string_equal(collateral->vcek_pem, untouched.leaf);
	assert_string_equal(collateral->chain_pem, untouched.chain);
}

static void assumes_a_day_without_cache_control(void **state)
{
	KW_CLEANUP(freep) char *leaf = quoted(untouched.leaf);
	KW_CLEANUP(freep) char *chain = quoted(untouched.chain);
	KW_CLEANUP(freep)
	char *text = kw_format("{\"vcekCert\":%s,\"tcbm\":\"7308000000000003\","
			       "\"certificateChain\":%s}",
			       leaf, chain);
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = parse(text);

	(void)state;
	assert_int_equal(collateral->cache_s, 86400);
}

static void wants_tcbm(void **state)
{
	KW_CLEANUP(freep) char *leaf = quoted(untouched.leaf);
	KW_CLEANUP(freep) char *chain = quoted(untouched.chain);
	KW_CLEANUP(freep)
	char *text = kw_format("{\"vcekCert\":%s,\"certificateChain\":%s}", leaf, chain);
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_collateral_parse_thim(kw_bytes_text(text), "thim", &collateral, &err),
			 -1);
	assert_non_null(strstr(err.detail, "tcbm"));
}

static void prints_the_shape_of_thim(void **state)
{
	const struct row row = { 0 };
	KW_CLEANUP(freep) char *text = answer(&row);
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = parse(text);
	KW_CLEANUP(kw_json_freep) struct kw_json *json = kw_collateral_json(collateral);
	KW_CLEANUP(freep) char *printed = kw_json_print(json);

	(void)state;
	assert_string_equal(printed, text);
}

static void prints_the_tcb_of_the_leaf_without_tcbm(void **state)
{
	const struct fixture_spec spec = fixture_spec();
	KW_CLEANUP(kw_collateral_freep)
	struct kw_collateral *collateral = fixture_collateral(&spec);
	KW_CLEANUP(kw_json_freep) struct kw_json *json = kw_collateral_json(collateral);

	(void)state;
	assert_false(collateral->has_tcbm);
	assert_string_equal(kw_json_string(kw_json_get(json, "tcbm")), "7308000000000003");
	assert_string_equal(kw_json_string(kw_json_get(json, "cacheControl")), "86400");
}

static void refuses_what_is_no_object(void **state)
{
	static const char *const texts[] = { "", "[]", "\"text\"", "null", "{" };
	struct kw_collateral *collateral = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct kw_error err = { 0 };

		assert_int_equal(kw_collateral_parse_thim(kw_bytes_text(texts[i]), "thim",
							  &collateral, &err),
				 -1);
		assert_true(kw_error_is(&err, KW_E_COL_ANSWER));
	}
}

static const struct certificates_row {
	const char *name;
	bool leaf_der, chain_der;
	unsigned n_leaf, n_chain;
	bool good;
} certificates_rows[] = {
	{ "given PEM, it is read", false, false, 1, 2, true },
	{ "given DER, it is read", true, true, 1, 2, true },
	{ "given a DER leaf and a PEM chain, they are read", true, false, 1, 2, true },
	{ "given no leaf, the chain is read", false, false, 0, 2, true },
	{ "given two leaves, they are refused", false, false, 2, 2, false },
	{ "given two DER leaves, they are refused", true, false, 2, 2, false },
	{ "given a chain of one, it is refused", false, false, 1, 1, false },
	{ "given a chain of three, it is refused", true, true, 1, 3, false },
	{ "given a chain of none, it is refused", false, false, 1, 0, false },
};

static struct kw_blob repeated(bool der, const struct kw_blob *der_form, const char *pem_form,
			       unsigned n)
{
	struct kw_blob all = { 0 };

	for (unsigned i = 0; i < n; i++)
		kw_blob_append(&all, der ? kw_blob_bytes(der_form) : kw_bytes_text(pem_form));
	return all;
}

static void counts_certificates(void **state)
{
	const struct certificates_row *row = *state;
	KW_CLEANUP(kw_blob_clear)
	struct kw_blob leaf =
		repeated(row->leaf_der, &untouched.leaf_der, untouched.leaf, row->n_leaf);
	KW_CLEANUP(kw_blob_clear)
	struct kw_blob chain =
		repeated(row->chain_der, &untouched.ask_der, untouched.ask, row->n_chain);
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	struct kw_error err = { 0 };
	int r = kw_collateral_from_certificates(kw_blob_bytes(&leaf), kw_blob_bytes(&chain), "file",
						&collateral, &err);

	assert_int_equal(r, row->good ? 0 : -1);
	assert_ptr_equal(err.def, row->good ? NULL : kw_error_def(KW_E_COL_ANSWER));
	if (row->good)
		assert_string_equal(collateral->vcek_pem, row->n_leaf ? untouched.leaf : "");
}

static void refuses_der_with_bytes_behind(void **state)
{
	KW_CLEANUP(kw_blob_clear)
	struct kw_blob leaf = kw_blob_copy(kw_blob_bytes(&untouched.leaf_der));
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	struct kw_error err = { 0 };

	(void)state;
	kw_blob_append(&leaf, (struct kw_bytes){ (const uint8_t *)"\0", 1 });
	assert_int_equal(kw_collateral_from_certificates(kw_blob_bytes(&leaf),
							 kw_bytes_text(untouched.chain), "file",
							 &collateral, &err),
			 -1);
	assert_true(kw_error_is(&err, KW_E_COL_ANSWER));
}

static void refuses_bad_extensions(void **state)
{
	KW_CLEANUP(fixture_clear) struct fixture_chain chain = { 0 };
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	struct fixture_spec spec = fixture_spec();
	struct kw_error err = { 0 };

	(void)state;
	fixture_set_text(&spec.leaf, "5", "CN=cloud.example");
	fixture_make(&spec, &chain);
	assert_int_equal(kw_collateral_from_certificates(kw_bytes_text(chain.leaf),
							 kw_bytes_text(chain.chain), "file",
							 &collateral, &err),
			 -1);
	assert_true(kw_error_is(&err, KW_E_COL_CERTIFICATE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_was_said),
		cmocka_unit_test(normalises_line_ends),
		cmocka_unit_test(assumes_a_day_without_cache_control),
		cmocka_unit_test(wants_tcbm),
		cmocka_unit_test(prints_the_shape_of_thim),
		cmocka_unit_test(prints_the_tcb_of_the_leaf_without_tcbm),
		cmocka_unit_test(refuses_what_is_no_object),
		cmocka_unit_test(refuses_der_with_bytes_behind),
		cmocka_unit_test(refuses_bad_extensions),
	};
	struct fixture_spec spec;
	int failed;

	fixture_rsa_bits = 2048;
	spec = fixture_spec();
	fixture_make(&spec, &untouched);
	failed = KW_ROWS_RUN(rows, reads_or_refuses)
		 + KW_ROWS_RUN(certificates_rows, counts_certificates)
		 + cmocka_run_group_tests(tests, NULL, NULL);
	fixture_clear(&untouched);
	return failed;
}
