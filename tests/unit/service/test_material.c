/* SPDX-License-Identifier: Apache-2.0 */
/* The public half of an answer against the released key (key release 4.7). */
#include "rows.h"
#include "test_keys.h"

#include "service/material.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static EVP_PKEY *rsa, *p256, *other_p256;

static struct kw_secret pkcs8_of(EVP_PKEY *key)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	struct kw_secret plain = { 0 };
	struct kw_error err = { 0 };
	uint8_t *der = NULL;
	int len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);

	assert_true(len > 0);
	assert_int_equal(kw_secret_take((struct kw_bytes){ der, (size_t)len }, &plain, &err), 0);
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(info);
	return plain;
}

static struct kw_public_key *public_half(EVP_PKEY *key)
{
	struct kw_public_key *public = NULL;
	struct kw_error err = { 0 };
	uint8_t *der = NULL;
	int len = i2d_PUBKEY(key, &der);

	assert_true(len > 0);
	assert_int_equal(kw_public_key_from_spki((struct kw_bytes){ der, (size_t)len },
						 KW_E_SYS_DATA, &public, &err),
			 0);
	OPENSSL_free(der);
	return public;
}

static const struct row {
	const char *name, *kty;
	EVP_PKEY **key, **public; /* public NULL: the answer has none */
	const char *crv;
	bool strict;
	enum kw_error_name expect;
	enum kw_verdict verdict;
} rows[] = {
	{ "given the right modulus, the key is taken", "RSA-HSM", &rsa, &rsa, "", true, KW_OK,
	  KW_VERDICT_OK },
	{ "given no modulus, it is refused", "RSA", &rsa, NULL, "", false, KW_E_UNW_PUBLIC_MISSING,
	  KW_VERDICT_FAILED },
	{ "given another kind of key, it is refused", "RSA", &rsa, &p256, "", false,
	  KW_E_UNW_PUBLIC_HALF, KW_VERDICT_FAILED },
	{ "given the right point, the key is taken", "EC-HSM", &p256, &p256, "P-256", true, KW_OK,
	  KW_VERDICT_OK },
	{ "given another point, it is refused", "EC", &p256, &other_p256, "P-256", false,
	  KW_E_UNW_PUBLIC_HALF, KW_VERDICT_FAILED },
	{ "given the curve alone, the rest is not possible", "EC", &p256, NULL, "P-256", false,
	  KW_OK, KW_VERDICT_NOT_POSSIBLE },
	{ "given neither curve nor point, it is not possible", "EC", &p256, NULL, "", false, KW_OK,
	  KW_VERDICT_NOT_POSSIBLE },
	{ "given another curve alone, it is refused", "EC", &p256, NULL, "P-384", false,
	  KW_E_UNW_PUBLIC_HALF, KW_VERDICT_FAILED },
	{ "given the curve alone where all is wanted, it is refused", "EC", &p256, NULL, "P-256",
	  true, KW_E_UNW_PUBLIC_MISSING, KW_VERDICT_FAILED },
};

static void compares(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(kw_material_unrefp) struct kw_material *material = NULL;
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = pkcs8_of(*row->key);
	KW_CLEANUP(kw_public_key_freep)
	struct kw_public_key *public = row->public ? public_half(*row->public) : NULL;
	struct kw_release_answer answer = { .public = public, .public_missing = public == NULL };
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	memcpy(answer.kty, row->kty, strlen(row->kty) + 1);
	memcpy(answer.crv, row->crv, strlen(row->crv) + 1);
	int result =
		kw_material_from_answer(&answer, &plain, row->strict, &checks, &material, &err);
	assert_int_equal(result, row->expect == KW_OK ? 0 : -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_int_equal(kw_checks_find(&checks, "public half of the key")->verdict, row->verdict);
	assert_int_equal(material != NULL, result == 0);
}

int main(void)
{
	rsa = test_rsa_key(2048, 0);
	p256 = EVP_EC_gen("P-256");
	other_p256 = EVP_EC_gen("P-256");
	int failed = KW_ROWS_RUN(rows, compares);
	EVP_PKEY_free(rsa);
	EVP_PKEY_free(p256);
	EVP_PKEY_free(other_p256);
	return failed;
}
