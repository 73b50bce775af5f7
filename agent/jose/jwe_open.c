/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/ecdh.h"
#include "jose/jwe.h"
#include "jose/unwrap.h"
#include "util/base64.h"

#include <string.h>

enum { GCM_IV_SIZE = 12 }; /* RFC 7518 5.3 */

/* A full arena says nothing about the JWE. */
static int refuse(struct kw_error *err)
{
	if (kw_error_is(err, KW_E_SEC_FULL))
		return -1;
	*err = (struct kw_error){ 0 };
	return kw_fail(err, KW_E_UNW_JWE_OPEN, "the JWE does not open with this key");
}

/* An optional header parameter in base64url. */
static bool take_party(const struct kw_json *header, const char *name, struct kw_blob *ret)
{
	const struct kw_json *value = kw_json_get(header, name);

	return value == NULL
	       || kw_base64_decode(KW_BASE64URL, kw_bytes_text(kw_json_string(value)), ret);
}

/* RFC 7518 4.6 */
static int agree(const struct kw_jwe *jwe, struct kw_bytes key, struct kw_secret *ret,
		 struct kw_error *err)
{
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *epk = NULL;
	KW_CLEANUP(kw_blob_clear) struct kw_blob apu = { 0 }, apv = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret agreed = { 0 };
	const struct kw_json *from = jwe->epk != NULL ? jwe->epk : kw_json_get(jwe->header, "epk");
	bool direct = jwe->alg->key_size == 0;
	struct kw_ecdh_info info = {
		.algorithm = direct ? jwe->enc->name : jwe->alg->name,
		.key_size = direct ? jwe->enc->key_size : jwe->alg->key_size,
	};

	if (!take_party(jwe->header, "apu", &apu) || !take_party(jwe->header, "apv", &apv)
	    || kw_public_key_from_jwk(from, KW_E_UNW_JWE_OPEN, &epk, err) < 0)
		return -1;
	info.apu = kw_blob_bytes(&apu);
	info.apv = kw_blob_bytes(&apv);
	if (kw_ecdh_agree(key, epk, &info, direct ? ret : &agreed, err) < 0)
		return -1;
	if (direct)
		return jwe->key.len == 0 ? 0 : -1;
	return kw_unwrap_kw(kw_secret_bytes(&agreed), kw_blob_bytes(&jwe->key), ret, err);
}

static int take_content_key(const struct kw_jwe *jwe, struct kw_bytes key, struct kw_secret *ret,
			    struct kw_error *err)
{
	switch (jwe->alg->kty) {
	case KW_KTY_RSA:
		return kw_unwrap_oaep(key, jwe->alg->oaep, kw_blob_bytes(&jwe->key), ret, err);
	case KW_KTY_EC:
		return agree(jwe, key, ret, err);
	case KW_KTY_OCT:
		break;
	}
	if (jwe->alg->key_size == 0) /* dir */
		return jwe->key.len == 0 ? kw_secret_take(key, ret, err) : -1;
	if (key.len != jwe->alg->key_size)
		return -1;
	return kw_unwrap_kw(key, kw_blob_bytes(&jwe->key), ret, err);
}

int kw_jwe_open(const struct kw_jwe *jwe, enum kw_kty kty, struct kw_bytes key,
		struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret content_key = { 0 };

	if (kty != jwe->alg->kty || take_content_key(jwe, key, &content_key, err) < 0
	    || content_key.len != jwe->enc->key_size || jwe->iv.len != GCM_IV_SIZE
	    || !kw_open_gcm(kw_secret_bytes(&content_key), kw_blob_bytes(&jwe->iv),
			    kw_blob_bytes(&jwe->header_text), kw_blob_bytes(&jwe->ciphertext),
			    kw_blob_bytes(&jwe->tag), ret))
		return refuse(err);
	return 0;
}
