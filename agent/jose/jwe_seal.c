/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/ecdh.h"
#include "jose/jwe.h"
#include "jose/openssl.h"
#include "util/base64.h"
#include "util/text.h"

#include <openssl/err.h>
#include <openssl/rand.h>

enum { CONTENT_KEY_SIZE = 32, GCM_IV_SIZE = 12, GCM_TAG_SIZE = 16, WRAP_GROWTH = 8 };

#define ENC "A256GCM"

static int failed(struct kw_error *err)
{
	ERR_clear_error();
	return kw_fail(err, KW_E_SYS_CRYPTO, "sealing");
}

/* RFC 3394 */
static int wrap_key(const struct kw_secret *kek, const struct kw_secret *key, struct kw_blob *ret,
		    struct kw_error *err)
{
	KW_CLEANUP(EVP_CIPHER_freep)
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, "AES-256-WRAP", NULL);
	KW_CLEANUP(EVP_CIPHER_CTX_freep) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len = 0;

	*ret = kw_blob_new(key->len + WRAP_GROWTH);
	if (ctx == NULL || cipher == NULL)
		return failed(err);
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (EVP_EncryptInit_ex2(ctx, cipher, kek->data, NULL, NULL) != 1
	    || EVP_EncryptUpdate(ctx, ret->data, &len, key->data, (int)key->len) != 1)
		return failed(err);
	return 0;
}

/* The content key for the recipient; what that needs in the header is added. */
static int give_key(const struct kw_public_key *to, const struct kw_secret *content_key,
		    struct kw_json *header, struct kw_blob *ret, struct kw_error *err)
{
	static const char agreement[] = "ECDH-ES+A256KW";
	const struct kw_ecdh_info info = { .algorithm = agreement, .key_size = CONTENT_KEY_SIZE };
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *epk = NULL;
	KW_CLEANUP(kw_secret_clear) struct kw_secret own = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret kek = { 0 };

	if (to->kty == KW_KTY_RSA) {
		kw_json_add_string(header, "alg", "RSA-OAEP-256");
		return kw_encrypt_rsa_oaep(to, KW_SHA256, kw_secret_bytes(content_key), ret, err);
	}
	if (kw_ecdh_ephemeral(to, &own, &epk, err) < 0
	    || kw_ecdh_agree(kw_secret_bytes(&own), to, &info, &kek, err) < 0)
		return -1;
	kw_json_add_string(header, "alg", agreement);
	kw_json_add(header, "epk", kw_public_key_jwk(epk));
	return wrap_key(&kek, content_key, ret, err);
}

struct sealed {
	uint8_t iv[GCM_IV_SIZE], tag[GCM_TAG_SIZE];
	struct kw_blob ciphertext;
};

static int encrypt_gcm(const struct kw_secret *key, struct kw_bytes aad, struct kw_bytes plain,
		       struct sealed *ret, struct kw_error *err)
{
	KW_CLEANUP(EVP_CIPHER_CTX_freep) EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int len = 0;

	ret->ciphertext = kw_blob_new(plain.len);
	if (ctx == NULL || RAND_bytes(ret->iv, sizeof(ret->iv)) != 1
	    || EVP_EncryptInit_ex2(ctx, EVP_aes_256_gcm(), key->data, ret->iv, NULL) != 1
	    || EVP_EncryptUpdate(ctx, NULL, &len, aad.data, (int)aad.len) != 1
	    || EVP_EncryptUpdate(ctx, ret->ciphertext.data, &len, plain.data, (int)plain.len) != 1
	    || EVP_EncryptFinal_ex(ctx, ret->ciphertext.data + len, &len) != 1
	    || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, sizeof(ret->tag), ret->tag) != 1)
		return failed(err);
	return 0;
}

static char *compact(const char *header, const struct kw_blob *key, const struct sealed *sealed)
{
	KW_CLEANUP(freep) char *key_text = kw_base64_encode(KW_BASE64URL, kw_blob_bytes(key));
	KW_CLEANUP(freep) char *iv = kw_base64_encode(KW_BASE64URL, KW_BYTES(sealed->iv));
	KW_CLEANUP(freep)
	char *text = kw_base64_encode(KW_BASE64URL, kw_blob_bytes(&sealed->ciphertext));
	KW_CLEANUP(freep) char *tag = kw_base64_encode(KW_BASE64URL, KW_BYTES(sealed->tag));

	return kw_format("%s.%s.%s.%s.%s", header, key_text, iv, text, tag);
}

static char *header_text(const struct kw_json *header)
{
	KW_CLEANUP(freep) char *json = kw_json_print(header);

	return kw_base64_encode(KW_BASE64URL, kw_bytes_text(json));
}

int kw_jwe_seal(const struct kw_public_key *to, const struct kw_json *header, struct kw_bytes plain,
		char **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *full = kw_json_copy(header);
	KW_CLEANUP(kw_secret_clear) struct kw_secret content_key = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob key = { 0 };
	KW_CLEANUP(freep) char *protected_text = NULL;
	struct sealed sealed = { 0 };
	int result = -1;

	if (plain.len > KW_JWE_PLAIN_MAX)
		return kw_fail(err, KW_E_UNW_JWE_FORM, "the secret is %zu bytes, at most %d",
			       plain.len, KW_JWE_PLAIN_MAX);
	if (kw_secret_new(CONTENT_KEY_SIZE, &content_key, err) < 0)
		return -1;
	if (RAND_priv_bytes(content_key.data, CONTENT_KEY_SIZE) != 1)
		return failed(err);
	kw_json_add_string(full, "enc", ENC);
	if (give_key(to, &content_key, full, &key, err) < 0)
		return -1;
	protected_text = header_text(full);
	result = encrypt_gcm(&content_key, kw_bytes_text(protected_text), plain, &sealed, err);
	if (result == 0)
		*ret = compact(protected_text, &key, &sealed);
	kw_blob_clear(&sealed.ciphertext);
	return result;
}
