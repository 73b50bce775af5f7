/* SPDX-License-Identifier: Apache-2.0 */
/* RSA-OAEP both ways: the digest and MGF1's digest are the same, the label is empty. PKCS#1 v1.5 is
 * for encryption alone: opening it is the TPM's. */
#include "jose/openssl.h"
#include "jose/unwrap.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

/* MGF1 is set by name: OpenSSL would otherwise be free to take another digest for it. */
static bool set_oaep(EVP_PKEY_CTX *ctx, enum kw_hash hash)
{
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1
	       && EVP_PKEY_CTX_set_rsa_oaep_md(ctx, kw_hash_md(hash)) == 1
	       && EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, kw_hash_md(hash)) == 1;
}

/* `oaep` is the hash, NULL: PKCS#1 v1.5. */
static bool set_padding(EVP_PKEY_CTX *ctx, const enum kw_hash *oaep)
{
	if (oaep)
		return set_oaep(ctx, *oaep);
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
}

static int encrypt_rsa(const struct kw_public_key *key, const enum kw_hash *oaep,
		       struct kw_bytes plain, struct kw_blob *ret, struct kw_error *err)
{
	KW_CLEANUP(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);

	if (key->kty != KW_KTY_RSA)
		return kw_fail(err, KW_E_SYS_CRYPTO, "encrypting needs an RSA key");
	struct kw_blob out = kw_blob_new((size_t)EVP_PKEY_get_size(key->pkey));
	if (!ctx || EVP_PKEY_encrypt_init(ctx) != 1 || !set_padding(ctx, oaep)
	    || EVP_PKEY_encrypt(ctx, out.data, &out.len, plain.data, plain.len) != 1) {
		kw_blob_clear(&out);
		ERR_clear_error();
		return kw_fail(err, KW_E_SYS_CRYPTO, "%zu bytes cannot be encrypted with RSA-%u %s",
			       plain.len, key->bits, oaep ? "OAEP" : "PKCS#1 v1.5");
	}
	*ret = out;
	return 0;
}

int kw_encrypt_rsa_oaep(const struct kw_public_key *key, enum kw_hash hash, struct kw_bytes plain,
			struct kw_blob *ret, struct kw_error *err)
{
	return encrypt_rsa(key, &hash, plain, ret, err);
}

int kw_encrypt_rsa_pkcs1(const struct kw_public_key *key, struct kw_bytes plain,
			 struct kw_blob *ret, struct kw_error *err)
{
	return encrypt_rsa(key, NULL, plain, ret, err);
}

static bool decrypt(EVP_PKEY *pkey, enum kw_hash hash, struct kw_bytes wrapped,
		    struct kw_secret *plain)
{
	KW_CLEANUP(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	size_t len = plain->len;

	if (!ctx || wrapped.len != plain->len || EVP_PKEY_decrypt_init(ctx) != 1
	    || !set_oaep(ctx, hash)
	    || EVP_PKEY_decrypt(ctx, plain->data, &len, wrapped.data, wrapped.len) != 1)
		return false;
	kw_secret_shrink(plain, len);
	return true;
}

int kw_unwrap_oaep(struct kw_bytes pkcs8, enum kw_hash hash, struct kw_bytes wrapped,
		   struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(EVP_PKEY_freep) EVP_PKEY *pkey = kw_pkcs8_open(pkcs8);
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };

	if (!pkey || !EVP_PKEY_is_a(pkey, "RSA"))
		return kw_unwrap_refuse(err);
	if (kw_secret_new((size_t)EVP_PKEY_get_size(pkey), &plain, err) < 0)
		return -1;
	if (!decrypt(pkey, hash, wrapped, &plain))
		return kw_unwrap_refuse(err);
	kw_secret_move(ret, &plain);
	return 0;
}
