/* SPDX-License-Identifier: Apache-2.0 */
#include "service/guest.h"

#include "jose/jws.h"

#include <string.h>

enum { RSA_BITS_MIN = 2048, PKCS1_OVERHEAD = 11 /* RFC 8017 7.2.1 */ };
#define EXPONENT_65537 "AQAB"

static bool is_text(const struct kw_json *value, const char *text)
{
	return kw_json_string(value) && strcmp(kw_json_string(value), text) == 0;
}

static const struct kw_json *ephemeral_key(const struct kw_json *claims)
{
	const struct kw_json *keys = kw_json_get(kw_json_get(claims, "x-ms-runtime"), "keys");
	const struct kw_json *jwk = kw_json_first(keys);

	while (jwk && !is_text(kw_json_get(jwk, "kid"), KW_TPM_EPHEMERAL_KID))
		jwk = kw_json_next(jwk);
	return jwk;
}

static int key_of_token(struct kw_bytes token, struct kw_public_key **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_jws_clear) struct kw_jws jws = { 0 };
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = NULL;
	const struct kw_json *jwk;

	if (kw_jws_parse(token, KW_E_TOK_FORM, &jws, err) < 0)
		return -1;
	jwk = ephemeral_key(jws.payload);
	if (!jwk)
		return kw_fail(err, KW_E_TOK_NO_KEY, "x-ms-runtime.keys has no '%s'",
			       KW_TPM_EPHEMERAL_KID);
	if (kw_public_key_from_jwk(jwk, KW_E_TOK_KEY, &key, err) < 0)
		return -1;
	if (kw_public_key_type(key) != KW_KTY_RSA || kw_public_key_bits(key) < RSA_BITS_MIN
	    || !is_text(kw_json_get(jwk, "e"), EXPONENT_65537))
		return kw_fail(err, KW_E_TOK_KEY,
			       "'%s' is of %u bits, expected RSA of %d or more, exponent 65537",
			       KW_TPM_EPHEMERAL_KID, kw_public_key_bits(key), RSA_BITS_MIN);
	*ret = KW_STEAL(key);
	return 0;
}

/* RFC 8017 7.1.1 and 7.2.1 */
static size_t overhead_of(struct kw_guest_padding padding)
{
	if (padding.scheme == KW_RSA_ES)
		return PKCS1_OVERHEAD;
	return 2 * kw_hash_size(padding.oaep) + 2;
}

int kw_guest_encrypt(struct kw_bytes token, struct kw_guest_padding padding, struct kw_bytes plain,
		     struct kw_blob *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = NULL;
	size_t room;

	if (key_of_token(token, &key, err) < 0)
		return -1;
	room = (kw_public_key_bits(key) + 7) / 8 - overhead_of(padding);
	if (plain.len > room)
		return kw_fail(err, KW_E_UNW_TOO_LONG, "%zu bytes to encrypt, at most %zu fit",
			       plain.len, room);
	if (padding.scheme == KW_RSA_ES)
		return kw_encrypt_rsa_pkcs1(key, plain, ret, err);
	return kw_encrypt_rsa_oaep(key, padding.oaep, plain, ret, err);
}

int kw_guest_decrypt(const struct kw_config *config, struct kw_guest_padding padding,
		     struct kw_bytes encrypted, struct kw_secret *ret, struct kw_error *err)
{
	return kw_shared_key_decrypt(config, padding.scheme, padding.oaep, encrypted, ret, err);
}
