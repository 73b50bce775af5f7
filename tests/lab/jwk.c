/* SPDX-License-Identifier: Apache-2.0 */
/* Keys as JSON and as numbers. */
#include "jose.h"
#include "util/base64.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <string.h>

static const struct curve {
	const char *jose, *openssl;
	size_t size;
} curves[] = {
	{ "P-256", "prime256v1", 32 },
	{ "P-384", "secp384r1", 48 },
	{ "P-521", "secp521r1", 66 },
	{ "P-256K", "secp256k1", 32 },
};
enum { N_CURVES = sizeof(curves) / sizeof(curves[0]) };

static const struct curve *curve_find(const char *jose)
{
	for (size_t i = 0; jose != NULL && i < N_CURVES; i++)
		if (strcmp(curves[i].jose, jose) == 0)
			return &curves[i];
	return NULL;
}

static const struct curve *curve_of(EVP_PKEY *key)
{
	char group[64] = "";

	EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group), NULL);
	for (size_t i = 0; i < N_CURVES; i++)
		if (strcmp(curves[i].openssl, group) == 0)
			return &curves[i];
	lab_die("an EC key on the curve '%s'", group);
}

/* A number of the key in `size` bytes; 0: as many as it needs. */
static struct kw_blob number(EVP_PKEY *key, const char *name, size_t size)
{
	BIGNUM *value = NULL;
	struct kw_blob out;

	if (EVP_PKEY_get_bn_param(key, name, &value) != 1)
		lab_die("a key without '%s'", name);
	if (size == 0)
		size = (size_t)BN_num_bytes(value);
	out = kw_blob_new(size);
	if (BN_bn2binpad(value, out.data, (int)size) < 0)
		lab_die("'%s' of a key is longer than %zu bytes", name, size);
	BN_free(value);
	return out;
}

static void add_number(struct kw_json *jwk, const char *member, EVP_PKEY *key, const char *name,
		       size_t size)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob value = number(key, name, size);

	lab_add_b64url(jwk, member, kw_blob_bytes(&value));
}

void lab_jwk_add_public(struct kw_json *jwk, EVP_PKEY *key)
{
	const struct curve *curve;

	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
		add_number(jwk, "n", key, OSSL_PKEY_PARAM_RSA_N, 0);
		add_number(jwk, "e", key, OSSL_PKEY_PARAM_RSA_E, 0);
		return;
	}
	curve = curve_of(key);
	kw_json_add_string(jwk, "crv", curve->jose);
	add_number(jwk, "x", key, OSSL_PKEY_PARAM_EC_PUB_X, curve->size);
	add_number(jwk, "y", key, OSSL_PKEY_PARAM_EC_PUB_Y, curve->size);
}

struct kw_blob lab_rsa_modulus(EVP_PKEY *key)
{
	if (key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
		return (struct kw_blob){ 0 };
	return number(key, OSSL_PKEY_PARAM_RSA_N, 0);
}

EVP_PKEY *lab_rsa_generate(unsigned bits)
{
	EVP_PKEY *key = EVP_RSA_gen(bits);

	if (key == NULL)
		lab_die("no RSA key of %u bits", bits);
	return key;
}

EVP_PKEY *lab_ec_generate(const char *name)
{
	const struct curve *curve = curve_find(name);

	return curve != NULL ? EVP_EC_gen(curve->openssl) : NULL;
}

EVP_PKEY *lab_ec_generate_like(EVP_PKEY *key)
{
	return lab_ec_generate(curve_of(key)->jose);
}

/* A key from parameters; takes the builder. NULL: they do not make one. */
static EVP_PKEY *build(const char *type, int selection, OSSL_PARAM_BLD *builder)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (params == NULL || EVP_PKEY_fromdata_init(context) != 1
	    || EVP_PKEY_fromdata(context, &key, selection, params) != 1)
		key = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(context);
	return key;
}

/* An odd modulus without small factors, an exponent that can be one: OpenSSL encrypts with no
 * other.
 */
static bool public_key_sound(EVP_PKEY *key)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	bool sound = context != NULL && EVP_PKEY_public_check(context) == 1;

	EVP_PKEY_CTX_free(context);
	return sound;
}

EVP_PKEY *lab_rsa_public(struct kw_bytes n, struct kw_bytes e)
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	BIGNUM *modulus = BN_bin2bn(n.data, (int)n.len, NULL);
	BIGNUM *exponent = BN_bin2bn(e.data, (int)e.len, NULL);
	EVP_PKEY *key;

	OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus);
	OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent);
	key = build("RSA", EVP_PKEY_PUBLIC_KEY, builder);
	BN_free(modulus);
	BN_free(exponent);
	if (key != NULL && public_key_sound(key))
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

/* A base64url member of a JWK; empty if it is missing or not that. */
static struct kw_blob jwk_bytes(const struct kw_json *jwk, const char *member)
{
	const char *text = kw_json_string(kw_json_get(jwk, member));
	struct kw_blob out = { 0 };

	if (text != NULL && !kw_base64_decode(KW_BASE64URL_LENIENT, kw_bytes_text(text), &out))
		return (struct kw_blob){ 0 };
	return out;
}

static EVP_PKEY *rsa_private(const struct kw_json *jwk)
{
	static const struct {
		const char *member, *param;
	} parts[] = {
		{ "n", OSSL_PKEY_PARAM_RSA_N },		 { "e", OSSL_PKEY_PARAM_RSA_E },
		{ "d", OSSL_PKEY_PARAM_RSA_D },		 { "p", OSSL_PKEY_PARAM_RSA_FACTOR1 },
		{ "q", OSSL_PKEY_PARAM_RSA_FACTOR2 },	 { "dp", OSSL_PKEY_PARAM_RSA_EXPONENT1 },
		{ "dq", OSSL_PKEY_PARAM_RSA_EXPONENT2 }, { "qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1 },
	};
	enum { N_PARTS = sizeof(parts) / sizeof(parts[0]) };
	BIGNUM *numbers[N_PARTS] = { NULL };
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	EVP_PKEY *key;

	for (size_t i = 0; i < N_PARTS; i++) {
		KW_CLEANUP(kw_blob_clear) struct kw_blob bytes = jwk_bytes(jwk, parts[i].member);

		numbers[i] = BN_bin2bn(bytes.data, (int)bytes.len, NULL);
		OSSL_PARAM_BLD_push_BN(builder, parts[i].param, numbers[i]);
	}
	key = build("RSA", EVP_PKEY_KEYPAIR, builder);
	for (size_t i = 0; i < N_PARTS; i++)
		BN_clear_free(numbers[i]);
	return key;
}

static EVP_PKEY *ec_private(const struct kw_json *jwk)
{
	const struct curve *curve = curve_find(kw_json_string(kw_json_get(jwk, "crv")));
	KW_CLEANUP(kw_blob_clear) struct kw_blob x = jwk_bytes(jwk, "x");
	KW_CLEANUP(kw_blob_clear) struct kw_blob y = jwk_bytes(jwk, "y");
	KW_CLEANUP(kw_blob_clear) struct kw_blob d = jwk_bytes(jwk, "d");
	KW_CLEANUP(kw_blob_clear) struct kw_blob point = kw_blob_copy(KW_BYTES((uint8_t[]){ 4 }));
	OSSL_PARAM_BLD *builder;
	BIGNUM *secret;
	EVP_PKEY *key;

	if (curve == NULL || x.len != curve->size || y.len != curve->size || d.len == 0)
		return NULL;
	kw_blob_append(&point, kw_blob_bytes(&x));
	kw_blob_append(&point, kw_blob_bytes(&y));
	secret = BN_bin2bn(d.data, (int)d.len, NULL);
	builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, curve->openssl, 0);
	OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data, point.len);
	OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, secret);
	key = build("EC", EVP_PKEY_KEYPAIR, builder);
	BN_clear_free(secret);
	return key;
}

EVP_PKEY *lab_jwk_private(const struct kw_json *jwk)
{
	const char *kty = kw_json_string(kw_json_get(jwk, "kty"));

	if (kty != NULL && strncmp(kty, "RSA", 3) == 0)
		return rsa_private(jwk);
	if (kty != NULL && strncmp(kty, "EC", 2) == 0)
		return ec_private(jwk);
	return NULL;
}
