/* SPDX-License-Identifier: Apache-2.0 */
/* TPMS_ATTEST, TPM2B_PUBLIC and TPMT_SIGNATURE: the golden layouts of guest attestation 4.5a. */
#include "rows.h"
#include "test_keys.h"

#include "evidence/guest.h"
#include "evidence/tpm_structures.h"

#define SIGNER "000b96f6ef2a64ed155e38183fc0f0f240b2e63e4feb4c2ac230f14684fbe93f5f25"
#define PCR_DIGEST "5341e6b2646979a70e57653007a1f310169421ec9bdd9f1a5648f75ade005af1"
#define CLOCK "0000000000211109 00000003 00000000 01"
#define FIRMWARE "2020031200120003"
#define QUOTE_HEAD "ff544347 8018 0022" SIGNER "0000" CLOCK FIRMWARE
#define QUOTE QUOTE_HEAD "00000001 000b 03 ff0000 0020" PCR_DIGEST
#define CERTIFY "ff544347 8017 0022" SIGNER "0000" CLOCK FIRMWARE "0022" SIGNER "0022" SIGNER
#define BANK "000b 03 000000"

static const struct attest_row {
	const char *name, *hex;
	enum kw_error_name expect;
	const char *says;
} attest_rows[] = {
	{ "given the quote of the specification, it parses", QUOTE, KW_OK, "" },
	{ "given the certify structure of the specification, it parses", CERTIFY, KW_OK, "" },
	{ "given a byte more behind a quote, it is refused", QUOTE "00", KW_E_TPM_QUOTE_FORM,
	  "1 bytes left over" },
	{ "given two bytes more behind a certify, it is refused", CERTIFY "0000",
	  KW_E_TPM_QUOTE_FORM, "2 bytes left over" },
	{ "given no bank, it parses", QUOTE_HEAD "00000000 0000", KW_OK, "" },
	{ "given 4 banks, it parses", QUOTE_HEAD "00000004" BANK BANK BANK BANK "0000", KW_OK, "" },
	{ "given 5 banks, it is refused", QUOTE_HEAD "00000005" BANK BANK BANK BANK BANK "0000",
	  KW_E_TPM_QUOTE_FORM, "cut or not one" },
	{ "given 2^32-1 banks, it is refused", QUOTE_HEAD "ffffffff 0000", KW_E_TPM_QUOTE_FORM,
	  "cut or not one" },
	{ "given 24 PCRs in a selection, it parses", QUOTE_HEAD "00000001 000b 03 ffffff 0000",
	  KW_OK, "" },
	{ "given 32 PCRs in a selection, it is refused",
	  QUOTE_HEAD "00000001 000b 04 ffffff00 0000", KW_E_TPM_QUOTE_FORM, "cut or not one" },
	{ "given a digest longer than the rest, it is refused",
	  QUOTE_HEAD "00000001" BANK "0021" PCR_DIGEST, KW_E_TPM_QUOTE_FORM, "cut or not one" },
	{ "given a signer longer than the rest, it is refused", "ff544347 8018 ffff" SIGNER,
	  KW_E_TPM_QUOTE_FORM, "is cut" },
	{ "given another magic, only the head is read",
	  "ff544346 8018 0022" SIGNER "0000" CLOCK FIRMWARE "99", KW_OK, "" },
	{ "given another type, only the head is read",
	  "ff544347 801a 0022" SIGNER "0000" CLOCK FIRMWARE "99", KW_OK, "" },
	{ "given a quote that says it is a certify, it is refused",
	  "ff544347 8017 0022" SIGNER "0000" CLOCK FIRMWARE
	  "00000001 000b 03 ff0000 0020" PCR_DIGEST,
	  KW_E_TPM_QUOTE_FORM, "left over" },
};

static void attest_parses_as_expected(void **state)
{
	const struct attest_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob in = { 0 };
	struct kw_tpm_attest attest = { 0 };
	struct kw_error err = { 0 };
	int r;

	put_hex(&in, row->hex);
	r = kw_tpm_attest_parse(kw_blob_bytes(&in), &attest, &err);
	assert_int_equal(r, row->expect == KW_OK ? 0 : -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_non_null(strstr(err.detail, row->says));
	assert_int_equal(attest.magic != 0, r == 0); /* untouched on failure */
}

static void want_hex(struct kw_bytes found, const char *expected)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob bytes = { 0 };

	put_hex(&bytes, expected);
	assert_true(kw_bytes_equal(found, kw_blob_bytes(&bytes)));
}

static void a_quote_is_read(void **state)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob in = { 0 };
	struct kw_tpm_attest a = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	put_hex(&in, QUOTE);
	assert_int_equal(in.len, 113);
	assert_int_equal(kw_tpm_attest_parse(kw_blob_bytes(&in), &a, &err), 0);
	assert_int_equal(a.type, KW_TPM_ST_ATTEST_QUOTE);
	want_hex(a.qualified_signer, SIGNER);
	assert_int_equal(a.extra_data.len, 0);
	assert_int_equal(a.clock, 0x211109);
	assert_int_equal(a.reset_count, 3);
	assert_int_equal(a.restart_count, 0);
	assert_int_equal(a.safe, 1);
	assert_true(a.firmware == 0x2020031200120003);
	assert_int_equal(a.n_selection, 1);
	assert_int_equal(a.selection[0].hash, 0x000b);
	assert_int_equal(a.selection[0].pcrs, 0xff);
	want_hex(a.pcr_digest, PCR_DIGEST);
}

static void a_certify_is_read(void **state)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob in = { 0 };
	struct kw_tpm_attest a = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	put_hex(&in, CERTIFY);
	assert_int_equal(in.len, 141);
	assert_int_equal(kw_tpm_attest_parse(kw_blob_bytes(&in), &a, &err), 0);
	assert_int_equal(a.type, KW_TPM_ST_ATTEST_CERTIFY);
	want_hex(a.name, SIGNER);
	want_hex(a.qualified_name, SIGNER);
}

static void no_cut_attest_parses(void **state)
{
	static const char *const whole[] = { QUOTE, CERTIFY };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		KW_CLEANUP(kw_blob_clear) struct kw_blob in = { 0 };

		put_hex(&in, whole[i]);
		for (size_t len = 0; len < in.len; len++) {
			struct kw_tpm_attest a;
			struct kw_error err = { 0 };

			assert_int_equal(
				kw_tpm_attest_parse((struct kw_bytes){ in.data, len }, &a, &err),
				-1);
			assert_true(kw_error_is(&err, KW_E_TPM_QUOTE_FORM));
		}
	}
}

/* Public areas. A modulus of 8 bytes keeps the rows short; 2048 bits come below. */
#define MODULUS "0008 c000000000000001"
#define AK_HEAD "0001 000b 00050472 0000 0010 0014 000b"
#define AK_SHORT "0020" AK_HEAD "0040 00000000" MODULUS
#define POLICY "9a72c2e06a93c453a86efb47532e9c7a91dcab018e675919910c58d6a1a5aa78"

static const struct public_row {
	const char *name, *hex;
	enum kw_error_name expect;
	const char *says;
} public_rows[] = {
	{ "given a signing key, it parses", AK_SHORT, KW_OK, "" },
	{ "given a byte more behind it, it is refused", AK_SHORT "00", KW_E_TPM_QUOTE_FORM,
	  "not as long as its size says" },
	{ "given a byte more inside, it is refused", "0021" AK_HEAD "0040 00000000" MODULUS "00",
	  KW_E_TPM_QUOTE_FORM, "goes on" },
	{ "given an empty area, it is refused", "0000", KW_E_TPM_QUOTE_FORM, "empty" },
	{ "given an ECC key, it is refused", "0002 0023", KW_E_TPM_QUOTE_FORM, "0x0023" },
	{ "given a scheme that RSA has not, it is refused",
	  "0020 0001 000b 00050472 0000 0010 0018 000b 0040 00000000" MODULUS, KW_E_TPM_QUOTE_FORM,
	  "not one" },
	{ "given a policy longer than the rest, it is refused",
	  "0020 0001 000b 00050472 ffff 0010 0014 000b 0040 00000000" MODULUS, KW_E_TPM_QUOTE_FORM,
	  "cut" },
	{ "given a storage key with AES, it parses",
	  "0022 0001 000b 00030072 0000 0006 0080 0043 0010 0040 00000000" MODULUS, KW_OK, "" },
	{ "given no scheme, no hash follows",
	  "001e 0001 000b 00020432 0000 0010 0010 0040 00000000" MODULUS, KW_OK, "" },
};

static void public_parses_as_expected(void **state)
{
	const struct public_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob in = { 0 };
	struct kw_tpm_public public = { 0 };
	struct kw_error err = { 0 };
	int r;

	put_hex(&in, row->hex);
	r = kw_tpm_public_parse(kw_blob_bytes(&in), &public, &err);
	assert_int_equal(r, row->expect == KW_OK ? 0 : -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_non_null(strstr(err.detail, row->says));
	assert_int_equal(public.type != 0, r == 0); /* untouched on failure */
}

/* The wrapping key of guest attestation 4.5a, byte by byte, with a modulus of our own. */
static struct kw_blob wrapping_public(struct kw_bytes modulus)
{
	struct kw_blob area = { 0 };

	put_hex(&area, "0136 0001 000b 00020432 0020" POLICY "0010 0010 0800 00000000");
	put_sized(&area, modulus.data, modulus.len);
	return area;
}

static void a_wrapping_key_is_read(void **state)
{
	EVP_PKEY *key = test_rsa_key(2048, 0);
	KW_CLEANUP(kw_blob_clear) struct kw_blob n = guest_modulus(key);
	KW_CLEANUP(kw_blob_clear) struct kw_blob in = wrapping_public(kw_blob_bytes(&n));
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *expected = guest_public(key);
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *found = NULL;
	uint8_t name[34], digest[32];
	struct kw_tpm_public p = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(in.len, 312);
	assert_int_equal(kw_tpm_public_parse(kw_blob_bytes(&in), &p, &err), 0);
	assert_int_equal(p.name_alg, 0x000b);
	assert_int_equal(p.attributes, 0x00020432);
	want_hex(p.auth_policy, POLICY);
	assert_int_equal(p.symmetric, 0x0010);
	assert_int_equal(p.scheme, 0x0010);
	assert_int_equal(p.bits, 2048);
	assert_int_equal(p.exponent, 0); /* which means 65537 */
	assert_int_equal(kw_tpm_public_key(&p, &found, &err), 0);
	assert_true(kw_public_key_equal(found, expected));
	kw_tpm_public_name(&p, name);
	SHA256(in.data + 2, in.len - 2, digest);
	assert_memory_equal(name, ((const uint8_t[]){ 0x00, 0x0b }), 2);
	assert_memory_equal(name + 2, digest, sizeof(digest));
	for (size_t len = 0; len < in.len; len++)
		assert_int_equal(kw_tpm_public_parse((struct kw_bytes){ in.data, len }, &p, &err),
				 -1);
	EVP_PKEY_free(key);
}

static void a_modulus_of_another_length_is_no_key(void **state)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob in = { 0 };
	struct kw_public_key *key = NULL;
	struct kw_tpm_public p = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	put_hex(&in, "0020" AK_HEAD "0800 00000000" MODULUS);
	assert_int_equal(kw_tpm_public_parse(kw_blob_bytes(&in), &p, &err), 0);
	assert_int_equal(kw_tpm_public_key(&p, &key, &err), -1);
	assert_non_null(strstr(err.detail, "modulus of 8 bytes, expected 2048 bits"));
	assert_null(key);
}

static const struct signature_row {
	const char *name, *hex;
	enum kw_tpm_signature_form form;
	uint16_t hash;
	size_t rsa, r, s;
} signature_rows[] = {
	{ "given RSASSA with SHA-256, it is read", "0014 000b 0003 aabbcc", KW_TPM_SIGNATURE_RSASSA,
	  0x000b, 3, 0, 0 },
	{ "given RSAPSS with SHA-384, it is read", "0016 000c 0002 aabb", KW_TPM_SIGNATURE_RSAPSS,
	  0x000c, 2, 0, 0 },
	{ "given ECDSA, both numbers are read", "0018 000b 0001 aa 0002 bbcc",
	  KW_TPM_SIGNATURE_ECDSA, 0x000b, 0, 1, 2 },
	{ "given an unknown algorithm, it is raw", "0017 000b 0001 aa", KW_TPM_SIGNATURE_RAW, 0, 7,
	  0, 0 },
	{ "given an unknown hash, it is raw", "0014 0012 0001 aa", KW_TPM_SIGNATURE_RAW, 0, 7, 0,
	  0 },
	{ "given a byte more, it is raw", "0014 000b 0001 aabb", KW_TPM_SIGNATURE_RAW, 0, 8, 0, 0 },
	{ "given a byte less, it is raw", "0014 000b 0002 aa", KW_TPM_SIGNATURE_RAW, 0, 7, 0, 0 },
	{ "given nothing, it is raw", "", KW_TPM_SIGNATURE_RAW, 0, 0, 0, 0 },
};

static void signature_reads_as_expected(void **state)
{
	const struct signature_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob in = { 0 };
	struct kw_tpm_signature s;

	put_hex(&in, row->hex);
	kw_tpm_signature_read(kw_blob_bytes(&in), &s);
	assert_int_equal(s.form, row->form);
	assert_int_equal(s.hash, row->hash);
	assert_int_equal(s.rsa.len, row->rsa);
	assert_int_equal(s.r.len, row->r);
	assert_int_equal(s.s.len, row->s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_quote_is_read),
		cmocka_unit_test(a_certify_is_read),
		cmocka_unit_test(no_cut_attest_parses),
		cmocka_unit_test(a_wrapping_key_is_read),
		cmocka_unit_test(a_modulus_of_another_length_is_no_key),
	};

	return KW_ROWS_RUN(attest_rows, attest_parses_as_expected)
	       + KW_ROWS_RUN(public_rows, public_parses_as_expected)
	       + KW_ROWS_RUN(signature_rows, signature_reads_as_expected)
	       + cmocka_run_group_tests_name("tpm structures", tests, NULL, NULL);
}
