/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"
#include "test_keys.h"

#include "evidence/guest.h"
#include "evidence/hcl_report.h"

enum { DATA_SIZE_AT = 1216, CLAIMS_SIZE_AT = 1232, KEY_OPS_AT = 1236 + 39 };

static EVP_PKEY *ak;
static struct kw_blob good; /* 2600 bytes, as machines of 2024 have it */

static int begin(void **state)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob claims = { 0 };

	(void)state;
	ak = test_rsa_key(2048, 0);
	claims = guest_claims(ak, "");
	good = guest_hcl(kw_blob_bytes(&claims), 2600);
	return ak ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	EVP_PKEY_free(ak);
	kw_blob_clear(&good);
	return 0;
}

/* A 32-bit word set in the good report before it is parsed. */
static const struct row {
	const char *name;
	size_t at;
	uint32_t word;
	enum kw_error_name expect;
	const char *says;
} rows[] = {
	{ "given header version 1, it parses", 4, 1, KW_OK, "" },
	{ "given header version 2, it parses", 4, 2, KW_OK, "" },
	{ "given header version 0, it is refused", 4, 0, KW_E_HCL_HEADER, "version 0" },
	{ "given header version 3, it is refused", 4, 3, KW_E_HCL_HEADER, "version 3" },
	{ "given another magic, it is refused", 0, 0x424c4348, KW_E_HCL_MAGIC, "'HCLB'" },
	{ "given a magic of zeros, it is refused", 0, 0, KW_E_HCL_MAGIC, "expected 'HCLA'" },
	{ "given runtime data version 2, it is refused", 1220, 2, KW_E_HCL_HEADER,
	  "runtime data version 2" },
	{ "given a report of nothing, it says so", 1224, 0, KW_E_HCL_TYPE, "no hardware report" },
	{ "given a VBS report, it says so", 1224, 1, KW_E_HCL_TYPE, "VBS" },
	{ "given a Trusted Launch report, it says so", 1224, 3, KW_E_HCL_TYPE, "Trusted Launch" },
	{ "given a TDX report, it says so", 1224, 4, KW_E_HCL_TYPE, "Intel TDX" },
	{ "given an unknown report type, it says so", 1224, 5, KW_E_HCL_TYPE, "unknown" },
	{ "given hash type 0, it is refused", 1228, 0, KW_E_HCL_HASH_TYPE, "hash type 0" },
	{ "given hash type 3, it parses", 1228, 3, KW_OK, "" },
	{ "given hash type 4, it is refused", 1228, 4, KW_E_HCL_HASH_TYPE, "hash type 4" },
	{ "given claims that take the whole index, sizes disagree", CLAIMS_SIZE_AT, 1364,
	  KW_E_HCL_HEADER, "more than claims of 1364" },
	{ "given claims one byte past the end, it is refused", CLAIMS_SIZE_AT, 1365,
	  KW_E_HCL_HEADER, "1365 bytes, 1364 are there" },
	{ "given claims of 2^32-1 bytes, it is refused", CLAIMS_SIZE_AT, UINT32_MAX,
	  KW_E_HCL_HEADER, "4294967295 bytes" },
	{ "given claims whose sum wraps, it is refused", CLAIMS_SIZE_AT, UINT32_MAX - 1235,
	  KW_E_HCL_HEADER, "4294966060 bytes" },
	{ "given data of 0 bytes, sizes disagree", DATA_SIZE_AT, 0, KW_E_HCL_HEADER,
	  "runtime data of 0 bytes" },
	{ "given data of 19 bytes, sizes disagree", DATA_SIZE_AT, 19, KW_E_HCL_HEADER,
	  "runtime data of 19 bytes" },
	{ "given a report size of 1184, sizes disagree", 8, 1184, KW_E_HCL_HEADER,
	  "report size 1184" },
	{ "given no claims, sizes disagree", CLAIMS_SIZE_AT, 0, KW_E_HCL_HEADER,
	  "more than claims of 0" },
	{ "given a version 1 SNP report, it is refused", 32, 1, KW_E_SNP_VERSION, "version 1" },
};

static void parses_as_expected(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob hcl = kw_blob_copy(kw_blob_bytes(&good));
	KW_CLEANUP(kw_hcl_report_clear) struct kw_hcl_report report = { 0 };
	struct kw_error err = { 0 };
	int r;

	for (size_t b = 0; b < 4; b++)
		hcl.data[row->at + b] = (uint8_t)(row->word >> (8 * b));
	r = kw_hcl_report_parse(kw_blob_bytes(&hcl), &report, &err);
	assert_int_equal(r, row->expect == KW_OK ? 0 : -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_non_null(strstr(err.detail, row->says));
	assert_int_equal(report.ak != NULL, r == 0); /* untouched on failure */
}

/* Claims that replace the good ones: a format in which %s is the AK's modulus. */
static const struct claims_row {
	const char *name, *format;
	enum kw_error_name expect;
	const char *says;
} claims_rows[] = {
	{ "given the AK alone, claims parse",
	  "{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%s\"}]}", KW_OK,
	  "" },
	{ "given unknown members, they are ignored",
	  "{\"new\":[1],\"keys\":[{\"kid\":\"x\"},{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"e\":"
	  "\"AQAB\",\"n\":\"%s\"}]}",
	  KW_OK, "" },
	{ "given nothing, it is refused", "", KW_E_HCL_CLAIMS, "runtime claims" },
	{ "given a list, it is refused", "[]", KW_E_HCL_CLAIMS, "no list 'keys'" },
	{ "given no keys, it is refused", "{}", KW_E_HCL_CLAIMS, "no list 'keys'" },
	{ "given keys that are an object, it is refused", "{\"keys\":{}}", KW_E_HCL_CLAIMS,
	  "no list 'keys'" },
	{ "given another key, it is refused", "{\"keys\":[{\"kid\":\"HCLEkPub\"}]}",
	  KW_E_HCL_CLAIMS, "no key 'HCLAkPub'" },
	{ "given a key without numbers, it is refused",
	  "{\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\"}]}", KW_E_HCL_CLAIMS,
	  "key 'HCLAkPub'" },
	{ "given the AK twice, it is refused",
	  "{\"keys\":[{\"kid\":\"HCLAkPub\"},{\"kid\":\"HCLAkPub\"}]}", KW_E_HCL_CLAIMS,
	  "two keys" },
	{ "given a member twice, it is refused", "{\"keys\":[],\"keys\":[]}", KW_E_HCL_CLAIMS,
	  "runtime claims" },
	{ "given bytes behind the claims, it is refused", "{\"keys\":[]} x", KW_E_HCL_CLAIMS,
	  "runtime claims" },
	{ "given short user data, it is refused",
	  "{\"user-data\":\"00\",\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"e\":\"AQAB\","
	  "\"n\":\"%s\"}]}",
	  KW_E_HCL_CLAIMS, "'user-data'" },
	{ "given user data that is no text, it is refused",
	  "{\"user-data\":7,\"keys\":[{\"kid\":\"HCLAkPub\",\"kty\":\"RSA\",\"e\":\"AQAB\","
	  "\"n\":\"%s\"}]}",
	  KW_E_HCL_CLAIMS, "'user-data'" },
};

/* The format with the modulus in the place of %s. */
static char *with_modulus(const char *format)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob n = guest_modulus(ak);
	KW_CLEANUP(freep) char *n64 = kw_base64_encode(KW_BASE64URL, kw_blob_bytes(&n));
	const char *at = strstr(format, "%s");

	return at ? kw_format("%.*s%s%s", (int)(at - format), format, n64, at + 2)
		  : kw_strdup(format);
}

static void claims_parse_as_expected(void **state)
{
	const struct claims_row *row = *state;
	KW_CLEANUP(freep) char *text = with_modulus(row->format);
	KW_CLEANUP(kw_blob_clear) struct kw_blob hcl = guest_hcl(kw_bytes_text(text), 2600);
	KW_CLEANUP(kw_hcl_report_clear) struct kw_hcl_report report = { 0 };
	struct kw_error err = { 0 };
	int r = kw_hcl_report_parse(kw_blob_bytes(&hcl), &report, &err);

	assert_int_equal(r, row->expect == KW_OK ? 0 : -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_non_null(strstr(err.detail, row->says));
}

static void members_are_read(void **state)
{
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = guest_public(ak);
	KW_CLEANUP(kw_hcl_report_clear) struct kw_hcl_report report = { 0 };
	KW_CLEANUP(kw_hcl_report_clear) struct kw_hcl_report bound = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob claims = { 0 }, hcl = { 0 };
	char user_data[160];
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_hcl_report_parse(kw_blob_bytes(&good), &report, &err), 0);
	assert_true(kw_public_key_equal(report.ak, key));
	assert_int_equal(report.secure_boot, 1);
	assert_string_equal(report.vm_id, "911B0EF8-9DBA-48B0-B275-4E4DF2D39252");
	assert_false(report.has_user_data);
	snprintf(user_data, sizeof(user_data), ",\"user-data\":\"Ab%0126d\"", 0);
	claims = guest_claims(ak, user_data);
	hcl = guest_hcl(kw_blob_bytes(&claims), 0);
	assert_int_equal(kw_hcl_report_parse(kw_blob_bytes(&hcl), &bound, &err), 0);
	assert_true(bound.has_user_data);
	assert_int_equal(bound.user_data[0], 0xab);
	assert_int_equal(bound.layout.rest.len, 0);
}

static void no_truncation_parses(void **state)
{
	(void)state;
	for (size_t len = 0; len < good.len; len++) {
		struct kw_hcl_layout layout;
		struct kw_hcl_report report = { 0 };
		struct kw_error err = { 0 };
		struct kw_bytes cut = { good.data, len };
		bool whole = kw_hcl_layout_read(cut, &layout) && layout.claims.data;
		int r = kw_hcl_report_parse(cut, &report, &err);

		assert_int_equal(r, whole ? 0 : -1); /* only the filler may be missing */
		if (r < 0)
			assert_true(kw_error_is(&err, len < KW_HCL_CLAIMS_AT ? KW_E_HCL_TRUNCATED
									     : KW_E_HCL_HEADER));
		kw_hcl_report_clear(&report);
	}
}

static const struct bound_row {
	const char *name;
	size_t flip;
	bool ok;
} bound_rows[] = {
	{ "given the claims as stored, they are bound", 2599, true },
	{ "given a changed report data, they are not", 32 + 0x50, false },
	{ "given a changed tail of the report data, they are not", 32 + 0x50 + 63, false },
	{ "given changed claims, they are not", KEY_OPS_AT, false },
};

static void is_bound_as_expected(void **state)
{
	const struct bound_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob hcl = kw_blob_copy(kw_blob_bytes(&good));
	KW_CLEANUP(kw_hcl_report_clear) struct kw_hcl_report report = { 0 };
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	hcl.data[row->flip] ^= 1;
	assert_int_equal(kw_hcl_report_parse(kw_blob_bytes(&hcl), &report, &err), 0);
	kw_hcl_report_judge(&report, &checks);
	assert_int_equal(checks.n_rows, 1);
	assert_string_equal(checks.rows[0].check, "runtime claims hash");
	assert_int_equal(kw_checks_result(&checks, 0, &err), row->ok ? 0 : -1);
	assert_ptr_equal(err.def, kw_error_def(row->ok ? KW_OK : KW_E_SNP_REPORT_DATA));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_read),
		cmocka_unit_test(no_truncation_parses),
	};
	int failed;

	if (begin(NULL) < 0)
		return 1;
	failed = KW_ROWS_RUN(rows, parses_as_expected)
		 + KW_ROWS_RUN(claims_rows, claims_parse_as_expected)
		 + KW_ROWS_RUN(bound_rows, is_bound_as_expected)
		 + cmocka_run_group_tests_name("hcl report", tests, NULL, NULL);
	end(NULL);
	return failed;
}
