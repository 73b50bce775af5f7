/* SPDX-License-Identifier: Apache-2.0 */
/* Inline data of the jose tests, made ready for use. Each fails the test if the data is broken. */
#pragma once

#include "rows.h"

#include "jose/public_key.h"
#include "util/base64.h"
#include "util/secret.h"

static inline struct kw_blob given_base64(const char *text)
{
	struct kw_blob raw = { 0 };

	assert_true(kw_base64_decode(KW_BASE64, kw_bytes_text(text), &raw));
	return raw;
}

static inline struct kw_blob given_hex(const char *text)
{
	struct kw_blob raw = kw_blob_new(strlen(text) / 2);

	assert_true(kw_hex_decode(text, raw.data, raw.len));
	return raw;
}

static inline struct kw_json *given_json(const char *text)
{
	struct kw_json *json = NULL;
	struct kw_error err = { 0 };

	assert_int_equal(
		kw_json_parse(kw_bytes_text(text), KW_JSON_STRICT, KW_E_SYS_DATA, &json, &err), 0);
	return json;
}

static inline struct kw_secret given_secret(struct kw_bytes raw)
{
	struct kw_secret secret = { 0 };
	struct kw_error err = { 0 };

	assert_int_equal(kw_secret_take(raw, &secret, &err), 0);
	return secret;
}

/* From SubjectPublicKeyInfo in base64. */
static inline struct kw_public_key *given_key(const char *spki)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob der = given_base64(spki);
	struct kw_public_key *key = NULL;
	struct kw_error err = { 0 };

	assert_int_equal(kw_public_key_from_spki(kw_blob_bytes(&der), KW_E_SYS_DATA, &key, &err),
			 0);
	return key;
}
