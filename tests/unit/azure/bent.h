/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Good texts, bent in one place, and compact JWS signed with OpenSSL. What is returned belongs to
 * the caller; whatever is wrong with the data of a row ends the test.
 */
#pragma once

#include "rows.h"

#include "util/base64.h"
#include "util/checks.h"
#include "util/cleanup.h"
#include "util/json.h"
#include "util/text.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>

/* `text` with `from` replaced by `to`; NULL: as it is. `from` stands there exactly once. */
static inline char *bent(const char *text, const char *from, const char *to)
{
	if (!from)
		return kw_strdup(text);
	const char *at = strstr(text, from);
	if (!at || strstr(at + 1, from))
		fail_msg("'%s' does not stand exactly once in '%s'", from, text);
	return kw_format("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

/* In place, and wherever the mark stands. */
static inline void fill_in(char **text, const char *mark, const char *value)
{
	for (char *at = NULL; (at = strstr(*text, mark)) != NULL;) {
		char *filled =
			kw_format("%.*s%s%s", (int)(at - *text), *text, value, at + strlen(mark));
		free(*text);
		*text = filled;
	}
}

static inline char *base64url(struct kw_bytes raw)
{
	return kw_base64_encode(KW_BASE64URL, raw);
}

/* RFC 7515 with the signature of RSASSA-PKCS1-v1_5 over SHA-256, whatever the header says. */
static inline char *signed_jws(EVP_PKEY *key, const char *header, const char *payload)
{
	KW_CLEANUP(freep) char *first = base64url(kw_bytes_text(header));
	KW_CLEANUP(freep) char *second = base64url(kw_bytes_text(payload));
	KW_CLEANUP(freep) char *input = kw_format("%s.%s", first, second);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t signature[512];
	size_t len = sizeof(signature);

	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
	assert_int_equal(
		EVP_DigestSign(ctx, signature, &len, (const uint8_t *)input, strlen(input)), 1);
	EVP_MD_CTX_free(ctx);
	KW_CLEANUP(freep) char *third = base64url((struct kw_bytes){ signature, len });
	return kw_format("%s.%s", input, third);
}

static inline char *modulus_text(EVP_PKEY *key)
{
	BIGNUM *n = NULL;
	uint8_t raw[512];

	assert_int_equal(EVP_PKEY_get_bn_param(key, "n", &n), 1);
	struct kw_bytes bytes = { raw, (size_t)BN_bn2bin(n, raw) };
	BN_free(n);
	return base64url(bytes);
}

/* The rows end in `expect`: that is the first that failed, and `n_failed` of them did. */
static inline void assert_checks(const struct kw_checks *checks, enum kw_error_name expect,
				 size_t n_failed)
{
	struct kw_error err = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < checks->n_rows; i++)
		n += checks->rows[i].verdict == KW_VERDICT_FAILED;
	int result = kw_checks_result(checks, 0, &err);
	if (err.def != kw_error_def(expect) || n != n_failed)
		fail_msg("%zu rows failed, first '%s'", n, err.detail);
	assert_int_equal(result, expect == KW_OK ? 0 : -1);
}
