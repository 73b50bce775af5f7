/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/sign.h"

#include "jose/openssl.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

KW_DEFINE_FREEP(ECDSA_SIG, ECDSA_SIG_free);

/* RFC 7518 3.5: the salt is as long as the digest, MGF1 has the same hash. */
static bool set_padding(EVP_PKEY_CTX *ctx, const struct kw_algorithm *alg)
{
	switch (alg->scheme) {
	case KW_SCHEME_RSA_PKCS1:
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
	case KW_SCHEME_RSA_PSS:
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1
		       && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1
		       && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, kw_hash_md(alg->hash)) == 1;
	case KW_SCHEME_ECDSA:
		return true;
	case KW_SCHEME_RSA_OAEP:
	case KW_SCHEME_AES_GCM:
	case KW_SCHEME_AES_KW:
		return false;
	}
	return false;
}

/* The signature in OpenSSL's own form: DER for ECDSA. */
static bool sign(EVP_PKEY *pkey, const struct kw_algorithm *alg, struct kw_bytes data,
		 struct kw_blob *ret)
{
	KW_CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	KW_CLEANUP(kw_blob_clear) struct kw_blob out = kw_blob_new((size_t)EVP_PKEY_get_size(pkey));
	EVP_PKEY_CTX *how = NULL; /* belongs to ctx */

	if (!ctx || EVP_DigestSignInit(ctx, &how, kw_hash_md(alg->hash), NULL, pkey) != 1
	    || !set_padding(how, alg)
	    || EVP_DigestSign(ctx, out.data, &out.len, data.data, data.len) != 1)
		return false;
	*ret = kw_blob_steal(&out);
	return true;
}

static bool der_to_halves(struct kw_bytes der, size_t half, struct kw_blob *ret)
{
	const uint8_t *at = der.data;
	KW_CLEANUP(ECDSA_SIG_freep) ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
	KW_CLEANUP(kw_blob_clear) struct kw_blob out = kw_blob_new(2 * half);

	if (!pair || BN_bn2binpad(ECDSA_SIG_get0_r(pair), out.data, (int)half) < 0
	    || BN_bn2binpad(ECDSA_SIG_get0_s(pair), out.data + half, (int)half) < 0)
		return false;
	*ret = kw_blob_steal(&out);
	return true;
}

static bool sign_as_jws(EVP_PKEY *pkey, const struct kw_algorithm *alg, struct kw_bytes data,
			struct kw_blob *ret)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob der = { 0 };

	if (alg->scheme != KW_SCHEME_ECDSA)
		return sign(pkey, alg, data, ret);
	return sign(pkey, alg, data, &der)
	       && der_to_halves(kw_blob_bytes(&der), kw_curve_field_size(kw_curve_row(alg->curve)),
				ret);
}

int kw_sign(const struct kw_algorithm *alg, struct kw_bytes pkcs8, struct kw_bytes data,
	    struct kw_blob *ret, struct kw_error *err)
{
	KW_CLEANUP(EVP_PKEY_freep) EVP_PKEY *pkey = kw_pkcs8_open(pkcs8);

	if (!pkey || !EVP_PKEY_is_a(pkey, alg->kty == KW_KTY_RSA ? "RSA" : "EC")
	    || !sign_as_jws(pkey, alg, data, ret)) {
		ERR_clear_error();
		return kw_fail(err, KW_E_SYS_CRYPTO, "%s over %zu bytes failed", alg->name,
			       data.len);
	}
	return 0;
}
