/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/unwrap.h"

#include "jose/openssl.h"
#include "util/base64.h"
#include "util/text.h"

#include <limits.h>
#include <openssl/err.h>
#include <string.h>

/* Semiblocks of 8 bytes: RFC 5649 has at least two of them, RFC 3394 three. */
enum { SEMIBLOCK_SIZE = 8, KWP_SIZE_MIN = 16, KW_SIZE_MIN = 24 };
/* 128: OpenSSL takes no longer one. */
enum { GCM_TAG_SIZE = 16, GCM_IV_SIZE_MIN = 12, GCM_IV_SIZE_MAX = 128 };

static const struct {
	const char *enc;
	enum kw_hash oaep;
} wrappings[] = {
	{ "CKM_RSA_AES_KEY_WRAP", KW_SHA1 },
	{ "RSA_AES_KEY_WRAP_256", KW_SHA256 },
	{ "RSA_AES_KEY_WRAP_384", KW_SHA384 },
};

bool kw_enc_hash(const char *enc, enum kw_hash *ret)
{
	for (size_t i = 0; i < sizeof(wrappings) / sizeof(wrappings[0]); i++) {
		if (strcmp(wrappings[i].enc, enc) == 0) {
			*ret = wrappings[i].oaep;
			return true;
		}
	}
	return false;
}

int kw_unwrap_refuse(struct kw_error *err)
{
	ERR_clear_error();
	return kw_fail(err, KW_E_UNW_FAILED, "unwrap failed");
}

static int take_kid(const struct kw_json *header, struct kw_key_hsm *parsed, struct kw_error *err)
{
	const char *kid = NULL;

	if (kw_json_want_string(header, "kid", KW_E_REL_JWS_FORM, &kid, err) < 0)
		return -1;
	size_t len = strlen(kid);
	if (len >= sizeof(parsed->kid))
		return kw_fail(err, KW_E_REL_JWS_FORM, "member 'kid' has %zu bytes, allowed %zu",
			       len, sizeof(parsed->kid) - 1);
	memcpy(parsed->kid, kid, len + 1);
	return 0;
}

static int take_enc(const struct kw_json *header, struct kw_key_hsm *parsed, struct kw_error *err)
{
	const char *enc = NULL;

	if (kw_json_want_string(header, "enc", KW_E_REL_JWS_FORM, &enc, err) < 0)
		return -1;
	kw_text_clean(kw_bytes_text(enc), parsed->enc, sizeof(parsed->enc));
	if (!kw_enc_hash(enc, &parsed->oaep))
		return kw_fail(err, KW_E_UNW_ENC, "enc is '%s', expected one of %s, %s, %s",
			       parsed->enc, wrappings[0].enc, wrappings[1].enc, wrappings[2].enc);
	return 0;
}

static int take_members(const struct kw_json *json, struct kw_key_hsm *parsed, struct kw_error *err)
{
	const struct kw_json *header = kw_json_get(json, "header");
	const char *version = NULL;

	if (kw_json_want_string(json, "schema_version", KW_E_REL_JWS_FORM, &version, err) < 0)
		return -1;
	if (strcmp(version, "1.0") != 0) {
		char found[32];
		kw_text_clean(kw_bytes_text(version), found, sizeof(found));
		return kw_fail(err, KW_E_REL_JWS_FORM, "schema_version is '%s', expected '1.0'",
			       found);
	}
	if (take_kid(header, parsed, err) < 0 || take_enc(header, parsed, err) < 0)
		return kw_wrap(err, "header");
	return kw_json_want_base64(json, "ciphertext", KW_BASE64URL_LENIENT, KW_E_REL_JWS_FORM,
				   &parsed->ciphertext, err);
}

int kw_key_hsm_parse(const char *text, struct kw_key_hsm *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob raw = { 0 };
	KW_CLEANUP(kw_json_freep) struct kw_json *json = NULL;
	KW_CLEANUP(kw_key_hsm_clear) struct kw_key_hsm parsed = { 0 };

	if (!kw_base64_decode(KW_BASE64URL_LENIENT, kw_bytes_text(text), &raw))
		return kw_fail(err, KW_E_REL_JWS_FORM, "key_hsm is not base64url");
	if (kw_json_parse(kw_blob_bytes(&raw), KW_JSON_STRICT, KW_E_REL_JWS_FORM, &json, err) < 0
	    || take_members(json, &parsed, err) < 0)
		return kw_wrap(err, "key_hsm");
	*ret = parsed;
	parsed = (struct kw_key_hsm){ 0 };
	return 0;
}

void kw_key_hsm_clear(struct kw_key_hsm *key_hsm)
{
	kw_blob_clear(&key_hsm->ciphertext);
	*key_hsm = (struct kw_key_hsm){ 0 };
}

int kw_key_hsm_split(const struct kw_key_hsm *key_hsm, size_t modulus_size,
		     struct kw_bytes *ret_rsa, struct kw_bytes *ret_kwp, struct kw_error *err)
{
	struct kw_cursor c = { .in = kw_blob_bytes(&key_hsm->ciphertext) };
	struct kw_bytes rsa, kwp;

	if (!kw_take(&c, modulus_size, &rsa) || kw_cursor_left(&c) < KWP_SIZE_MIN
	    || kw_cursor_left(&c) % SEMIBLOCK_SIZE != 0 || !kw_take(&c, kw_cursor_left(&c), &kwp))
		return kw_fail(err, KW_E_UNW_LENGTH,
			       "wrapped key is %zu bytes, expected %zu for the modulus and a "
			       "multiple of %d, at least %d, behind it",
			       c.in.len, modulus_size, SEMIBLOCK_SIZE, KWP_SIZE_MIN);
	*ret_rsa = rsa;
	*ret_kwp = kwp;
	return 0;
}

/* By length of the key: OpenSSL's names of RFC 5649 and of RFC 3394. NULL: no AES has such keys. */
static const char *wrap_cipher(size_t key_len, bool padded)
{
	switch (key_len) {
	case 16:
		return padded ? "AES-128-WRAP-PAD" : "AES-128-WRAP";
	case 24:
		return padded ? "AES-192-WRAP-PAD" : "AES-192-WRAP";
	case 32:
		return padded ? "AES-256-WRAP-PAD" : "AES-256-WRAP";
	default:
		return NULL;
	}
}

/* One update does it all; `plain` comes with the length of `wrapped` and leaves with the true one.
 */
static bool wrap_decrypt(const char *name, struct kw_bytes key, struct kw_bytes wrapped,
			 struct kw_secret *plain)
{
	KW_CLEANUP(EVP_CIPHER_freep) EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	KW_CLEANUP(EVP_CIPHER_CTX_freep) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len = 0;

	if (!cipher || !ctx)
		return false;
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (EVP_DecryptInit_ex2(ctx, cipher, key.data, NULL, NULL) != 1
	    || EVP_DecryptUpdate(ctx, plain->data, &len, wrapped.data, (int)wrapped.len) != 1
	    || len <= 0)
		return false;
	kw_secret_shrink(plain, (size_t)len);
	return true;
}

static int unwrap(const char *cipher, size_t size_min, struct kw_bytes key, struct kw_bytes wrapped,
		  struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };

	if (!cipher || wrapped.len < size_min || wrapped.len > INT_MAX
	    || wrapped.len % SEMIBLOCK_SIZE != 0)
		return kw_unwrap_refuse(err);
	if (kw_secret_new(wrapped.len, &plain, err) < 0)
		return -1;
	if (!wrap_decrypt(cipher, key, wrapped, &plain))
		return kw_unwrap_refuse(err);
	kw_secret_move(ret, &plain);
	return 0;
}

int kw_unwrap_kwp(struct kw_bytes key, struct kw_bytes wrapped, struct kw_secret *ret,
		  struct kw_error *err)
{
	return unwrap(wrap_cipher(key.len, true), KWP_SIZE_MIN, key, wrapped, ret, err);
}

int kw_unwrap_kw(struct kw_bytes key, struct kw_bytes wrapped, struct kw_secret *ret,
		 struct kw_error *err)
{
	return unwrap(wrap_cipher(key.len, false), KW_SIZE_MIN, key, wrapped, ret, err);
}

static const EVP_CIPHER *gcm_cipher(size_t key_len)
{
	switch (key_len) {
	case 16:
		return EVP_aes_128_gcm();
	case 24:
		return EVP_aes_192_gcm();
	case 32:
		return EVP_aes_256_gcm();
	default:
		return NULL;
	}
}

static bool gcm_start(EVP_CIPHER_CTX *ctx, struct kw_bytes key, struct kw_bytes iv,
		      struct kw_bytes tag)
{
	uint8_t copy[GCM_TAG_SIZE]; /* OpenSSL's parameter is not const */

	memcpy(copy, tag.data, sizeof(copy));
	return EVP_DecryptInit_ex2(ctx, gcm_cipher(key.len), NULL, NULL, NULL) == 1
	       && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)iv.len, NULL) == 1
	       && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)tag.len, copy) == 1
	       && EVP_DecryptInit_ex2(ctx, NULL, key.data, iv.data, NULL) == 1;
}

bool kw_open_gcm(struct kw_bytes key, struct kw_bytes iv, struct kw_bytes aad,
		 struct kw_bytes ciphertext, struct kw_bytes tag, struct kw_secret *ret)
{
	KW_CLEANUP(EVP_CIPHER_CTX_freep) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	struct kw_error err = { 0 };
	int len = 0;

	if (!ctx || !gcm_cipher(key.len) || tag.len != GCM_TAG_SIZE || iv.len < GCM_IV_SIZE_MIN
	    || iv.len > GCM_IV_SIZE_MAX || ciphertext.len > INT_MAX || aad.len > INT_MAX
	    || kw_secret_new(ciphertext.len, &plain, &err) < 0)
		return false;
	bool ok = gcm_start(ctx, key, iv, tag)
		  && EVP_DecryptUpdate(ctx, NULL, &len, aad.data, (int)aad.len) == 1
		  && EVP_DecryptUpdate(ctx, plain.data, &len, ciphertext.data, (int)ciphertext.len)
			     == 1
		  && EVP_DecryptFinal_ex(ctx, plain.data + ciphertext.len, &len) == 1;
	if (ok)
		kw_secret_move(ret, &plain);
	ERR_clear_error();
	return ok;
}
