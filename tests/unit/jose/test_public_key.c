/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/public_key.h"

#include "ec_data.h"
#include "given.h"
#include "rsa_data.h"
#include "util/text.h"

/* RFC 7638 3.1 and RFC 7517 A.1: numbers of the documents. */
#define RFC7638_N                                                                            \
	"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6" \
	"tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5" \
	"v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD0" \
	"8qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU" \
	"8awapJzKnqDKgw"
#define RFC7517_X "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
#define RFC7517_Y "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"

static const struct good_row {
	const char *name, *jwk, *spki; /* JWK; DER of the same key, or "" */
	enum kw_kty kty;
	enum kw_curve curve;
	unsigned bits;
	const char *thumbprint;
} good_rows[] = {
	{ "given the key of RFC 7638 3.1, its thumbprint is the one there",
	  "{\"kty\":\"RSA\",\"n\":\"" RFC7638_N "\",\"e\":\"AQAB\",\"alg\":\"RS256\"}", "",
	  KW_KTY_RSA, KW_CURVE_NONE, 2048, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" },
	{ "given numbers with a leading zero byte and padding, the key is the same",
	  "{\"kty\":\"RSA\",\"n\":\"" RFC7638_N "\",\"e\":\"AAEAAQ==\"}", "", KW_KTY_RSA,
	  KW_CURVE_NONE, 2048, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" },
	{ "given the EC key of RFC 7517 A.1, it is on P-256",
	  "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7517_X "\",\"y\":\"" RFC7517_Y "\"}", "",
	  KW_KTY_EC, KW_P256, 256, "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s" },
	{ "given the vault's word for it, RSA-HSM, the key is the same",
	  "{\"kty\":\"RSA-HSM\",\"n\":\"" RFC7638_N "\",\"e\":\"AQAB\"}", "", KW_KTY_RSA,
	  KW_CURVE_NONE, 2048, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" },
	{ "given EC-HSM, the key is the same",
	  "{\"kty\":\"EC-HSM\",\"crv\":\"P-256\",\"x\":\"" RFC7517_X "\",\"y\":\"" RFC7517_Y "\"}",
	  "", KW_KTY_EC, KW_P256, 256, "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s" },
	{ "given a private RSA JWK, only the public numbers count", rsa_jwk, rsa_spki, KW_KTY_RSA,
	  KW_CURVE_NONE, 2048, rsa_thumbprint },
	{ "given P-256, JWK and DER are one key", p256_jwk, p256_spki, KW_KTY_EC, KW_P256, 256,
	  p256_thumbprint },
	{ "given P-256 with a compressed point, it is the same key", p256_jwk, p256_compressed,
	  KW_KTY_EC, KW_P256, 256, p256_thumbprint },
	{ "given P-384, JWK and DER are one key", p384_jwk, p384_spki, KW_KTY_EC, KW_P384, 384,
	  p384_thumbprint },
	{ "given P-521, JWK and DER are one key", p521_jwk, p521_spki, KW_KTY_EC, KW_P521, 521,
	  p521_thumbprint },
	{ "given P-256K, JWK and DER are one key", p256k_jwk, p256k_spki, KW_KTY_EC, KW_P256K, 256,
	  p256k_thumbprint },
};

static void reads_good_keys(void **state)
{
	const struct good_row *row = *state;
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = NULL;
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *same = NULL;
	KW_CLEANUP(kw_json_freep) struct kw_json *jwk = given_json(row->jwk);
	struct kw_error err = { 0 };

	assert_int_equal(kw_public_key_from_jwk(jwk, KW_E_SYS_DATA, &key, &err), 0);
	KW_CLEANUP(freep) char *thumbprint = kw_public_key_thumbprint(key);
	assert_string_equal(thumbprint, row->thumbprint);
	assert_int_equal(kw_public_key_type(key), row->kty);
	assert_int_equal(kw_public_key_curve(key), row->curve);
	assert_int_equal(kw_public_key_bits(key), row->bits);
	if (row->spki[0] == '\0')
		return;
	same = given_key(row->spki);
	assert_true(kw_public_key_equal(key, same));
	KW_CLEANUP(kw_json_freep) struct kw_json *again = kw_public_key_jwk(same);
	const char *const members[] = { "kty", "n", "e", "crv", "x", "y" };
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		assert_true(kw_json_equal(kw_json_get(again, members[i]),
					  kw_json_get(jwk, members[i])));
	assert_null(kw_json_get(again, "d"));
}

static const struct bad_row {
	const char *name, *jwk, *says;
} bad_rows[] = {
	{ "given no object, it is refused", "[]", "kty" },
	{ "given no kty, it is refused", "{\"n\":\"AQ\",\"e\":\"AQAB\"}", "kty" },
	{ "given kty oct, it is refused", "{\"kty\":\"oct\",\"k\":\"AQ\"}", "neither RSA nor EC" },
	{ "given no n, it is refused", "{\"kty\":\"RSA\",\"e\":\"AQAB\"}", "'n'" },
	{ "given no e, it is refused", "{\"kty\":\"RSA\",\"n\":\"" RFC7638_N "\"}", "'e'" },
	{ "given n in the other alphabet, it is refused",
	  "{\"kty\":\"RSA\",\"n\":\"++//\",\"e\":\"AQAB\"}", "'n'" },
	{ "given an even exponent, it is refused",
	  "{\"kty\":\"RSA\",\"n\":\"" RFC7638_N "\",\"e\":\"AQAA\"}", "exponent" },
	{ "given the exponent 1, it is refused",
	  "{\"kty\":\"RSA\",\"n\":\"" RFC7638_N "\",\"e\":\"AQ\"}", "exponent" },
	{ "given an empty exponent, it is refused",
	  "{\"kty\":\"RSA\",\"n\":\"" RFC7638_N "\",\"e\":\"\"}", "e" },
	{ "given an exponent of 65 bits, it is refused",
	  "{\"kty\":\"RSA\",\"n\":\"" RFC7638_N "\",\"e\":\"AQAAAAAAAAAB\"}", "exponent" },
	{ "given an unknown curve, it is refused",
	  "{\"kty\":\"EC\",\"crv\":\"P-192\",\"x\":\"AQ\",\"y\":\"AQ\"}", "crv" },
	{ "given a coordinate one byte short, it is refused",
	  "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
	  "\"y\":\"" RFC7517_Y "\"}",
	  "31 and 32 bytes, expected 32" },
	{ "given a coordinate one byte long, it is refused",
	  "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7517_X
	  "\",\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
	  "32 and 33 bytes, expected 32" },
	{ "given a point off the curve, it is refused",
	  "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" RFC7517_Y "\",\"y\":\"" RFC7517_X "\"}",
	  "not on the curve P-256" },
	{ "given a point of another curve, it is refused",
	  "{\"kty\":\"EC\",\"crv\":\"P-256K\",\"x\":\"" RFC7517_X "\",\"y\":\"" RFC7517_Y "\"}",
	  "not on the curve P-256K" },
};

static void refuses_bad_keys(void **state)
{
	const struct bad_row *row = *state;
	KW_CLEANUP(kw_json_freep) struct kw_json *jwk = given_json(row->jwk);
	struct kw_public_key *key = NULL;
	struct kw_error err = { 0 };

	assert_int_equal(kw_public_key_from_jwk(jwk, KW_E_TOK_METADATA, &key, &err), -1);
	assert_null(key);
	assert_true(kw_error_is(&err, KW_E_TOK_METADATA));
	assert_non_null(strstr(err.detail, row->says));
}

static const struct size_row {
	const char *name;
	unsigned bits;
	bool odd;
	uint32_t e;
	int expect;
} size_rows[] = {
	{ "given a modulus of 1023 bits, it is refused", 1023, true, 65537, -1 },
	{ "given a modulus of 1024 bits, it is taken", 1024, true, 65537, 0 },
	{ "given a modulus of 16384 bits, it is taken", 16384, true, 65537, 0 },
	{ "given a modulus of 16385 bits, it is refused", 16385, true, 65537, -1 },
	{ "given an even modulus, it is refused", 2048, false, 65537, -1 },
	{ "given the exponent 3, it is taken", 2048, true, 3, 0 },
	{ "given the exponent 0, it is refused", 2048, true, 0, -1 },
	{ "given the exponent 65536, it is refused", 2048, true, 65536, -1 },
};

/* A leading zero byte is given too, and must be gone in the modulus that comes back. */
static void judges_sizes(void **state)
{
	const struct size_row *row = *state;
	uint8_t n[2 + 16385 / 8] = { 0 };
	size_t len = (row->bits + 7) / 8;
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = NULL;
	struct kw_error err = { 0 };

	n[1] = (uint8_t)(1U << (row->bits - 1) % 8);
	n[len] |= row->odd;
	assert_int_equal(kw_public_key_from_rsa((struct kw_bytes){ n, len + 1 }, row->e,
						KW_E_TPM_AK_TYPE, &key, &err),
			 row->expect);
	if (row->expect < 0) {
		assert_true(kw_error_is(&err, KW_E_TPM_AK_TYPE));
		return;
	}
	KW_CLEANUP(kw_blob_clear) struct kw_blob modulus = kw_public_key_modulus(key);
	assert_true(kw_bytes_equal(kw_blob_bytes(&modulus), (struct kw_bytes){ n + 1, len }));
}

static const struct der_row {
	const char *name, *base64;
	size_t cut, extra; /* bytes taken away and added at the end */
} der_rows[] = {
	{ "given DER one byte too short, it is refused", rsa_spki, 1, 0 },
	{ "given DER and one byte more, it is refused", rsa_spki, 0, 1 },
	{ "given nothing, it is refused", rsa_spki, sizeof(rsa_spki) / 4 * 3 - 2, 0 },
	{ "given a private key, it is refused", rsa_pkcs8, 0, 0 },
	{ "given spelled-out curve parameters, it is refused", p256_explicit, 0, 0 },
	{ "given Ed25519, it is refused", ed25519_spki, 0, 0 },
};

static void refuses_bad_der(void **state)
{
	const struct der_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob der = given_base64(row->base64);
	struct kw_public_key *key = NULL;
	struct kw_error err = { 0 };

	for (size_t i = 0; i < row->extra; i++)
		kw_blob_append(&der, (struct kw_bytes){ (const uint8_t *)"", 1 });
	der.len -= row->cut < der.len ? row->cut : der.len;
	assert_int_equal(kw_public_key_from_spki(kw_blob_bytes(&der), KW_E_SYS_DATA, &key, &err),
			 -1);
	assert_null(key);
	assert_true(kw_error_is(&err, KW_E_SYS_DATA));
}

static const struct pem_row {
	const char *name, *pem;
	int expect;
} pem_rows[] = {
	{ "given a PUBLIC KEY block, it is read", rsa_public_pem, 0 },
	{ "given a PRIVATE KEY block, it is refused", rsa_pem, -1 },
	{ "given an empty text, it is refused", "", -1 },
	{ "given a text without a block, it is refused", "PUBLIC KEY", -1 },
};

static void reads_pem(void **state)
{
	const struct pem_row *row = *state;
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = NULL;
	struct kw_error err = { 0 };

	assert_int_equal(kw_public_key_from_pem(kw_bytes_text(row->pem), KW_E_SYS_DATA, &key, &err),
			 row->expect);
	if (row->expect < 0)
		return;
	KW_CLEANUP(freep) char *pem = kw_public_key_pem(key);
	KW_CLEANUP(kw_blob_clear) struct kw_blob spki = kw_public_key_spki(key);
	KW_CLEANUP(freep) char *base64 = kw_base64_encode(KW_BASE64, kw_blob_bytes(&spki));
	assert_string_equal(pem, row->pem);
	assert_string_equal(base64, rsa_spki);
}

static void tells_keys_apart(void **state)
{
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *rsa = given_key(rsa_spki);
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *p256 = given_key(p256_spki);
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *p256k = given_key(p256k_spki);
	KW_CLEANUP(kw_blob_clear) struct kw_blob modulus = kw_public_key_modulus(p256);

	(void)state;
	assert_false(kw_public_key_equal(rsa, p256));
	assert_false(kw_public_key_equal(p256, p256k));
	assert_true(kw_public_key_equal(p256, p256));
	assert_int_equal(modulus.len, 0);
}

int main(void)
{
	static const struct {
		const char *name;
	} once[] = { { "given three keys, each equals itself alone" } };

	return KW_ROWS_RUN(good_rows, reads_good_keys) + KW_ROWS_RUN(bad_rows, refuses_bad_keys)
	       + KW_ROWS_RUN(size_rows, judges_sizes) + KW_ROWS_RUN(der_rows, refuses_bad_der)
	       + KW_ROWS_RUN(pem_rows, reads_pem) + KW_ROWS_RUN(once, tells_keys_apart);
}
