/* SPDX-License-Identifier: Apache-2.0 */
/* The sealed token of AzureGuest (guest attestation 4.9): private JSON, not a JWE. */
#include "azure/maa.h"
#include "jose/unwrap.h"
#include "util/base64.h"
#include "util/text.h"

#include <string.h>

enum { GCM_TAG_SIZE = 16, GCM_IV_MIN = 12, GCM_IV_MAX = 64, INNER_KEY_MAX = 1024 };
#define TRANSPORT_AAD "Transport Key"

static int want_word(const struct kw_json *params, const char *name, const char *word,
		     struct kw_error *err)
{
	const char *text = NULL;
	char cleaned[64];

	if (kw_json_want_string(params, name, KW_E_ATT_SEAL_FORM, &text, err) < 0)
		return -1;
	if (strcmp(text, word) == 0)
		return 0;
	kw_text_clean(kw_bytes_text(text), cleaned, sizeof(cleaned));
	return kw_fail(err, KW_E_ATT_SEAL_FORM, "EncryptionParams.%s is '%s', expected '%s'", name,
		       cleaned, word);
}

static int check_params(const struct kw_json *params, struct kw_sealed_token *sealed,
			struct kw_error *err)
{
	int64_t bits = 0;

	if (want_word(params, "BlockMode", "ChainingModeGCM", err) < 0
	    || want_word(params, "Cipher", "AES", err) < 0)
		return -1;
	if (!kw_json_int(kw_json_get(params, "KeySizeInBits"), &bits)
	    || (bits != 128 && bits != 192 && bits != 256))
		return kw_fail(err, KW_E_ATT_SEAL_FORM,
			       "EncryptionParams.KeySizeInBits is %lld, expected 128, 192 or 256",
			       (long long)bits);
	sealed->key_bits = (unsigned)bits;
	return 0;
}

static int check_sizes(const struct kw_sealed_token *sealed, struct kw_error *err)
{
	if (sealed->tag.len != GCM_TAG_SIZE)
		return kw_fail(err, KW_E_ATT_SEAL_FORM,
			       "AuthenticationData is %zu bytes, expected a tag of %d",
			       sealed->tag.len, GCM_TAG_SIZE);
	if (sealed->iv.len < GCM_IV_MIN || sealed->iv.len > GCM_IV_MAX)
		return kw_fail(err, KW_E_ATT_SEAL_FORM, "Iv is %zu bytes, expected %d to %d",
			       sealed->iv.len, GCM_IV_MIN, GCM_IV_MAX);
	if (sealed->inner_key.len == 0 || sealed->inner_key.len > INNER_KEY_MAX)
		return kw_fail(err, KW_E_ATT_SEAL_FORM, "EncryptedInnerKey is %zu bytes",
			       sealed->inner_key.len);
	return 0;
}

static int parse_envelope(const struct kw_json *envelope, struct kw_sealed_token *sealed,
			  struct kw_error *err)
{
	const struct kw_json *params = kw_json_get(envelope, "EncryptionParams");
	const enum kw_error_name row = KW_E_ATT_SEAL_FORM;

	if (check_params(params, sealed, err) < 0
	    || kw_json_want_base64(envelope, "Jwt", KW_BASE64, row, &sealed->ciphertext, err) < 0
	    || kw_json_want_base64(envelope, "EncryptedInnerKey", KW_BASE64, row,
				   &sealed->inner_key, err)
		       < 0
	    || kw_json_want_base64(params, "Iv", KW_BASE64, row, &sealed->iv, err) < 0
	    || kw_json_want_base64(envelope, "AuthenticationData", KW_BASE64, row, &sealed->tag,
				   err)
		       < 0)
		return -1;
	return check_sizes(sealed, err);
}

int kw_sealed_token_parse(struct kw_bytes answer, struct kw_sealed_token *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *outer = NULL;
	KW_CLEANUP(kw_json_freep) struct kw_json *envelope = NULL;
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };
	KW_CLEANUP(kw_sealed_token_clear) struct kw_sealed_token sealed = { 0 };

	if (kw_json_parse(answer, KW_JSON_STRICT, KW_E_ATT_ANSWER, &outer, err) < 0
	    || kw_json_want_base64(outer, "token", KW_BASE64URL_LENIENT, KW_E_ATT_ANSWER, &text,
				   err)
		       < 0
	    || kw_json_parse(kw_blob_bytes(&text), KW_JSON_STRICT, KW_E_ATT_SEAL_FORM, &envelope,
			     err)
		       < 0
	    || parse_envelope(envelope, &sealed, err) < 0)
		return -1;
	*ret = sealed;
	sealed = (struct kw_sealed_token){ 0 };
	return 0;
}

void kw_sealed_token_clear(struct kw_sealed_token *sealed)
{
	kw_blob_clear(&sealed->ciphertext);
	kw_blob_clear(&sealed->inner_key);
	kw_blob_clear(&sealed->iv);
	kw_blob_clear(&sealed->tag);
}

int kw_sealed_token_open(const struct kw_sealed_token *sealed, const struct kw_secret *inner_key,
			 struct kw_secret *ret_jwt, struct kw_error *err)
{
	if (inner_key->len * 8 != sealed->key_bits)
		return kw_fail(err, KW_E_ATT_SEAL_FORM,
			       "the inner key is %zu bits, the envelope says %u",
			       inner_key->len * 8, sealed->key_bits);
	if (!kw_open_gcm(kw_secret_bytes(inner_key), kw_blob_bytes(&sealed->iv),
			 kw_bytes_text(TRANSPORT_AAD), kw_blob_bytes(&sealed->ciphertext),
			 kw_blob_bytes(&sealed->tag), ret_jwt))
		return kw_fail(err, KW_E_ATT_SEAL_TAG,
			       "the token of %zu bytes does not match its tag",
			       sealed->ciphertext.len);
	return 0;
}
