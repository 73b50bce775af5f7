/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypt, Decrypt and Free of the published interface, and those that name a padding. */
#include "lib/guest.h"
#include "lib/internal.h"
#include "service/guest.h"

#include <string.h>

enum { CIPHERTEXT_MAX = 512 }; /* what fits into a TPM2B_PUBLIC_KEY_RSA */

static const struct kw_guest_padding rsaes = { .scheme = KW_RSA_ES };
static const struct keyward_guest_padding by_default = { KEYWARD_GUEST_OAEP, KEYWARD_GUEST_SHA256 };

static bool hash_of(enum keyward_guest_hash number, enum kw_hash *ret)
{
	static const struct {
		enum keyward_guest_hash number;
		enum kw_hash hash;
	} hashes[] = {
		{ KEYWARD_GUEST_SHA1, KW_SHA1 },
		{ KEYWARD_GUEST_SHA256, KW_SHA256 },
		{ KEYWARD_GUEST_SHA384, KW_SHA384 },
		{ KEYWARD_GUEST_SHA512, KW_SHA512 },
	};

	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		if (hashes[i].number != number)
			continue;
		*ret = hashes[i].hash;
		return true;
	}
	return false;
}

static bool padding_of(const struct keyward_guest_padding *padding, struct kw_guest_padding *ret)
{
	if (!padding)
		padding = &by_default;
	switch (padding->scheme) {
	case KEYWARD_GUEST_RSAES:
		*ret = rsaes;
		return true;
	case KEYWARD_GUEST_OAEP:
		ret->scheme = KW_RSA_OAEP;
		return hash_of(padding->hash, &ret->oaep);
	}
	return false;
}

static int refuse_arguments(struct keyward_guest_result *result)
{
	return kw_guest_refuse(KEYWARD_GUEST_INVALID_INPUT_PARAMETER,
			       "an argument is NULL or empty, or the type is not NONE", result);
}

static int refuse_padding(struct keyward_guest_result *result)
{
	return kw_guest_refuse(KEYWARD_GUEST_EVP_PKEY_ENCRYPT_INIT_FAILED,
			       "the scheme or the hash is unknown", result);
}

static int encrypt_data(struct kw_guest_padding padding, const char *token, struct kw_bytes data,
			void **encrypted_out, uint32_t *size_out,
			struct keyward_guest_result *result)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob encrypted = { 0 };
	struct kw_error err = { 0 };

	if (kw_guest_encrypt(kw_bytes_text(token), padding, data, &encrypted, &err) < 0)
		return kw_guest_fail(&err, KW_GUEST_ENCRYPT, result);
	*encrypted_out = kw_lib_copy(kw_blob_bytes(&encrypted));
	*size_out = (uint32_t)encrypted.len;
	return kw_guest_succeed(result);
}

static int decrypt_data(struct keyward *context, struct kw_guest_padding padding,
			struct kw_bytes encrypted, void **data_out, uint32_t *size_out,
			struct keyward_guest_result *result)
{
	KW_CLEANUP(kw_lib_leave) struct kw_lib_call call KW_UNUSED = kw_lib_enter();
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	struct kw_error err = { 0 };

	if (encrypted.len > CIPHERTEXT_MAX)
		return kw_guest_refuse(KEYWARD_GUEST_TPM_INTERNAL_FAILURE,
				       "the ciphertext is longer than 512 bytes", result);
	if (kw_guest_decrypt(context->config, padding, encrypted, &plain, &err) < 0)
		return kw_guest_fail(&err, KW_GUEST_DECRYPT, result);
	*data_out = kw_lib_copy(kw_secret_bytes(&plain));
	*size_out = (uint32_t)plain.len;
	return kw_guest_succeed(result);
}

int keyward_guest_encrypt(enum keyward_guest_encryption type, const char *token, const void *data,
			  uint32_t data_size, void **encrypted_out, uint32_t *encrypted_size_out,
			  void **metadata_out, uint32_t *metadata_size_out,
			  struct keyward_guest_result *result)
{
	int code;

	if (type != KEYWARD_GUEST_ENCRYPTION_NONE || !token || !data || data_size == 0
	    || !encrypted_out || !encrypted_size_out || !metadata_out || !metadata_size_out)
		return refuse_arguments(result);
	code = encrypt_data(rsaes, token, (struct kw_bytes){ data, data_size }, encrypted_out,
			    encrypted_size_out, result);
	if (code == KEYWARD_GUEST_SUCCESS) {
		*metadata_out = NULL;
		*metadata_size_out = 0;
	}
	return code;
}

int keyward_guest_encrypt_with(const struct keyward_guest_padding *padding, const char *token,
			       const void *data, uint32_t data_size, void **encrypted_out,
			       uint32_t *encrypted_size_out, struct keyward_guest_result *result)
{
	struct kw_guest_padding chosen = { 0 };

	if (!token || !data || data_size == 0 || !encrypted_out || !encrypted_size_out)
		return refuse_arguments(result);
	if (!padding_of(padding, &chosen))
		return refuse_padding(result);
	return encrypt_data(chosen, token, (struct kw_bytes){ data, data_size }, encrypted_out,
			    encrypted_size_out, result);
}

int keyward_guest_decrypt(struct keyward *context, enum keyward_guest_encryption type,
			  const void *encrypted, uint32_t encrypted_size,
			  const void *metadata KW_UNUSED, uint32_t metadata_size KW_UNUSED,
			  void **data_out, uint32_t *data_size_out,
			  struct keyward_guest_result *result)
{
	if (!context || type != KEYWARD_GUEST_ENCRYPTION_NONE || !encrypted || encrypted_size == 0
	    || !data_out || !data_size_out)
		return refuse_arguments(result);
	return decrypt_data(context, rsaes, (struct kw_bytes){ encrypted, encrypted_size },
			    data_out, data_size_out, result);
}

int keyward_guest_decrypt_with(struct keyward *context, const struct keyward_guest_padding *padding,
			       const void *encrypted, uint32_t encrypted_size, void **data_out,
			       uint32_t *data_size_out, struct keyward_guest_result *result)
{
	struct kw_guest_padding chosen = { 0 };

	if (!context || !encrypted || encrypted_size == 0 || !data_out || !data_size_out)
		return refuse_arguments(result);
	if (!padding_of(padding, &chosen))
		return refuse_padding(result);
	return decrypt_data(context, chosen, (struct kw_bytes){ encrypted, encrypted_size },
			    data_out, data_size_out, result);
}

void keyward_guest_free(void *buffer)
{
	keyward_free(buffer);
}
