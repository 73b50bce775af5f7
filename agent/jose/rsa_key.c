/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/rsa_key.h"

#include "jose/openssl.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

static int write_pkcs8(const EVP_PKEY *pkey, struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(PKCS8_PRIV_KEY_INFO_freep) PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
	int len = info ? i2d_PKCS8_PRIV_KEY_INFO(info, NULL) : 0;

	if (len <= 0)
		return kw_fail(err, KW_E_SYS_CRYPTO, "a new RSA key cannot be written");
	if (kw_secret_new((size_t)len, ret, err) < 0)
		return -1;
	uint8_t *at = ret->data;
	if (i2d_PKCS8_PRIV_KEY_INFO(info, &at) != len)
		return kw_fail(err, KW_E_SYS_CRYPTO, "a new RSA key cannot be written");
	return 0;
}

int kw_rsa_key_generate(struct kw_secret *ret_pkcs8, struct kw_public_key **ret_public,
			struct kw_error *err)
{
	KW_CLEANUP(EVP_PKEY_freep) EVP_PKEY *pkey = EVP_RSA_gen(KW_WRAPPING_KEY_BITS);
	KW_CLEANUP(kw_secret_clear) struct kw_secret pkcs8 = { 0 };
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *public = NULL;

	if (!pkey) {
		ERR_clear_error();
		return kw_fail(err, KW_E_SYS_CRYPTO, "an RSA key cannot be made");
	}
	if (write_pkcs8(pkey, &pkcs8, err) < 0
	    || kw_public_key_from_pkey(pkey, KW_E_SYS_CRYPTO, &public, err) < 0)
		return -1;
	kw_secret_move(ret_pkcs8, &pkcs8);
	*ret_public = KW_STEAL(public);
	return 0;
}
