/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys of a token service and of a guest, and key sets that list them in every way. Made once per
 * program with OpenSSL; times are seconds since 1970, small on purpose.
 */
#pragma once

#include "bent.h"
#include "jose/public_key.h"
#include "test_keys.h"

#include <openssl/x509.h>

#define ISSUER "https://attest.example"

enum { NOW = 5000, SKEW = 300 };

static EVP_PKEY *service_key, *other_key, *weak_key, *wrapping_key, *ak_key, *foreign_key;

static inline void token_keys_make(void)
{
	EVP_PKEY **keys[] = { &service_key, &other_key, &wrapping_key, &ak_key, &foreign_key };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		*keys[i] = test_rsa_key(2048, (unsigned)i);
	weak_key = test_rsa_key(1024, 0);
}

static inline void token_keys_drop(void)
{
	EVP_PKEY *keys[] = { service_key, other_key, weak_key, wrapping_key, ak_key, foreign_key };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		EVP_PKEY_free(keys[i]);
}

/* The entries of a key set, by the letters with which rows name them. All have the kid "k1" but the
 * last. */
static const struct jwk_spec {
	char letter;
	EVP_PKEY **numbers;	/* n and e, or NULL */
	EVP_PKEY **certificate; /* x5c, or NULL */
	const char *subject, *issuer;
	int64_t from, to;
	const char *kid;
} jwk_specs[] = {
	{ 'n', &service_key, NULL, NULL, NULL, 0, 0, "k1" },
	{ 'o', &other_key, NULL, NULL, NULL, 0, 0, "k1" },
	{ 'w', &weak_key, NULL, NULL, NULL, 0, 0, "k1" },
	{ 'c', NULL, &service_key, ISSUER, ISSUER, 0, 100000, "k1" },
	{ 'b', &service_key, &service_key, ISSUER, ISSUER, 0, 100000, "k1" }, /* both, the same */
	{ 'm', &service_key, &other_key, ISSUER, ISSUER, 0, 100000, "k1" }, /* both, not the same */
	{ 'e', NULL, &service_key, ISSUER, ISSUER, 0, NOW - SKEW, "k1" },   /* has just ended */
	{ 'l', NULL, &service_key, ISSUER, ISSUER, 0, NOW - SKEW + 1, "k1" }, /* its last second */
	{ 'f', NULL, &service_key, ISSUER, ISSUER, NOW + SKEW + 1, 100000,
	  "k1" },							       /* begins later */
	{ 'a', NULL, &service_key, ISSUER, ISSUER, NOW + SKEW, 100000, "k1" }, /* has just begun */
	{ 's', NULL, &service_key, "https://other.example", "https://other.example", 0, 100000,
	  "k1" },
	{ 'd', NULL, &service_key, "another name", "an authority", 0, 100000, "k1" },
	{ 'k', &service_key, NULL, NULL, NULL, 0, 0, "k2" },
};

static inline void set_cn(X509_NAME *name, const char *cn)
{
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)cn, -1, -1, 0);
}

/* One DER certificate in base64. Who signed it is of no concern here. */
static inline char *certificate_text(const struct jwk_spec *spec)
{
	X509 *made = X509_new();
	uint8_t *der = NULL;

	X509_set_version(made, X509_VERSION_3);
	set_cn(X509_get_subject_name(made), spec->subject);
	set_cn(X509_get_issuer_name(made), spec->issuer);
	ASN1_TIME_set(X509_getm_notBefore(made), (time_t)spec->from);
	ASN1_TIME_set(X509_getm_notAfter(made), (time_t)spec->to);
	X509_set_pubkey(made, *spec->certificate);
	assert_true(X509_sign(made, *spec->certificate, EVP_sha256()) > 0);
	int len = i2d_X509(made, &der);
	assert_true(len > 0);
	char *text = kw_base64_encode(KW_BASE64, (struct kw_bytes){ der, (size_t)len });
	OPENSSL_free(der);
	X509_free(made);
	return text;
}

static inline void add_jwk(struct kw_json *list, const struct jwk_spec *spec)
{
	struct kw_json *jwk = kw_json_add_object(list, NULL);

	kw_json_add_string(jwk, "kid", spec->kid);
	kw_json_add_string(jwk, "kty", "RSA");
	if (spec->numbers) {
		KW_CLEANUP(freep) char *n = modulus_text(*spec->numbers);

		kw_json_add_string(jwk, "n", n);
		kw_json_add_string(jwk, "e", "AQAB");
	}
	if (spec->certificate) {
		KW_CLEANUP(freep) char *text = certificate_text(spec);

		kw_json_add_string(kw_json_add_array(jwk, "x5c"), NULL, text);
	}
}

static inline struct kw_json *jwks_of(const char *letters)
{
	struct kw_json *jwks = kw_json_new_object(), *list = kw_json_add_array(jwks, "keys");

	for (; *letters; letters++)
		for (size_t i = 0; i < sizeof(jwk_specs) / sizeof(jwk_specs[0]); i++)
			if (jwk_specs[i].letter == *letters)
				add_jwk(list, &jwk_specs[i]);
	return jwks;
}

static inline struct kw_public_key *public_half(EVP_PKEY *key)
{
	KW_CLEANUP(freep) char *n = modulus_text(key);
	KW_CLEANUP(kw_json_freep) struct kw_json *jwk = kw_json_new_object();
	struct kw_public_key *made = NULL;
	struct kw_error err = { 0 };

	kw_json_add_string(jwk, "kty", "RSA");
	kw_json_add_string(jwk, "n", n);
	kw_json_add_string(jwk, "e", "AQAB");
	assert_int_equal(kw_public_key_from_jwk(jwk, KW_E_SYS_DATA, &made, &err), 0);
	return made;
}
