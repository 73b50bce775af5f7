/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/private_key.h"

#include "ec_data.h"
#include "given.h"
#include "rsa_data.h"

#include <stdio.h>

static const struct good_row {
	const char *name, *kty, *base64, *jwk;
	enum kw_kty type;
	enum kw_curve curve;
	unsigned bits;
} good_rows[] = {
	{ "given RSA, the JWK has its eight numbers", "RSA", rsa_pkcs8, rsa_jwk, KW_KTY_RSA,
	  KW_CURVE_NONE, 2048 },
	{ "given RSA-HSM, the JWK says RSA", "RSA-HSM", rsa_pkcs8, rsa_jwk, KW_KTY_RSA,
	  KW_CURVE_NONE, 2048 },
	{ "given P-256, the JWK is padded to 32 bytes", "EC-HSM", p256_pkcs8, p256_jwk, KW_KTY_EC,
	  KW_P256, 256 },
	{ "given P-256 without its point, the point is computed", "EC", p256_no_public, p256_jwk,
	  KW_KTY_EC, KW_P256, 256 },
	{ "given P-384, the JWK is padded to 48 bytes", "EC", p384_pkcs8, p384_jwk, KW_KTY_EC,
	  KW_P384, 384 },
	{ "given P-521, the JWK is padded to 66 bytes", "EC", p521_pkcs8, p521_jwk, KW_KTY_EC,
	  KW_P521, 521 },
	{ "given P-256K, the JWK is padded to 32 bytes", "EC", p256k_pkcs8, p256k_jwk, KW_KTY_EC,
	  KW_P256K, 256 },
	{ "given oct, the JWK has k", "oct",
	  "a2V5d2FyZA==", "{\"k\":\"a2V5d2FyZA\",\"kty\":\"oct\"}", KW_KTY_OCT, KW_CURVE_NONE, 56 },
	{ "given oct-HSM, the JWK says oct", "oct-HSM", "AA==", "{\"k\":\"AA\",\"kty\":\"oct\"}",
	  KW_KTY_OCT, KW_CURVE_NONE, 8 },
};

static void gives_jwk(void **state)
{
	const struct good_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob raw = given_base64(row->base64);
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = given_secret(kw_blob_bytes(&raw));
	KW_CLEANUP(kw_private_key_clear) struct kw_private_key key = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret jwk = { 0 };
	struct kw_error err = { 0 };

	assert_int_equal(kw_private_key_parse(row->kty, &plain, &key, &err), 0);
	assert_null(plain.data); /* taken */
	assert_int_equal(key.kty, row->type);
	assert_int_equal(key.curve, row->curve);
	assert_int_equal(key.bits, row->bits);
	assert_true(kw_bytes_equal(kw_secret_bytes(&key.der), kw_blob_bytes(&raw)));
	assert_int_equal(key.public != NULL, row->type != KW_KTY_OCT);
	assert_int_equal(kw_private_key_jwk(&key, NULL, &jwk, &err), 0);
	assert_string_equal((const char *)jwk.data, row->jwk);
	assert_int_equal(jwk.len, strlen(row->jwk));
}

static const struct ops_row {
	const char *name, *kty, *base64, *key_ops, *holds;
} ops_rows[] = {
	{ "given key_ops for RSA, they stand before kty", "RSA", rsa_pkcs8,
	  "[\"encrypt\",\"decrypt\"]",
	  ",\"e\":\"AQAB\",\"key_ops\":[\"encrypt\",\"decrypt\"],\"kty\":\"RSA\"," },
	{ "given key_ops for EC, they stand before kty", "EC", p256_pkcs8, "[\"sign\"]",
	  "\",\"key_ops\":[\"sign\"],\"kty\":\"EC\"," },
	{ "given key_ops for oct, they stand before kty", "oct", "AA==", "[\"wrapKey\"]",
	  "{\"k\":\"AA\",\"key_ops\":[\"wrapKey\"],\"kty\":\"oct\"}" },
	{ "given empty key_ops, they are left out", "oct", "AA==", "[]",
	  "{\"k\":\"AA\",\"kty\":\"oct\"}" },
	{ "given key_ops that are no list, they are left out", "oct", "AA==", "\"sign\"",
	  "{\"k\":\"AA\",\"kty\":\"oct\"}" },
};

static void copies_key_ops(void **state)
{
	const struct ops_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob raw = given_base64(row->base64);
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = given_secret(kw_blob_bytes(&raw));
	KW_CLEANUP(kw_json_freep) struct kw_json *key_ops = given_json(row->key_ops);
	KW_CLEANUP(kw_private_key_clear) struct kw_private_key key = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret jwk = { 0 };
	struct kw_error err = { 0 };

	assert_int_equal(kw_private_key_parse(row->kty, &plain, &key, &err), 0);
	assert_int_equal(kw_private_key_jwk(&key, key_ops, &jwk, &err), 0);
	assert_non_null(strstr((const char *)jwk.data, row->holds));
}

static const struct pem_row {
	const char *name, *kty, *base64, *pem; /* "": refused */
} pem_rows[] = {
	{ "given RSA, the PEM is that of others", "RSA", rsa_pkcs8, rsa_pem },
	{ "given P-256, the PEM is that of others", "EC", p256_pkcs8, p256_pem },
	{ "given oct, there is no PEM", "oct", "AA==", "" },
};

static void gives_pem(void **state)
{
	const struct pem_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob raw = given_base64(row->base64);
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = given_secret(kw_blob_bytes(&raw));
	KW_CLEANUP(kw_private_key_clear) struct kw_private_key key = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret pem = { 0 };
	struct kw_error err = { 0 };

	assert_int_equal(kw_private_key_parse(row->kty, &plain, &key, &err), 0);
	if (row->pem[0] == '\0') {
		assert_int_equal(kw_private_key_pem(&key, &pem, &err), -1);
		assert_true(kw_error_is(&err, KW_E_UNW_FORMAT));
		return;
	}
	assert_int_equal(kw_private_key_pem(&key, &pem, &err), 0);
	assert_string_equal((const char *)pem.data, row->pem);
	KW_CLEANUP(kw_secret_clear) struct kw_secret again = { 0 };
	assert_int_equal(kw_private_key_from_pem(kw_secret_bytes(&pem), &again, &err), 0);
	assert_true(kw_bytes_equal(kw_secret_bytes(&again), kw_blob_bytes(&raw)));
	pem.data[pem.len - strlen("Y KEY-----\n")] = 'x'; /* no end */
	assert_int_equal(kw_private_key_from_pem(kw_secret_bytes(&pem), &again, &err), -1);
	assert_true(kw_error_is(&err, KW_E_SYS_DATA));
}

static const struct bad_row {
	const char *name, *kty, *base64;
	size_t cut, extra;
	size_t flip_at; /* this byte gets another lowest bit; 0: none */
	const char *says;
} bad_rows[] = {
	{ "given an unknown kty, it is refused", "OKP", rsa_pkcs8, 0, 0, 0,
	  "none of RSA, EC, oct" },
	{ "given EC announced as RSA, it is refused", "RSA", p256_pkcs8, 0, 0, 0,
	  "key is EC, expected RSA" },
	{ "given RSA announced as EC, it is refused", "EC-HSM", rsa_pkcs8, 0, 0, 0,
	  "key is RSA, expected EC" },
	{ "given Ed25519 announced as EC, it is refused", "EC", ed25519_pkcs8, 0, 0, 0,
	  "not one PKCS#8 key" },
	{ "given a public key, it is refused", "RSA", rsa_spki, 0, 0, 0, "not one PKCS#8 key" },
	{ "given RSA one byte short, it is refused", "RSA", rsa_pkcs8, 1, 0, 0,
	  "not one PKCS#8 key" },
	{ "given RSA and one byte more, it is refused", "RSA", rsa_pkcs8, 0, 1, 0,
	  "not one PKCS#8 key" },
	{ "given EC and one byte more, it is refused", "EC", p384_pkcs8, 0, 1, 0,
	  "not one PKCS#8 key" },
	{ "given an EC key with another d, it is refused", "EC", p256_pkcs8, 0, 0, 60,
	  "private numbers do not belong" },
	{ "given an EC key with a point off the curve, it is refused", "EC", p256_pkcs8, 0, 0, 137,
	  "not one PKCS#8 key" },
	{ "given an oct key of no bytes, it is refused", "oct", "", 0, 0, 0, "oct key is 0 bytes" },
	{ "given an oct key of 65 bytes, it is refused", "oct", "", 0, 65, 0,
	  "oct key is 65 bytes, expected 1 to 64" },
};

static void refuses_bad_keys(void **state)
{
	const struct bad_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob raw = given_base64(row->base64);
	KW_CLEANUP(kw_blob_clear) struct kw_blob extra = kw_blob_new(row->extra);
	KW_CLEANUP(kw_private_key_clear) struct kw_private_key key = { 0 };
	struct kw_error err = { 0 };

	raw.len -= row->cut;
	raw.data[row->flip_at] ^= row->flip_at > 0;
	kw_blob_append(&raw, kw_blob_bytes(&extra));
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = given_secret(kw_blob_bytes(&raw));
	assert_int_equal(kw_private_key_parse(row->kty, &plain, &key, &err), -1);
	assert_true(kw_error_is(&err, KW_E_UNW_KEY_FORM));
	assert_non_null(strstr(err.detail, row->says));
	assert_non_null(plain.data); /* still the caller's */
	assert_null(key.der.data);
}

static void takes_64_bytes(void **state)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob raw = kw_blob_new(64);
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = given_secret(kw_blob_bytes(&raw));
	KW_CLEANUP(kw_private_key_clear) struct kw_private_key key = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_private_key_parse("oct", &plain, &key, &err), 0);
	assert_int_equal(key.bits, 512);
}

/* Where each number of rsa_pkcs8 has its last byte, by `openssl asn1parse`. */
static const struct number_row {
	const char *name;
	size_t last;
} number_rows[] = {
	{ "given another n, it is refused", 293 },   { "given another e, it is refused", 298 },
	{ "given another d, it is refused", 558 },   { "given another p, it is refused", 690 },
	{ "given another q, it is refused", 822 },   { "given another dp, it is refused", 953 },
	{ "given another dq, it is refused", 1084 }, { "given another qi, it is refused", 1215 },
};

static void refuses_changed_numbers(void **state)
{
	const struct number_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob raw = given_base64(rsa_pkcs8);
	KW_CLEANUP(kw_private_key_clear) struct kw_private_key key = { 0 };
	struct kw_error err = { 0 };

	raw.data[row->last] ^= 2;
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = given_secret(kw_blob_bytes(&raw));
	assert_int_equal(kw_private_key_parse("RSA", &plain, &key, &err), -1);
	assert_true(kw_error_is(&err, KW_E_UNW_KEY_FORM));
	assert_non_null(strstr(err.detail, "private numbers do not belong"));
}

int main(void)
{
	static const struct {
		const char *name;
	} once[] = { { "given an oct key of 64 bytes, it is taken" } };

	return KW_ROWS_RUN(good_rows, gives_jwk) + KW_ROWS_RUN(ops_rows, copies_key_ops)
	       + KW_ROWS_RUN(pem_rows, gives_pem) + KW_ROWS_RUN(bad_rows, refuses_bad_keys)
	       + KW_ROWS_RUN(once, takes_64_bytes)
	       + KW_ROWS_RUN(number_rows, refuses_changed_numbers);
}
