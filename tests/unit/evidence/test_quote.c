/* SPDX-License-Identifier: Apache-2.0 */
/* PCR digests, the PCR policy and quotes, signed here with OpenSSL. */
#include "rows.h"
#include "test_keys.h"

#include "evidence/guest.h"
#include "evidence/tpm_structures.h"

#include <openssl/ec.h>

#define PCR_DIGEST "5341e6b2646979a70e57653007a1f310169421ec9bdd9f1a5648f75ade005af1"
#define POLICY "9a72c2e06a93c453a86efb47532e9c7a91dcab018e675919910c58d6a1a5aa78"
#define SIGNER "000b96f6ef2a64ed155e38183fc0f0f240b2e63e4feb4c2ac230f14684fbe93f5f25"
#define CLOCK_AND_FIRMWARE "0000000000211109 00000003 00000000 01 2020031200120003"
#define NONCE "6e6f6e6365"
#define SELECTION "00000001 000b 03 ff0000 0020"
#define QUOTE "ff544347 8018 0022" SIGNER "0005" NONCE CLOCK_AND_FIRMWARE SELECTION PCR_DIGEST

enum { SHA256_ALG = 0x000b, ALL_OF_GUEST = 0xff };

static EVP_PKEY *signer;
static struct kw_public_key *ak;

static struct kw_pcr_values zeros(void)
{
	return (struct kw_pcr_values){ .hash = SHA256_ALG, .present = ALL_OF_GUEST };
}

static void want_hex(const uint8_t *found, const char *expected)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob bytes = { 0 };

	put_hex(&bytes, expected);
	assert_memory_equal(found, bytes.data, bytes.len);
}

static void the_policy_of_zero_pcrs_is_the_published_one(void **state)
{
	const struct kw_pcr_values pcrs = zeros();
	uint8_t policy[KW_SHA256_SIZE];

	(void)state;
	assert_true(kw_pcr_policy(&pcrs, ALL_OF_GUEST, policy));
	want_hex(policy, POLICY);
}

static void a_policy_needs_every_value(void **state)
{
	struct kw_pcr_values pcrs = zeros();
	uint8_t policy[KW_SHA256_SIZE];

	(void)state;
	assert_false(kw_pcr_policy(&pcrs, 0x1ff, policy));
	pcrs.present = 0x7f;
	assert_false(kw_pcr_policy(&pcrs, ALL_OF_GUEST, policy));
	pcrs = zeros();
	pcrs.hash = 0x0004;
	assert_false(kw_pcr_policy(&pcrs, ALL_OF_GUEST, policy));
}

static void the_digest_of_zero_pcrs_is_the_published_one(void **state)
{
	const struct kw_pcr_values pcrs = zeros();
	KW_CLEANUP(kw_blob_clear) struct kw_blob in = { 0 };
	uint8_t digest[KW_DIGEST_MAX];
	struct kw_tpm_attest quote;
	struct kw_error err = { 0 };
	size_t len = 0;

	(void)state;
	put_hex(&in, QUOTE);
	assert_int_equal(kw_tpm_attest_parse(kw_blob_bytes(&in), &quote, &err), 0);
	assert_true(kw_pcr_digest(&quote, &pcrs, 1, digest, &len));
	assert_int_equal(len, KW_SHA256_SIZE);
	want_hex(digest, PCR_DIGEST);
	assert_false(kw_pcr_digest(&quote, &pcrs, 0, digest, &len));
	quote.pcr_digest.len = 31; /* no hash has that size */
	assert_false(kw_pcr_digest(&quote, &pcrs, 1, digest, &len));
}

/* Values go in the order of the selection: banks as listed, PCRs rising. */
static void banks_are_digested_in_the_order_of_the_selection(void **state)
{
	struct kw_pcr_values banks[2] = { { .hash = SHA256_ALG, .present = 0x3 },
					  { .hash = 0x0004, .present = 0x4 } };
	struct kw_tpm_attest quote = { .n_selection = 2,
				       .selection = { { 0x0004, 0x4 }, { SHA256_ALG, 0x3 } },
				       .pcr_digest.len = KW_SHA256_SIZE };
	uint8_t joined[20 + 32 + 32], expected[KW_SHA256_SIZE], digest[KW_DIGEST_MAX];
	size_t len = 0;

	(void)state;
	memset(banks[1].value[2], 0xaa, 20);
	memset(banks[0].value[0], 0xbb, 32);
	memset(banks[0].value[1], 0xcc, 32);
	memset(joined, 0xaa, 20);
	memset(joined + 20, 0xbb, 32);
	memset(joined + 52, 0xcc, 32);
	SHA256(joined, sizeof(joined), expected);
	assert_true(kw_pcr_digest(&quote, banks, 2, digest, &len));
	assert_memory_equal(digest, expected, sizeof(expected));
	quote.selection[0].hash = 0x000c; /* a bank that is not there */
	assert_false(kw_pcr_digest(&quote, banks, 2, digest, &len));
}

static const struct row {
	const char *name, *message; /* "": the good one */
	const char *nonce;
	bool other_key, cut_signature;
	uint8_t pcr7;
	enum kw_error_name expect;
} rows[] = {
	{ .name = "given a good quote, it passes", .message = "", .nonce = NONCE },
	{ .name = "given no expected nonce, it is not compared", .message = "" },
	{ .name = "given another nonce, it is refused",
	  .message = "",
	  .nonce = "6e6f6e6366",
	  .expect = KW_E_TPM_QUOTE_NONCE },
	{ .name = "given a longer nonce, it is refused",
	  .message = "",
	  .nonce = NONCE "00",
	  .expect = KW_E_TPM_QUOTE_NONCE },
	{ .name = "given another signer, it is refused",
	  .message = "",
	  .other_key = true,
	  .expect = KW_E_TPM_QUOTE_SIGNATURE },
	{ .name = "given a cut signature, it is refused",
	  .message = "",
	  .cut_signature = true,
	  .expect = KW_E_TPM_QUOTE_SIGNATURE },
	{ .name = "given another PCR value, it is refused",
	  .message = "",
	  .pcr7 = 1,
	  .expect = KW_E_TPM_QUOTE_PCRS },
	{ .name = "given a well-signed certify, it is refused for its type",
	  .message = "ff544347 8017 0022" SIGNER "0000" CLOCK_AND_FIRMWARE "0000 0000",
	  .expect = KW_E_TPM_QUOTE_TYPE },
	{ .name = "given a well-signed structure no TPM made, it is refused",
	  .message = "ff544346 8018 0000 0000" CLOCK_AND_FIRMWARE SELECTION PCR_DIGEST,
	  .expect = KW_E_TPM_QUOTE_MAGIC },
	{ .name = "given well-signed garbage, it is refused",
	  .message = "ff544347 8018",
	  .expect = KW_E_TPM_QUOTE_FORM },
};

static void is_judged_as_expected(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob message = { 0 }, nonce = { 0 }, signature = { 0 };
	EVP_PKEY *other = row->other_key ? test_rsa_key(2048, 1) : NULL;
	struct kw_pcr_values pcrs = zeros();
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	put_hex(&message, *row->message ? row->message : QUOTE);
	if (row->nonce)
		put_hex(&nonce, row->nonce);
	signature = guest_sign(other ? other : signer, kw_blob_bytes(&message));
	signature.len -= row->cut_signature;
	pcrs.value[7][31] = row->pcr7;
	kw_quote_judge(kw_blob_bytes(&message), kw_blob_bytes(&signature), ak,
		       kw_blob_bytes(&nonce), &pcrs, 1, &checks);
	assert_int_equal(kw_checks_result(&checks, 0, &err), row->expect == KW_OK ? 0 : -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_int_equal(kw_checks_find(&checks, "quote nonce") != NULL, row->nonce != NULL);
	assert_non_null(kw_checks_find(&checks, "quote signature")); /* made whatever failed */
	EVP_PKEY_free(other);
}

static void without_values_pcrs_are_not_possible(void **state)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob message = { 0 }, signature = { 0 };
	const struct kw_bytes no_nonce = { 0 };
	struct kw_checks checks = { 0 };

	(void)state;
	put_hex(&message, QUOTE);
	signature = guest_sign(signer, kw_blob_bytes(&message));
	kw_quote_judge(kw_blob_bytes(&message), kw_blob_bytes(&signature), ak, no_nonce, NULL, 0,
		       &checks);
	assert_int_equal(kw_checks_find(&checks, "pcr values")->verdict, KW_VERDICT_NOT_POSSIBLE);
}

/* Signs `message` by another scheme and puts it into a TPMT_SIGNATURE. */
static struct kw_blob sign_pss(int salt_len)
{
	struct kw_blob signature = { 0 };
	uint8_t raw[GUEST_MODULUS_SIZE];
	size_t len = sizeof(raw);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *key = NULL;

	assert_int_equal(EVP_DigestSignInit(ctx, &key, EVP_sha256(), NULL, signer), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_PSS_PADDING), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(key, salt_len), 1);
	assert_int_equal(EVP_DigestSign(ctx, raw, &len, (const uint8_t *)"message", 7), 1);
	EVP_MD_CTX_free(ctx);
	put_hex(&signature, "0016 000b");
	put_sized(&signature, raw, len);
	return signature;
}

static bool verifies(struct kw_bytes signature, const struct kw_public_key *key,
		     const char *message)
{
	struct kw_tpm_signature parsed;

	kw_tpm_signature_read(signature, &parsed);
	return kw_tpm_signature_verify(&parsed, key, kw_bytes_text(message));
}

static void pss_verifies_with_either_salt(void **state)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob digest_long = sign_pss(RSA_PSS_SALTLEN_DIGEST);
	KW_CLEANUP(kw_blob_clear) struct kw_blob longest = sign_pss(RSA_PSS_SALTLEN_MAX);

	(void)state;
	assert_true(verifies(kw_blob_bytes(&digest_long), ak, "message"));
	assert_true(verifies(kw_blob_bytes(&longest), ak, "message"));
	assert_false(verifies(kw_blob_bytes(&longest), ak, "massage"));
}

static struct kw_public_key *spki_of(EVP_PKEY *key)
{
	struct kw_public_key *public = NULL;
	struct kw_error err = { 0 };
	uint8_t *der = NULL;
	int len = i2d_PUBKEY(key, &der);

	assert_true(len > 0);
	assert_int_equal(kw_public_key_from_spki((struct kw_bytes){ der, (size_t)len }, KW_E_HCL_AK,
						 &public, &err),
			 0);
	OPENSSL_free(der);
	return public;
}

/* Leading zeros of r and s may be missing: BN_bn2bin() leaves them out, too. */
static void ecdsa_verifies(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *public = spki_of(key);
	KW_CLEANUP(kw_blob_clear) struct kw_blob signature = { 0 };
	uint8_t der[80], number[33];
	const uint8_t *at = der;
	size_t len = sizeof(der);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	ECDSA_SIG *parts;

	(void)state;
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(EVP_DigestSign(ctx, der, &len, (const uint8_t *)"message", 7), 1);
	parts = d2i_ECDSA_SIG(NULL, &at, (long)len);
	put_hex(&signature, "0018 000b");
	put_sized(&signature, number, (size_t)BN_bn2bin(ECDSA_SIG_get0_r(parts), number));
	put_sized(&signature, number, (size_t)BN_bn2bin(ECDSA_SIG_get0_s(parts), number));
	assert_true(verifies(kw_blob_bytes(&signature), public, "message"));
	assert_false(verifies(kw_blob_bytes(&signature), public, "massage"));
	assert_false(verifies(kw_blob_bytes(&signature), ak, "message")); /* an RSA key */
	ECDSA_SIG_free(parts);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
}

static void numbers_of_impossible_length_do_not_verify(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *public = spki_of(key);
	static const uint8_t number[33] = { 1 };
	const struct kw_bytes ok = { number, 32 }, none = { number, 0 }, long_one = { number, 33 };
	const struct kw_tpm_signature bad[] = {
		{ .form = KW_TPM_SIGNATURE_ECDSA, .hash = SHA256_ALG, .r = none, .s = ok },
		{ .form = KW_TPM_SIGNATURE_ECDSA, .hash = SHA256_ALG, .r = ok, .s = none },
		{ .form = KW_TPM_SIGNATURE_ECDSA, .hash = SHA256_ALG, .r = long_one, .s = ok },
		{ .form = KW_TPM_SIGNATURE_ECDSA, .hash = SHA256_ALG, .r = ok, .s = long_one },
		{ .form = KW_TPM_SIGNATURE_ECDSA, .hash = 0x0012, .r = ok, .s = ok },
		{ .form = KW_TPM_SIGNATURE_RSASSA, .hash = SHA256_ALG, .rsa = ok },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(kw_tpm_signature_verify(&bad[i], public, kw_bytes_text("message")));
	EVP_PKEY_free(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_policy_of_zero_pcrs_is_the_published_one),
		cmocka_unit_test(a_policy_needs_every_value),
		cmocka_unit_test(the_digest_of_zero_pcrs_is_the_published_one),
		cmocka_unit_test(banks_are_digested_in_the_order_of_the_selection),
		cmocka_unit_test(without_values_pcrs_are_not_possible),
		cmocka_unit_test(pss_verifies_with_either_salt),
		cmocka_unit_test(ecdsa_verifies),
		cmocka_unit_test(numbers_of_impossible_length_do_not_verify),
	};
	int failed;

	signer = test_rsa_key(2048, 0);
	ak = guest_public(signer);
	failed = KW_ROWS_RUN(rows, is_judged_as_expected)
		 + cmocka_run_group_tests_name("quote", tests, NULL, NULL);
	kw_public_key_free(ak);
	EVP_PKEY_free(signer);
	return failed;
}
