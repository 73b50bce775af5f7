/* SPDX-License-Identifier: Apache-2.0 */
#include "chain_fixture.h"

/* Adds an extension even if one of that name is there. */
static void add_again(struct fixture_cert *leaf, const char *suffix, const char *value, size_t len)
{
	struct fixture_extension *to = &leaf->extensions[leaf->n_extensions++];

	snprintf(to->oid, sizeof(to->oid), FIXTURE_ARC "%s", suffix);
	memcpy(to->value, value, len);
	to->len = len;
}

/* `value` NULL: the extension is taken away. */
static const struct row {
	const char *name, *suffix, *value;
	size_t len;
	bool twice, good;
	const char *says;
} rows[] = {
	{ "given blSPL 127, it is read", "3.1", "\x02\x01\x7f", 3, false, true, "" },
	{ "given blSPL 128, it is read", "3.1", "\x02\x02\x00\x80", 4, false, true, "" },
	{ "given blSPL 255, it is read", "3.1", "\x02\x02\x00\xff", 4, false, true, "" },
	{ "given blSPL 256, it is refused", "3.1", "\x02\x02\x01\x00", 4, false, false, "blSPL" },
	{ "given a negative blSPL, it is refused", "3.1", "\x02\x01\x80", 3, false, false,
	  "blSPL" },
	{ "given a padded blSPL, it is refused", "3.1", "\x02\x02\x00\x03", 4, false, false,
	  "blSPL" },
	{ "given an empty blSPL, it is refused", "3.1", "\x02\x00", 2, false, false, "blSPL" },
	{ "given bytes behind blSPL, it is refused", "3.1", "\x02\x01\x03\x00", 4, false, false,
	  "blSPL" },
	{ "given a cut blSPL, it is refused", "3.1", "\x02\x01", 2, false, false, "blSPL" },
	{ "given blSPL of another type, it is refused", "3.1", "\x04\x01\x03", 3, false, false,
	  "blSPL" },
	{ "given ucodeSPL out of range, it is refused", "3.8", "\x02\x02\x01\x00", 4, false, false,
	  "ucodeSPL" },
	{ "given fmcSPL out of range, it is refused", "3.9", "\x02\x02\x01\x00", 4, false, false,
	  "fmcSPL" },
	{ "given teeSPL twice, it is refused", "3.2", "\x02\x01\x00", 3, true, false,
	  "teeSPL stands there twice" },
	{ "given hwID twice, it is refused", "4", "\1\2\3\4\5\6\7\10", 8, true, false,
	  "hwID stands there twice" },
	{ "given no snpSPL, the part of a TCB is refused", "3.3", NULL, 0, false, false,
	  "a part of a TCB" },
	{ "given hwID of 7 bytes, it is refused", "4", "\1\2\3\4\5\6\7", 7, false, false, "hwID" },
	{ "given hwID of 8 bytes, it is read", "4", "\1\2\3\4\5\6\7\10", 8, false, true, "" },
	{ "given wrapped hwID of 7 bytes, it is refused", "4", "\4\7\1\2\3\4\5\6\7", 9, false,
	  false, "hwID" },
	{ "given hwID and cspID, they are refused", "5", "\x16\x01x", 3, false, false,
	  "hwID and cspID stand together" },
	{ "given an empty cspID, it is refused", "5", "\x16\x00", 2, false, false, "cspID" },
	{ "given a product with a NUL, it is refused", "2", "\x16\x06Milan\x00", 8, false, false,
	  "productName" },
	{ "given a product of another type, it is refused", "2", "\x0c\x05Milan", 7, false, false,
	  "productName" },
	{ "given a product with bytes behind it, it is refused", "2", "\x16\x05Milan!", 8, false,
	  false, "productName" },
	{ "given a product of 31 characters, it is read", "2",
	  "\x16\x1fMilan-89abcdef0123456789abcdef0", 33, false, true, "" },
	{ "given a product of 32 characters, it is refused", "2",
	  "\x16\x20Milan-89abcdef0123456789abcdef01", 34, false, false, "productName" },
};

static void reads_or_refuses(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob der = { 0 };
	struct fixture_spec spec = fixture_spec();
	char pem[FIXTURE_PEM_MAX];
	struct kw_amd_leaf leaf = { .product = KW_TURIN };
	struct kw_error err = { 0 };
	int r;

	if (!row->value)
		fixture_remove(&spec.leaf, row->suffix);
	else if (row->twice)
		add_again(&spec.leaf, row->suffix, row->value, row->len);
	else
		fixture_set(&spec.leaf, row->suffix, row->value, row->len);
	fixture_issue(&spec.leaf, "SEV-Milan", &der, pem);
	r = kw_amd_leaf_parse(kw_blob_bytes(&der), &leaf, &err);
	assert_int_equal(r, row->good ? 0 : -1);
	assert_ptr_equal(err.def, row->good ? NULL : kw_error_def(KW_E_COL_CERTIFICATE));
	assert_non_null(strstr(err.detail, row->says));
	assert_int_equal(leaf.product, r == 0 ? KW_MILAN : KW_TURIN);
}

static struct kw_amd_leaf parse(const struct fixture_spec *spec)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob der = { 0 };
	char pem[FIXTURE_PEM_MAX];
	struct kw_amd_leaf leaf = { 0 };
	struct kw_error err = { 0 };

	fixture_issue(&spec->leaf, "SEV-Milan", &der, pem);
	if (kw_amd_leaf_parse(kw_blob_bytes(&der), &leaf, &err) < 0)
		fail_msg("%s", err.detail);
	return leaf;
}

static void reads_every_extension(void **state)
{
	struct fixture_spec spec = fixture_spec();
	uint8_t chip_id[KW_CHIP_ID_SIZE];
	struct kw_amd_leaf leaf;

	(void)state;
	fixture_chip_id(chip_id);
	fixture_set_spl(&spec.leaf, "3.8", 0xd3);
	fixture_set_spl(&spec.leaf, "3.9", 5);
	leaf = parse(&spec);
	assert_string_equal(leaf.product_name, "Milan-B0");
	assert_int_equal(leaf.product, KW_MILAN);
	assert_true(leaf.has_tcb && leaf.has_fmc && leaf.has_hwid && !leaf.has_csp_id);
	assert_int_equal(leaf.tcb.bootloader, 3);
	assert_int_equal(leaf.tcb.tee, 0);
	assert_int_equal(leaf.tcb.snp, 8);
	assert_int_equal(leaf.tcb.microcode, 0xd3);
	assert_int_equal(leaf.tcb.fmc, 5);
	assert_int_equal(leaf.hwid_size, KW_CHIP_ID_SIZE);
	assert_memory_equal(leaf.hwid, chip_id, sizeof(chip_id));
}

static void reads_a_wrapped_chip_id(void **state)
{
	struct fixture_spec spec = fixture_spec();
	uint8_t wrapped[2 + KW_CHIP_ID_SIZE] = { V_ASN1_OCTET_STRING, KW_CHIP_ID_SIZE };
	struct kw_amd_leaf leaf;

	(void)state;
	fixture_chip_id(wrapped + 2);
	fixture_set(&spec.leaf, "4", wrapped, sizeof(wrapped));
	leaf = parse(&spec);
	assert_int_equal(leaf.hwid_size, KW_CHIP_ID_SIZE);
	assert_memory_equal(leaf.hwid, wrapped + 2, KW_CHIP_ID_SIZE);
}

static void reads_a_vlek(void **state)
{
	struct fixture_spec spec = fixture_spec();
	struct kw_amd_leaf leaf;

	(void)state;
	fixture_remove(&spec.leaf, "4");
	fixture_set_text(&spec.leaf, "2", "Genoa");
	fixture_set_text(&spec.leaf, "5", "CN=cloud.example");
	leaf = parse(&spec);
	assert_int_equal(leaf.product, KW_GENOA);
	assert_true(leaf.has_csp_id && !leaf.has_hwid && !leaf.has_fmc);
	assert_string_equal(leaf.csp_id, "CN=cloud.example");
}

static void finds_nothing_of_amd_in_other_certificates(void **state)
{
	struct fixture_spec spec = fixture_spec();
	struct kw_amd_leaf leaf;

	(void)state;
	spec.leaf.n_extensions = 0;
	leaf = parse(&spec);
	assert_true(!leaf.has_tcb && !leaf.has_hwid && !leaf.has_csp_id && !leaf.has_fmc);
	assert_string_equal(leaf.product_name, "");
	assert_int_equal(leaf.product, KW_PRODUCT_UNKNOWN);
}

static void refuses_what_is_no_certificate(void **state)
{
	struct kw_amd_leaf leaf;
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_amd_leaf_parse(kw_bytes_text("0"), &leaf, &err), -1);
	assert_true(kw_error_is(&err, KW_E_COL_CERTIFICATE));
	assert_int_equal(kw_amd_leaf_parse((struct kw_bytes){ 0 }, &leaf, &err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_extension),
		cmocka_unit_test(reads_a_wrapped_chip_id),
		cmocka_unit_test(reads_a_vlek),
		cmocka_unit_test(finds_nothing_of_amd_in_other_certificates),
		cmocka_unit_test(refuses_what_is_no_certificate),
	};

	fixture_rsa_bits = 2048;
	return KW_ROWS_RUN(rows, reads_or_refuses) + cmocka_run_group_tests(tests, NULL, NULL);
}
