/* SPDX-License-Identifier: Apache-2.0 */
#include "jose.h"

#include "util/base64.h"
#include "util/text.h"

#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <string.h>

void lab_sha256(struct kw_bytes in, uint8_t ret[LAB_SHA256_SIZE])
{
	SHA256(in.data, in.len, ret);
}

void lab_sha1(struct kw_bytes in, uint8_t ret[LAB_SHA1_SIZE])
{
	SHA1(in.data, in.len, ret);
}

struct kw_blob lab_random(size_t len)
{
	struct kw_blob random = kw_blob_new(len);

	if (RAND_bytes(random.data, (int)len) != 1)
		lab_die("no random bytes");
	return random;
}

char *lab_random_hex(size_t n)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob random = lab_random(n);
	struct kw_blob text = kw_blob_new(2 * n);

	kw_hex_encode(kw_blob_bytes(&random), (char *)text.data);
	return (char *)text.data;
}

char *lab_b64url(struct kw_bytes in)
{
	return kw_base64_encode(KW_BASE64URL, in);
}

char *lab_b64(struct kw_bytes in)
{
	return kw_base64_encode(KW_BASE64, in);
}

void lab_add_b64url(struct kw_json *object, const char *name, struct kw_bytes in)
{
	KW_CLEANUP(freep) char *text = lab_b64url(in);

	kw_json_add_string(object, name, text);
}

void lab_add_b64(struct kw_json *container, const char *name, struct kw_bytes in)
{
	KW_CLEANUP(freep) char *text = lab_b64(in);

	kw_json_add_string(container, name, text);
}

struct kw_blob lab_cert_der(X509 *cert)
{
	int len = i2d_X509(cert, NULL);
	struct kw_blob der;
	uint8_t *at;

	if (len <= 0)
		lab_die("a certificate cannot be encoded");
	der = kw_blob_new((size_t)len);
	at = der.data;
	i2d_X509(cert, &at);
	return der;
}

static char *encode_json(const struct kw_json *json)
{
	KW_CLEANUP(freep) char *text = kw_json_print(json);

	return lab_b64url(kw_bytes_text(text));
}

char *lab_jws_input(const struct kw_json *header, const struct kw_json *payload)
{
	KW_CLEANUP(freep) char *first = encode_json(header);
	KW_CLEANUP(freep) char *second = encode_json(payload);

	return kw_format("%s.%s", first, second);
}

static char *with_signature(const char *input, struct kw_bytes signature)
{
	KW_CLEANUP(freep) char *text = lab_b64url(signature);

	return kw_format("%s.%s", input, text);
}

char *lab_jws_sign(const char *input, EVP_PKEY *key)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t len = (size_t)EVP_PKEY_get_size(key);
	KW_CLEANUP(kw_blob_clear) struct kw_blob signature = kw_blob_new(len);

	if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1
	    || EVP_DigestSign(context, signature.data, &len, (const uint8_t *)input, strlen(input))
		       != 1)
		lab_die("signing failed");
	EVP_MD_CTX_free(context);
	return with_signature(input, (struct kw_bytes){ signature.data, len });
}

char *lab_jws_hmac(const char *input, struct kw_bytes key)
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	HMAC(EVP_sha256(), key.data, (int)key.len, (const uint8_t *)input, strlen(input), mac,
	     &len);
	return with_signature(input, (struct kw_bytes){ mac, len });
}

static struct kw_json *open_part(const char *from, size_t len)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };
	struct kw_json *json = NULL;
	struct kw_error err = { 0 };

	if (!kw_base64_decode(KW_BASE64URL, (struct kw_bytes){ (const uint8_t *)from, len }, &text)
	    || kw_json_parse(kw_blob_bytes(&text), KW_JSON_STRICT, KW_E_SYS_DATA, &json, &err) < 0)
		return NULL;
	if (kw_json_type(json) != KW_JSON_OBJECT) {
		kw_json_free(json);
		return NULL;
	}
	return json;
}

bool lab_jws_open(const char *token, struct lab_jws *ret, const char **ret_why)
{
	const char *dot = strchr(token, '.');
	const char *second = dot != NULL ? strchr(dot + 1, '.') : NULL;

	if (second == NULL || strchr(second + 1, '.') != NULL) {
		*ret_why = "not three parts";
		return false;
	}
	ret->header = open_part(token, (size_t)(dot - token));
	ret->payload = open_part(dot + 1, (size_t)(second - dot - 1));
	ret->input = (struct kw_bytes){ (const uint8_t *)token, (size_t)(second - token) };
	if (ret->header == NULL || ret->payload == NULL
	    || !kw_base64_decode(KW_BASE64URL, kw_bytes_text(second + 1), &ret->signature)) {
		lab_jws_clear(ret);
		*ret_why = "a part is not unpadded base64url of a JSON object";
		return false;
	}
	return true;
}

bool lab_jws_verify(const struct lab_jws *jws, EVP_PKEY *key)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA
		    && EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1
		    && EVP_DigestVerify(context, jws->signature.data, jws->signature.len,
					jws->input.data, jws->input.len)
			       == 1;

	EVP_MD_CTX_free(context);
	return good;
}

void lab_jws_clear(struct lab_jws *jws)
{
	kw_json_free(jws->header);
	kw_json_free(jws->payload);
	kw_blob_clear(&jws->signature);
	*jws = (struct lab_jws){ 0 };
}

struct kw_blob lab_rsa_encrypt(EVP_PKEY *key, const char *oaep_digest, struct kw_bytes in)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
	size_t len = (size_t)EVP_PKEY_get_size(key);
	struct kw_blob out = kw_blob_new(len);
	int padding = oaep_digest != NULL ? RSA_PKCS1_OAEP_PADDING : RSA_PKCS1_PADDING;

	if (EVP_PKEY_encrypt_init(context) != 1
	    || EVP_PKEY_CTX_set_rsa_padding(context, padding) != 1
	    || (oaep_digest != NULL
		&& (EVP_PKEY_CTX_set_rsa_oaep_md_name(context, oaep_digest, NULL) != 1
		    || EVP_PKEY_CTX_set_rsa_mgf1_md_name(context, oaep_digest, NULL) != 1))
	    || EVP_PKEY_encrypt(context, out.data, &len, in.data, in.len) != 1)
		lab_die("RSA encryption failed");
	EVP_PKEY_CTX_free(context);
	return out;
}

struct kw_blob lab_kwp_wrap(struct kw_bytes key, struct kw_bytes in)
{
	const char *name = key.len == 16 ? "AES-128-WRAP-PAD" : "AES-256-WRAP-PAD";
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	struct kw_blob out = kw_blob_new(in.len + 16);
	int len = 0;

	EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (EVP_EncryptInit_ex2(context, cipher, key.data, NULL, NULL) != 1
	    || EVP_EncryptUpdate(context, out.data, &len, in.data, (int)in.len) != 1)
		lab_die("key wrap failed");
	out.len = (size_t)len;
	EVP_CIPHER_CTX_free(context);
	EVP_CIPHER_free(cipher);
	return out;
}

struct kw_blob lab_gcm_seal(struct kw_bytes key, struct kw_bytes iv, const char *aad,
			    struct kw_bytes in, uint8_t ret_tag[16])
{
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	struct kw_blob out = kw_blob_new(in.len);
	int len = 0;

	if (EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, NULL, NULL) != 1
	    || EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_IVLEN, (int)iv.len, NULL) != 1
	    || EVP_EncryptInit_ex(context, NULL, NULL, key.data, iv.data) != 1
	    || EVP_EncryptUpdate(context, NULL, &len, (const uint8_t *)aad, (int)strlen(aad)) != 1
	    || EVP_EncryptUpdate(context, out.data, &len, in.data, (int)in.len) != 1
	    || EVP_EncryptFinal_ex(context, out.data + len, &len) != 1
	    || EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, ret_tag) != 1)
		lab_die("AES-GCM failed");
	EVP_CIPHER_CTX_free(context);
	return out;
}
