/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/ecdh.h"

#include "jose/openssl.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <string.h>

static bool derive(EVP_PKEY *own, EVP_PKEY *peer, struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
	size_t len = 0;

	return ctx != NULL && EVP_PKEY_derive_init(ctx) == 1
	       && EVP_PKEY_derive_set_peer(ctx, peer) == 1 && EVP_PKEY_derive(ctx, NULL, &len) == 1
	       && len <= KW_EC_FIELD_SIZE_MAX && kw_secret_new(len, ret, err) == 0
	       && EVP_PKEY_derive(ctx, ret->data, &len) == 1;
}

static void put_be32(uint8_t ret[4], size_t n)
{
	ret[0] = (uint8_t)(n >> 24);
	ret[1] = (uint8_t)(n >> 16);
	ret[2] = (uint8_t)(n >> 8);
	ret[3] = (uint8_t)n;
}

/* One round of the KDF gives 32 bytes, which is all that AES takes (RFC 7518 4.6.2). */
static int concat_kdf(const struct kw_secret *z, const struct kw_ecdh_info *info,
		      struct kw_secret *ret, struct kw_error *err)
{
	static const uint8_t round[4] = { 0, 0, 0, 1 };
	struct kw_bytes algorithm = kw_bytes_text(info->algorithm);
	uint8_t digest[KW_SHA256_SIZE], algorithm_len[4], apu_len[4], apv_len[4], bits[4];
	int result = 0;

	put_be32(algorithm_len, algorithm.len);
	put_be32(apu_len, info->apu.len);
	put_be32(apv_len, info->apv.len);
	put_be32(bits, 8 * info->key_size);
	const struct kw_bytes parts[] = {
		KW_BYTES(round),   kw_secret_bytes(z), KW_BYTES(algorithm_len),
		algorithm,	   KW_BYTES(apu_len),  info->apu,
		KW_BYTES(apv_len), info->apv,	       KW_BYTES(bits),
	};
	kw_digest_parts(KW_SHA256, parts, sizeof(parts) / sizeof(parts[0]), digest);
	result = kw_secret_take((struct kw_bytes){ digest, info->key_size }, ret, err);
	kw_wipe(digest, sizeof(digest));
	return result;
}

int kw_ecdh_agree(struct kw_bytes pkcs8, const struct kw_public_key *peer,
		  const struct kw_ecdh_info *info, struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(EVP_PKEY_freep) EVP_PKEY *own = kw_pkcs8_open(pkcs8);
	KW_CLEANUP(kw_secret_clear) struct kw_secret z = { 0 };
	struct kw_error full = { 0 };

	if (own == NULL || peer->kty != KW_KTY_EC || !EVP_PKEY_is_a(own, "EC")
	    || info->key_size > KW_SHA256_SIZE || !derive(own, peer->pkey, &z, &full))
		return kw_unwrap_refuse(err);
	return concat_kdf(&z, info, ret, err);
}

static int pkcs8_of(EVP_PKEY *pkey, struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(PKCS8_PRIV_KEY_INFO_freep) PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
	int len = info != NULL ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : -1;
	uint8_t *at = NULL;

	if (len <= 0)
		return kw_fail(err, KW_E_SYS_CRYPTO, "an EC key cannot be written");
	if (kw_secret_new((size_t)len, ret, err) < 0)
		return -1;
	at = ret->data;
	(void)i2d_PKCS8_PRIV_KEY_INFO(info, &at);
	return 0;
}

int kw_ecdh_ephemeral(const struct kw_public_key *like, struct kw_secret *ret_pkcs8,
		      struct kw_public_key **ret_public, struct kw_error *err)
{
	const struct kw_curve_row *row = kw_curve_row(like->curve);
	KW_CLEANUP(EVP_PKEY_freep) EVP_PKEY *pkey = NULL;

	if (row != NULL)
		pkey = EVP_EC_gen(row->group);
	if (pkey == NULL) {
		ERR_clear_error();
		return kw_fail(err, KW_E_SYS_CRYPTO, "an EC key cannot be made");
	}
	if (kw_public_key_from_pkey(pkey, KW_E_SYS_CRYPTO, ret_public, err) < 0)
		return -1;
	return pkcs8_of(pkey, ret_pkcs8, err);
}
