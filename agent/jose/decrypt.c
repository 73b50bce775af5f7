/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/decrypt.h"

#include "jose/openssl.h"
#include "jose/unwrap.h"

enum { GCM_IV_SIZE = 12 };

static int decrypt_gcm(struct kw_bytes key, const struct kw_sealed *sealed, struct kw_secret *ret,
		       struct kw_error *err)
{
	if (sealed->iv.len != GCM_IV_SIZE
	    || !kw_open_gcm(key, sealed->iv, sealed->aad, sealed->value, sealed->tag, ret))
		return kw_unwrap_refuse(err);
	return 0;
}

int kw_decrypt(const struct kw_algorithm *alg, struct kw_bytes key, const struct kw_sealed *sealed,
	       struct kw_secret *ret, struct kw_error *err)
{
	switch (alg->scheme) {
	case KW_SCHEME_RSA_OAEP:
		return kw_unwrap_oaep(key, alg->hash, sealed->value, ret, err);
	case KW_SCHEME_AES_GCM:
		return decrypt_gcm(key, sealed, ret, err);
	case KW_SCHEME_AES_KW:
		return kw_unwrap_kw(key, sealed->value, ret, err);
	case KW_SCHEME_RSA_PKCS1:
	case KW_SCHEME_RSA_PSS:
	case KW_SCHEME_ECDSA:
		break;
	}
	return kw_unwrap_refuse(err);
}
