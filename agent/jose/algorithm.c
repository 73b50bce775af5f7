/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/algorithm.h"

#include <string.h>

enum { DECRYPTS = 1 << KW_USE_DECRYPT, SIGNS = 1 << KW_USE_SIGN, UNWRAPS = 1 << KW_USE_UNWRAP };
enum { RSA_MIN = KW_ALGORITHM_RSA_BITS_MIN };

static const struct row {
	unsigned uses;
	struct kw_algorithm alg;
} rows[] = {
	/* clang-format off */
	{ SIGNS, { "RS256",  KW_SCHEME_RSA_PKCS1, KW_KTY_RSA, KW_CURVE_NONE, KW_SHA256, RSA_MIN } },
	{ SIGNS, { "RS384",  KW_SCHEME_RSA_PKCS1, KW_KTY_RSA, KW_CURVE_NONE, KW_SHA384, RSA_MIN } },
	{ SIGNS, { "RS512",  KW_SCHEME_RSA_PKCS1, KW_KTY_RSA, KW_CURVE_NONE, KW_SHA512, RSA_MIN } },
	{ SIGNS, { "PS256",  KW_SCHEME_RSA_PSS,   KW_KTY_RSA, KW_CURVE_NONE, KW_SHA256, RSA_MIN } },
	{ SIGNS, { "PS384",  KW_SCHEME_RSA_PSS,   KW_KTY_RSA, KW_CURVE_NONE, KW_SHA384, RSA_MIN } },
	{ SIGNS, { "PS512",  KW_SCHEME_RSA_PSS,   KW_KTY_RSA, KW_CURVE_NONE, KW_SHA512, RSA_MIN } },
	{ SIGNS, { "ES256",  KW_SCHEME_ECDSA,     KW_KTY_EC,  KW_P256,       KW_SHA256, 0 } },
	{ SIGNS, { "ES384",  KW_SCHEME_ECDSA,     KW_KTY_EC,  KW_P384,       KW_SHA384, 0 } },
	{ SIGNS, { "ES512",  KW_SCHEME_ECDSA,     KW_KTY_EC,  KW_P521,       KW_SHA512, 0 } },
	{ SIGNS, { "ES256K", KW_SCHEME_ECDSA,     KW_KTY_EC,  KW_P256K,      KW_SHA256, 0 } },
	{ DECRYPTS | UNWRAPS, { "RSA-OAEP",     KW_SCHEME_RSA_OAEP, KW_KTY_RSA, KW_CURVE_NONE, KW_SHA1,   RSA_MIN } },
	{ DECRYPTS | UNWRAPS, { "RSA-OAEP-256", KW_SCHEME_RSA_OAEP, KW_KTY_RSA, KW_CURVE_NONE, KW_SHA256, RSA_MIN } },
	{ DECRYPTS, { "A128GCM", KW_SCHEME_AES_GCM, KW_KTY_OCT, KW_CURVE_NONE, KW_SHA1, 128 } },
	{ DECRYPTS, { "A192GCM", KW_SCHEME_AES_GCM, KW_KTY_OCT, KW_CURVE_NONE, KW_SHA1, 192 } },
	{ DECRYPTS, { "A256GCM", KW_SCHEME_AES_GCM, KW_KTY_OCT, KW_CURVE_NONE, KW_SHA1, 256 } },
	{ UNWRAPS,  { "A128KW",  KW_SCHEME_AES_KW,  KW_KTY_OCT, KW_CURVE_NONE, KW_SHA1, 128 } },
	{ UNWRAPS,  { "A192KW",  KW_SCHEME_AES_KW,  KW_KTY_OCT, KW_CURVE_NONE, KW_SHA1, 192 } },
	{ UNWRAPS,  { "A256KW",  KW_SCHEME_AES_KW,  KW_KTY_OCT, KW_CURVE_NONE, KW_SHA1, 256 } },
	/* clang-format on */
};

const struct kw_algorithm *kw_algorithm_find(const char *name, enum kw_use use)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if ((rows[i].uses & 1u << use) != 0 && strcmp(rows[i].alg.name, name) == 0)
			return &rows[i].alg;
	return NULL;
}

bool kw_algorithm_fits(const struct kw_algorithm *alg, enum kw_kty kty, enum kw_curve curve,
		       unsigned bits)
{
	if (alg->kty != kty)
		return false;
	switch (kty) {
	case KW_KTY_RSA:
		return bits >= alg->bits;
	case KW_KTY_EC:
		return curve == alg->curve;
	case KW_KTY_OCT:
		return bits == alg->bits;
	}
	return false;
}
