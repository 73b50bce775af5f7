/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever the source, a public key is reduced to its numbers, judged, and built anew: two keys
 * with the same numbers are the same key, and nothing of a foreign encoding survives.
 */
#include "jose/public_key.h"

#include "jose/openssl.h"
#include "util/base64.h"
#include "util/memory.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

/* OpenSSL refuses larger exponents beside large moduli; nobody makes them. */
enum { RSA_BITS_MIN = 1024, RSA_BITS_MAX = 16384, RSA_E_BITS_MAX = 64 };

static const struct kw_curve_row curves[] = {
	{ KW_P256, 256, "P-256", "prime256v1" },
	{ KW_P384, 384, "P-384", "secp384r1" },
	{ KW_P521, 521, "P-521", "secp521r1" },
	{ KW_P256K, 256, "P-256K", "secp256k1" },
};

enum { N_CURVES = sizeof(curves) / sizeof(curves[0]) };

const struct kw_curve_row *kw_curve_row(enum kw_curve curve)
{
	for (size_t i = 0; i < N_CURVES; i++)
		if (curves[i].curve == curve)
			return &curves[i];
	abort(); /* only EC keys ask, and each has one of our curves */
}

static const struct kw_curve_row *curve_of_jwk(const char *name)
{
	for (size_t i = 0; i < N_CURVES; i++)
		if (strcmp(curves[i].jwk, name) == 0)
			return &curves[i];
	return NULL;
}

static const struct kw_curve_row *curve_of_group(const char *name)
{
	for (size_t i = 0; i < N_CURVES; i++)
		if (strcmp(curves[i].group, name) == 0)
			return &curves[i];
	return NULL;
}

BIGNUM *kw_pkey_number(const EVP_PKEY *pkey, const char *param)
{
	BIGNUM *number = NULL;

	if (EVP_PKEY_get_bn_param(pkey, param, &number) != 1)
		ERR_clear_error();
	return number;
}

/* NULL: OpenSSL does not take the numbers (a point off its curve). */
static EVP_PKEY *build(const char *type, OSSL_PARAM_BLD *members)
{
	KW_CLEANUP(EVP_PKEY_CTX_freep)
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	KW_CLEANUP(OSSL_PARAM_freep) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(members);
	EVP_PKEY *pkey = NULL;

	if (!ctx || !params || EVP_PKEY_fromdata_init(ctx) != 1
	    || EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		ERR_clear_error();
	return pkey;
}

static struct kw_public_key *wrap(EVP_PKEY *pkey, enum kw_kty kty, enum kw_curve curve,
				  unsigned bits)
{
	struct kw_public_key *key = kw_alloc(sizeof(*key));

	*key = (struct kw_public_key){ pkey, kty, curve, bits };
	return key;
}

static int build_rsa(const BIGNUM *n, const BIGNUM *e, enum kw_error_name error,
		     struct kw_public_key **ret, struct kw_error *err)
{
	KW_CLEANUP(OSSL_PARAM_BLD_freep) OSSL_PARAM_BLD *members = OSSL_PARAM_BLD_new();
	KW_CLEANUP(EVP_PKEY_freep) EVP_PKEY *pkey = NULL;
	int bits = BN_num_bits(n);

	if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX || !BN_is_odd(n))
		return kw_fail(err, error,
			       "RSA modulus is an %s number of %d bits, expected an "
			       "odd one of %d to %d",
			       BN_is_odd(n) ? "odd" : "even", bits, RSA_BITS_MIN, RSA_BITS_MAX);
	if (!BN_is_odd(e) || BN_is_one(e) || BN_num_bits(e) > RSA_E_BITS_MAX)
		return kw_fail(err, error, "RSA exponent is not an odd number from 3 to %d bits",
			       RSA_E_BITS_MAX);
	if (members && OSSL_PARAM_BLD_push_BN(members, OSSL_PKEY_PARAM_RSA_N, n) == 1
	    && OSSL_PARAM_BLD_push_BN(members, OSSL_PKEY_PARAM_RSA_E, e) == 1)
		pkey = build("RSA", members);
	if (!pkey)
		return kw_fail(err, error, "RSA key is not accepted by the crypto library");
	*ret = wrap(KW_STEAL(pkey), KW_KTY_RSA, KW_CURVE_NONE, (unsigned)bits);
	return 0;
}

/* Quick check: range and curve equation. All our curves have cofactor 1, so that is the whole. */
static bool point_is_good(EVP_PKEY *pkey)
{
	KW_CLEANUP(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	bool good = ctx && EVP_PKEY_public_check_quick(ctx) == 1;

	ERR_clear_error();
	return good;
}

static int build_ec(const struct kw_curve_row *row, struct kw_bytes x, struct kw_bytes y,
		    enum kw_error_name error, struct kw_public_key **ret, struct kw_error *err)
{
	KW_CLEANUP(OSSL_PARAM_BLD_freep) OSSL_PARAM_BLD *members = OSSL_PARAM_BLD_new();
	KW_CLEANUP(EVP_PKEY_freep) EVP_PKEY *pkey = NULL;
	uint8_t point[1 + 2 * KW_EC_FIELD_SIZE_MAX] = { POINT_CONVERSION_UNCOMPRESSED };
	size_t size = kw_curve_field_size(row);

	/* RFC 7518 6.2.1.2: the full size of a coordinate, no more and no less. */
	if (x.len != size || y.len != size)
		return kw_fail(err, error,
			       "EC coordinates are %zu and %zu bytes, expected %zu for %s", x.len,
			       y.len, size, row->jwk);
	memcpy(point + 1, x.data, size);
	memcpy(point + 1 + size, y.data, size);
	if (members
	    && OSSL_PARAM_BLD_push_utf8_string(members, OSSL_PKEY_PARAM_GROUP_NAME, row->group, 0)
		       == 1
	    && OSSL_PARAM_BLD_push_octet_string(members, OSSL_PKEY_PARAM_PUB_KEY, point,
						1 + 2 * size)
		       == 1)
		pkey = build("EC", members);
	if (!pkey || !point_is_good(pkey))
		return kw_fail(err, error, "EC point is not on the curve %s", row->jwk);
	*ret = wrap(KW_STEAL(pkey), KW_KTY_EC, row->curve, row->bits);
	return 0;
}

static int rsa_from_pkey(const EVP_PKEY *pkey, enum kw_error_name error, struct kw_public_key **ret,
			 struct kw_error *err)
{
	KW_CLEANUP(BN_clear_freep) BIGNUM *n = kw_pkey_number(pkey, OSSL_PKEY_PARAM_RSA_N);
	KW_CLEANUP(BN_clear_freep) BIGNUM *e = kw_pkey_number(pkey, OSSL_PKEY_PARAM_RSA_E);

	if (!n || !e)
		return kw_fail(err, error, "RSA key has no modulus or no exponent");
	return build_rsa(n, e, error, ret, err);
}

/* A named curve only: spelled-out parameters may describe any curve (CVE-2020-0601). */
static const struct kw_curve_row *curve_of_pkey(const EVP_PKEY *pkey)
{
	char group[64];
	int explicit = 1;

	if (EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit)
		    != 1
	    || explicit != 0
	    || EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group,
					      sizeof(group), NULL)
		       != 1) {
		ERR_clear_error();
		return NULL;
	}
	return curve_of_group(group);
}

static int ec_from_pkey(const EVP_PKEY *pkey, enum kw_error_name error, struct kw_public_key **ret,
			struct kw_error *err)
{
	KW_CLEANUP(BN_clear_freep) BIGNUM *x = kw_pkey_number(pkey, OSSL_PKEY_PARAM_EC_PUB_X);
	KW_CLEANUP(BN_clear_freep) BIGNUM *y = kw_pkey_number(pkey, OSSL_PKEY_PARAM_EC_PUB_Y);
	const struct kw_curve_row *row = curve_of_pkey(pkey);
	uint8_t raw[2][KW_EC_FIELD_SIZE_MAX];

	if (!row)
		return kw_fail(err, error, "EC key is not on a known named curve");
	int size = (int)kw_curve_field_size(row);
	if (!x || !y || BN_bn2binpad(x, raw[0], size) != size
	    || BN_bn2binpad(y, raw[1], size) != size)
		return kw_fail(err, error, "EC key has no public point");
	return build_ec(row, (struct kw_bytes){ raw[0], (size_t)size },
			(struct kw_bytes){ raw[1], (size_t)size }, error, ret, err);
}

int kw_public_key_from_pkey(const EVP_PKEY *pkey, enum kw_error_name error,
			    struct kw_public_key **ret, struct kw_error *err)
{
	if (EVP_PKEY_is_a(pkey, "RSA"))
		return rsa_from_pkey(pkey, error, ret, err);
	if (EVP_PKEY_is_a(pkey, "EC"))
		return ec_from_pkey(pkey, error, ret, err);
	return kw_fail(err, error, "key is neither RSA nor EC");
}

static BIGNUM *new_number(struct kw_bytes big_endian)
{
	BIGNUM *n = BN_bin2bn(big_endian.data, (int)big_endian.len, NULL);

	if (!n)
		kw_out_of_memory();
	return n;
}

static int rsa_from_jwk(const struct kw_json *jwk, enum kw_error_name error,
			struct kw_public_key **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob n_raw = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob e_raw = { 0 };

	if (kw_json_want_base64(jwk, "n", KW_BASE64URL_LENIENT, error, &n_raw, err) < 0
	    || kw_json_want_base64(jwk, "e", KW_BASE64URL_LENIENT, error, &e_raw, err) < 0)
		return -1;
	KW_CLEANUP(BN_clear_freep) BIGNUM *n = new_number(kw_blob_bytes(&n_raw));
	KW_CLEANUP(BN_clear_freep) BIGNUM *e = new_number(kw_blob_bytes(&e_raw));
	return build_rsa(n, e, error, ret, err);
}

static int ec_from_jwk(const struct kw_json *jwk, enum kw_error_name error,
		       struct kw_public_key **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob x = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob y = { 0 };
	const char *crv = NULL;

	if (kw_json_want_string(jwk, "crv", error, &crv, err) < 0)
		return -1;
	const struct kw_curve_row *row = curve_of_jwk(crv);
	if (!row)
		return kw_fail(err, error,
			       "member 'crv' names none of P-256, P-384, P-521, P-256K");
	if (kw_json_want_base64(jwk, "x", KW_BASE64URL_LENIENT, error, &x, err) < 0
	    || kw_json_want_base64(jwk, "y", KW_BASE64URL_LENIENT, error, &y, err) < 0)
		return -1;
	return build_ec(row, kw_blob_bytes(&x), kw_blob_bytes(&y), error, ret, err);
}

int kw_public_key_from_jwk(const struct kw_json *jwk, enum kw_error_name error,
			   struct kw_public_key **ret, struct kw_error *err)
{
	const char *kty = NULL;

	if (kw_json_want_string(jwk, "kty", error, &kty, err) < 0)
		return kw_wrap(err, "JWK");
	if (strcmp(kty, "RSA") == 0 || strcmp(kty, "RSA-HSM") == 0)
		return rsa_from_jwk(jwk, error, ret, err) < 0 ? kw_wrap(err, "JWK") : 0;
	if (strcmp(kty, "EC") == 0 || strcmp(kty, "EC-HSM") == 0)
		return ec_from_jwk(jwk, error, ret, err) < 0 ? kw_wrap(err, "JWK") : 0;
	return kw_fail(err, error, "JWK: member 'kty' is neither RSA nor EC");
}

int kw_public_key_from_rsa(struct kw_bytes n, uint32_t e, enum kw_error_name error,
			   struct kw_public_key **ret, struct kw_error *err)
{
	KW_CLEANUP(BN_clear_freep) BIGNUM *modulus = new_number(n);
	KW_CLEANUP(BN_clear_freep) BIGNUM *exponent = new_number((struct kw_bytes){ NULL, 0 });

	if (BN_set_word(exponent, e) != 1)
		kw_out_of_memory();
	return build_rsa(modulus, exponent, error, ret, err);
}

int kw_public_key_from_spki(struct kw_bytes der, enum kw_error_name error,
			    struct kw_public_key **ret, struct kw_error *err)
{
	KW_CLEANUP(EVP_PKEY_freep) EVP_PKEY *pkey = NULL;
	const uint8_t *at = der.data;
	size_t size = 0;

	if (kw_der_size(der, &size) && size == der.len)
		pkey = d2i_PUBKEY(NULL, &at, (long)der.len);
	if (!pkey || at != der.data + der.len) {
		ERR_clear_error();
		return kw_fail(err, error, "%zu bytes are not one SubjectPublicKeyInfo", der.len);
	}
	return kw_public_key_from_pkey(pkey, error, ret, err);
}

int kw_public_key_from_pem(struct kw_bytes pem, enum kw_error_name error,
			   struct kw_public_key **ret, struct kw_error *err)
{
	KW_CLEANUP(BIO_free_allp) BIO *in = BIO_new_mem_buf(pem.data, (int)pem.len);
	char *name = NULL, *header = NULL;
	uint8_t *der = NULL;
	long len = 0;
	int r;

	if (!in || PEM_read_bio(in, &name, &header, &der, &len) != 1) {
		ERR_clear_error();
		return kw_fail(err, error, "text has no PEM block");
	}
	if (strcmp(name, PEM_STRING_PUBLIC) != 0 || header[0] != '\0')
		r = kw_fail(err, error, "PEM block is not a PUBLIC KEY");
	else
		r = kw_public_key_from_spki((struct kw_bytes){ der, (size_t)len }, error, ret, err);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_clear_free(der, (size_t)len); /* somebody may have passed a private key */
	return r;
}

void kw_public_key_free(struct kw_public_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

enum kw_kty kw_public_key_type(const struct kw_public_key *key)
{
	return key->kty;
}

enum kw_curve kw_public_key_curve(const struct kw_public_key *key)
{
	return key->curve;
}

unsigned kw_public_key_bits(const struct kw_public_key *key)
{
	return key->bits;
}

bool kw_public_key_equal(const struct kw_public_key *a, const struct kw_public_key *b)
{
	return EVP_PKEY_eq(a->pkey, b->pkey) == 1;
}
