/* SPDX-License-Identifier: Apache-2.0 */
/* The plain signature checks. Every length is judged here, before OpenSSL sees a byte. */
#include "jose/openssl.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

KW_DEFINE_FREEP(ECDSA_SIG, ECDSA_SIG_free);

static size_t modulus_size(const struct kw_public_key *key)
{
	return (key->bits + 7) / 8;
}

bool kw_verify_rsa_pkcs1(const struct kw_public_key *key, enum kw_hash hash, struct kw_bytes data,
			 struct kw_bytes signature)
{
	KW_CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *rsa = NULL; /* belongs to ctx */

	if (key->kty != KW_KTY_RSA || signature.len != modulus_size(key))
		return false;
	bool ok = ctx && EVP_DigestVerifyInit(ctx, &rsa, kw_hash_md(hash), NULL, key->pkey) == 1
		  && EVP_PKEY_CTX_set_rsa_padding(rsa, RSA_PKCS1_PADDING) == 1
		  && EVP_DigestVerify(ctx, signature.data, signature.len, data.data, data.len) == 1;
	ERR_clear_error();
	return ok;
}

bool kw_verify_rsa_pss(const struct kw_public_key *key, enum kw_hash hash, int salt_len,
		       struct kw_bytes data, struct kw_bytes signature)
{
	KW_CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *rsa = NULL; /* belongs to ctx */

	/* To OpenSSL a negative length of the salt means "whatever you find". */
	if (key->kty != KW_KTY_RSA || signature.len != modulus_size(key) || salt_len < 0)
		return false;
	bool ok = ctx && EVP_DigestVerifyInit(ctx, &rsa, kw_hash_md(hash), NULL, key->pkey) == 1
		  && EVP_PKEY_CTX_set_rsa_padding(rsa, RSA_PKCS1_PSS_PADDING) == 1
		  && EVP_PKEY_CTX_set_rsa_pss_saltlen(rsa, salt_len) == 1
		  && EVP_PKEY_CTX_set_rsa_mgf1_md(rsa, kw_hash_md(hash)) == 1
		  && EVP_DigestVerify(ctx, signature.data, signature.len, data.data, data.len) == 1;
	ERR_clear_error();
	return ok;
}

/* The DER that OpenSSL wants; OPENSSL_free() it. 0: memory is out. */
static int ecdsa_der(struct kw_bytes r_and_s, uint8_t **ret)
{
	KW_CLEANUP(ECDSA_SIG_freep) ECDSA_SIG *pair = ECDSA_SIG_new();
	int half = (int)(r_and_s.len / 2);
	BIGNUM *r = BN_bin2bn(r_and_s.data, half, NULL);
	BIGNUM *s = BN_bin2bn(r_and_s.data + half, half, NULL);

	if (!pair || !r || !s || ECDSA_SIG_set0(pair, r, s) != 1) {
		BN_free(r);
		BN_free(s);
		return 0;
	}
	return i2d_ECDSA_SIG(pair, ret);
}

/* r and s of zero, or not below the order of the curve, are refused by the verification itself. */
bool kw_verify_ecdsa(const struct kw_public_key *key, enum kw_hash hash, struct kw_bytes data,
		     struct kw_bytes r_and_s)
{
	KW_CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t *der = NULL;

	if (key->kty != KW_KTY_EC
	    || r_and_s.len != 2 * kw_curve_field_size(kw_curve_row(key->curve)))
		return false;
	int len = ecdsa_der(r_and_s, &der);
	bool ok = ctx && len > 0
		  && EVP_DigestVerifyInit(ctx, NULL, kw_hash_md(hash), NULL, key->pkey) == 1
		  && EVP_DigestVerify(ctx, der, (size_t)len, data.data, data.len) == 1;
	OPENSSL_free(der);
	ERR_clear_error();
	return ok;
}
