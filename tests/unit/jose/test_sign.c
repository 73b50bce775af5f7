/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/sign.h"

#include "ec_data.h"
#include "given.h"
#include "rsa_data.h"

static bool verify_pkcs1(const struct kw_public_key *key, enum kw_hash hash, struct kw_bytes data,
			 struct kw_bytes signature)
{
	return kw_verify_rsa_pkcs1(key, hash, data, signature);
}

static bool verify_pss(const struct kw_public_key *key, enum kw_hash hash, struct kw_bytes data,
		       struct kw_bytes signature)
{
	return kw_verify_rsa_pss(key, hash, (int)kw_hash_size(hash), data, signature);
}

static const struct row {
	const char *name, *alg, *pkcs8, *spki;
	enum kw_hash hash;
	bool (*verify)(const struct kw_public_key *key, enum kw_hash hash, struct kw_bytes data,
		       struct kw_bytes signature);
	size_t size;
} rows[] = {
	/* clang-format off */
	{ "given RS256, its signature verifies",  "RS256",  rsa_pkcs8,   rsa_spki,   KW_SHA256, verify_pkcs1, 256 },
	{ "given RS384, its signature verifies",  "RS384",  rsa_pkcs8,   rsa_spki,   KW_SHA384, verify_pkcs1, 256 },
	{ "given RS512, its signature verifies",  "RS512",  rsa_pkcs8,   rsa_spki,   KW_SHA512, verify_pkcs1, 256 },
	{ "given PS256, its signature verifies",  "PS256",  rsa_pkcs8,   rsa_spki,   KW_SHA256, verify_pss, 256 },
	{ "given PS384, its signature verifies",  "PS384",  rsa_pkcs8,   rsa_spki,   KW_SHA384, verify_pss, 256 },
	{ "given PS512, its signature verifies",  "PS512",  rsa_pkcs8,   rsa_spki,   KW_SHA512, verify_pss, 256 },
	{ "given ES256, its signature verifies",  "ES256",  p256_pkcs8,  p256_spki,  KW_SHA256, kw_verify_ecdsa, 64 },
	{ "given ES384, its signature verifies",  "ES384",  p384_pkcs8,  p384_spki,  KW_SHA384, kw_verify_ecdsa, 96 },
	{ "given ES512, its signature verifies",  "ES512",  p521_pkcs8,  p521_spki,  KW_SHA512, kw_verify_ecdsa, 132 },
	{ "given ES256K, its signature verifies", "ES256K", p256k_pkcs8, p256k_spki, KW_SHA256, kw_verify_ecdsa, 64 },
	/* clang-format on */
};

static void verifies(void **state)
{
	const struct row *row = *state;
	const struct kw_algorithm *alg = kw_algorithm_find(row->alg, KW_USE_SIGN);
	KW_CLEANUP(kw_blob_clear) struct kw_blob pkcs8 = given_base64(row->pkcs8);
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = given_key(row->spki);
	KW_CLEANUP(kw_blob_clear) struct kw_blob signature = { 0 };
	struct kw_bytes data = kw_bytes_text("attested");
	struct kw_error err = { 0 };

	assert_int_equal(kw_sign(alg, kw_blob_bytes(&pkcs8), data, &signature, &err), 0);
	assert_int_equal(signature.len, row->size);
	assert_true(row->verify(key, row->hash, data, kw_blob_bytes(&signature)));
	assert_false(
		row->verify(key, row->hash, kw_bytes_text("attesteD"), kw_blob_bytes(&signature)));
}

/* PKCS#1 v1.5 has no chance in it: the bytes are those that python3-cryptography made. */
static void agrees_with_another_hand(void **state)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob pkcs8 = given_base64(rsa_pkcs8);
	KW_CLEANUP(kw_blob_clear) struct kw_blob expected = given_base64(rsa_sig_pkcs1_sha256);
	KW_CLEANUP(kw_blob_clear) struct kw_blob signature = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_sign(kw_algorithm_find("RS256", KW_USE_SIGN), kw_blob_bytes(&pkcs8),
				 kw_bytes_text("attested"), &signature, &err),
			 0);
	assert_true(kw_bytes_equal(kw_blob_bytes(&signature), kw_blob_bytes(&expected)));
}

/* r and s are padded to the field: short ones come about every 128th time. */
static void keeps_its_width(void **state)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob pkcs8 = given_base64(p256_pkcs8);
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = given_key(p256_spki);
	struct kw_error err = { 0 };
	bool padded = false;

	(void)state;
	for (int i = 0; i < 4000 && !padded; i++) {
		KW_CLEANUP(kw_blob_clear) struct kw_blob signature = { 0 };

		assert_int_equal(kw_sign(kw_algorithm_find("ES256", KW_USE_SIGN),
					 kw_blob_bytes(&pkcs8), kw_bytes_text("attested"),
					 &signature, &err),
				 0);
		assert_int_equal(signature.len, 64);
		padded = signature.data[0] == 0 || signature.data[32] == 0;
		if (padded)
			assert_true(kw_verify_ecdsa(key, KW_SHA256, kw_bytes_text("attested"),
						    kw_blob_bytes(&signature)));
	}
	assert_true(padded);
}

static const struct wrong_row {
	const char *name, *alg, *pkcs8;
} wrong_rows[] = {
	{ "given an EC key for RS256, it fails", "RS256", p256_pkcs8 },
	{ "given an RSA key for ES256, it fails", "ES256", rsa_pkcs8 },
	{ "given a larger curve for ES256, it fails", "ES256", p384_pkcs8 },
	{ "given a public key, it fails", "RS256", rsa_spki },
	{ "given no key, it fails", "RS256", "" },
};

static void fails(void **state)
{
	const struct wrong_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob pkcs8 = given_base64(row->pkcs8);
	KW_CLEANUP(kw_blob_clear) struct kw_blob signature = { 0 };
	struct kw_error err = { 0 };

	assert_int_equal(kw_sign(kw_algorithm_find(row->alg, KW_USE_SIGN), kw_blob_bytes(&pkcs8),
				 kw_bytes_text("attested"), &signature, &err),
			 -1);
	assert_true(kw_error_is(&err, KW_E_SYS_CRYPTO));
	assert_null(signature.data);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		{ "given RS256, the bytes are another hand's", agrees_with_another_hand, NULL, NULL,
		  NULL },
		{ "given a short r or s, the width stays", keeps_its_width, NULL, NULL, NULL },
	};

	return KW_ROWS_RUN(rows, verifies) + KW_ROWS_RUN(wrong_rows, fails)
	       + cmocka_run_group_tests(tests, NULL, NULL);
}
