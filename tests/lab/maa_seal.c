/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope around the token, for the ephemeral key alone (guest attestation 4.9). */
#include "jose.h"
#include "maa.h"
#include "util/cleanup.h"

enum { KEY_SIZE = 32, IV_SIZE = 12, SHORT_IV_SIZE = 8, TAG_SIZE = 16 };

#define AAD "Transport Key"

static struct kw_json *parameters(struct kw_bytes iv)
{
	struct kw_json *params = kw_json_new_object();

	kw_json_add_string(params, "BlockMode", "ChainingModeGCM");
	kw_json_add_string(params, "BlockPadding", "PKCS7");
	kw_json_add_string(params, "Cipher", "AES");
	kw_json_add_int(params, "KeySizeInBits", KEY_SIZE * 8);
	lab_add_b64(params, "Iv", iv);
	return params;
}

char *lab_maa_seal(const char *token, EVP_PKEY *key)
{
	bool short_iv = lab_tampered(LAB_MAA, "iv-short");
	bool bad_key = lab_tampered(LAB_MAA, "inner-key");
	KW_CLEANUP(kw_blob_clear) struct kw_blob inner = lab_random(KEY_SIZE);
	KW_CLEANUP(kw_blob_clear)
	struct kw_blob iv = lab_random(short_iv ? SHORT_IV_SIZE : IV_SIZE);
	KW_CLEANUP(kw_blob_clear) struct kw_blob wrapped = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob sealed = { 0 };
	KW_CLEANUP(kw_json_freep) struct kw_json *envelope = kw_json_new_object();
	struct lab_fault fault;
	uint8_t tag[TAG_SIZE];

	sealed = lab_gcm_seal(kw_blob_bytes(&inner), kw_blob_bytes(&iv),
			      lab_fault_take(LAB_MAA, "seal-aad", &fault) ? "transport key" : AAD,
			      kw_bytes_text(token), tag);
	tag[0] ^= lab_fault_take(LAB_MAA, "seal-tag", &fault) ? 1 : 0;
	wrapped = lab_rsa_encrypt(key, NULL, kw_blob_bytes(&inner));
	wrapped.data[wrapped.len - 1] ^= bad_key ? 1 : 0;
	lab_add_b64(envelope, "Jwt", kw_blob_bytes(&sealed));
	lab_add_b64(envelope, "EncryptedInnerKey", kw_blob_bytes(&wrapped));
	kw_json_add(envelope, "EncryptionParams", parameters(kw_blob_bytes(&iv)));
	if (!lab_tampered(LAB_MAA, "envelope"))
		lab_add_b64(envelope, "AuthenticationData", KW_BYTES(tag));
	return kw_json_print(envelope);
}
