/* SPDX-License-Identifier: Apache-2.0 */
/* The forms in which a public key is shown: DER, PEM, JWK and its thumbprint. */
#include "jose/openssl.h"
#include "util/base64.h"
#include "util/text.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>

/* A number of our own key is there, and OpenSSL can write what it built: anything else is a bug. */
static void must(bool ok)
{
	if (!ok)
		abort();
}

/* Big endian, left padded to `width`; 0: without leading zeros. */
static struct kw_blob number(const struct kw_public_key *key, const char *param, size_t width)
{
	KW_CLEANUP(BN_clear_freep) BIGNUM *n = kw_pkey_number(key->pkey, param);

	must(n != NULL);
	struct kw_blob raw = kw_blob_new(width ? width : (size_t)BN_num_bytes(n));
	must(BN_bn2binpad(n, raw.data, (int)raw.len) == (int)raw.len);
	return raw;
}

struct kw_blob kw_public_key_modulus(const struct kw_public_key *key)
{
	if (key->kty != KW_KTY_RSA)
		return (struct kw_blob){ 0 };
	return number(key, OSSL_PKEY_PARAM_RSA_N, 0);
}

struct kw_blob kw_public_key_spki(const struct kw_public_key *key)
{
	uint8_t *der = NULL;
	int len = i2d_PUBKEY(key->pkey, &der);

	must(len > 0);
	struct kw_blob spki = kw_blob_copy((struct kw_bytes){ der, (size_t)len });
	OPENSSL_free(der);
	return spki;
}

char *kw_public_key_pem(const struct kw_public_key *key)
{
	KW_CLEANUP(BIO_free_allp) BIO *out = BIO_new(BIO_s_mem());
	char *text = NULL;

	must(out && PEM_write_bio_PUBKEY(out, key->pkey) == 1);
	long len = BIO_get_mem_data(out, &text);
	return kw_format("%.*s", (int)len, text);
}

static void add_number(struct kw_json *jwk, const char *name, const struct kw_public_key *key,
		       const char *param, size_t width)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob raw = number(key, param, width);
	KW_CLEANUP(freep) char *text = kw_base64_encode(KW_BASE64URL, kw_blob_bytes(&raw));

	kw_json_add_string(jwk, name, text);
}

struct kw_json *kw_public_key_jwk(const struct kw_public_key *key)
{
	struct kw_json *jwk = kw_json_new_object();

	if (key->kty == KW_KTY_RSA) {
		kw_json_add_string(jwk, "kty", "RSA");
		add_number(jwk, "n", key, OSSL_PKEY_PARAM_RSA_N, 0);
		add_number(jwk, "e", key, OSSL_PKEY_PARAM_RSA_E, 0);
		return jwk;
	}
	const struct kw_curve_row *row = kw_curve_row(key->curve);
	kw_json_add_string(jwk, "kty", "EC");
	kw_json_add_string(jwk, "crv", row->jwk);
	add_number(jwk, "x", key, OSSL_PKEY_PARAM_EC_PUB_X, kw_curve_field_size(row));
	add_number(jwk, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y, kw_curve_field_size(row));
	return jwk;
}

/* RFC 7638 3: the required members alone, in lexicographic order, without blanks. */
static char *canonical(const struct kw_json *jwk)
{
	const char *crv = kw_json_string(kw_json_get(jwk, "crv"));

	if (!crv)
		return kw_format("{\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"}",
				 kw_json_string(kw_json_get(jwk, "e")),
				 kw_json_string(kw_json_get(jwk, "n")));
	return kw_format("{\"crv\":\"%s\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", crv,
			 kw_json_string(kw_json_get(jwk, "x")),
			 kw_json_string(kw_json_get(jwk, "y")));
}

char *kw_public_key_thumbprint(const struct kw_public_key *key)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *jwk = kw_public_key_jwk(key);
	KW_CLEANUP(freep) char *text = canonical(jwk);
	uint8_t digest[KW_SHA256_SIZE];

	kw_digest(KW_SHA256, kw_bytes_text(text), digest);
	return kw_base64_encode(KW_BASE64URL, KW_BYTES(digest));
}
