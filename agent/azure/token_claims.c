/* SPDX-License-Identifier: Apache-2.0 */
/* What the claims of a token say, held against what was sent (key release 2.6, points 10 and 11).
 */
#include "azure/maa.h"
#include "azure/token_parts.h"
#include "util/base64.h"
#include "util/text.h"

#include <string.h>

#define AK_KID "HCLAkPub"

static void judge_type(const struct kw_token_judging *j)
{
	const char *found = kw_json_string(kw_json_get(j->jws->payload, "x-ms-attestation-type"));
	const char *of_tee = kw_json_string(kw_json_get(j->tee, "x-ms-attestation-type"));

	kw_token_judge_text(j->checks, "attestation type", KW_E_TOK_TYPE,
			    j->rules->attestation_type, found);
	if (j->rules->guest)
		kw_token_judge_text(j->checks, "attestation type of the guest", KW_E_TOK_TYPE,
				    "sevsnpvm", of_tee);
}

static bool echoed(const struct kw_json *member, const struct kw_json *echo)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob value = { 0 };
	const char *text = kw_json_string(kw_json_get(echo, kw_json_name(member)));

	return text != NULL && kw_base64_decode(KW_BASE64, kw_bytes_text(text), &value)
	       && kw_bytes_equal(kw_blob_bytes(&value), kw_bytes_text(kw_json_string(member)));
}

/* The payload comes back with its values still in base64 (guest attestation 4.8). */
static void judge_payload(const struct kw_token_judging *j)
{
	const struct kw_json *echo = kw_json_get(j->runtime, "client-payload");
	bool same = kw_json_count(echo) == kw_json_count(j->rules->payload);

	for (const struct kw_json *m = kw_json_first(j->rules->payload); m != NULL;
	     m = kw_json_next(m))
		same = same && echoed(m, echo);
	kw_checks_judge(j->checks, "client payload", KW_E_TOK_NONCE, same, "as sent",
			same ? "as sent" : (echo != NULL ? "something else" : "none"));
}

/* The service repeats a number as a number: digits are compared, whatever their type. */
static void judge_nonce(const struct kw_token_judging *j)
{
	const struct kw_json *nonce = kw_json_get(j->jws->payload, "nonce");
	KW_CLEANUP(freep)
	char *number = kw_json_type(nonce) == KW_JSON_NUMBER ? kw_json_print(nonce) : NULL;
	const char *found = number != NULL ? number : kw_json_string(nonce);

	kw_token_judge_text(j->checks, "nonce in the token", KW_E_TOK_NONCE, j->rules->nonce,
			    found);
}

/* Whole, whatever the order of its members: our keys, and none beside them. */
static void judge_runtime(const struct kw_token_judging *j)
{
	bool same = j->runtime != NULL && kw_json_equal(j->runtime, j->rules->runtime);

	kw_checks_judge(j->checks, "runtime data in the token", KW_E_TOK_RUNTIME, same, "as sent",
			same ? "as sent" : (j->runtime != NULL ? "something else" : "none"));
}

static void judge_key(struct kw_checks *checks, const char *check, enum kw_error_name error,
		      const struct kw_json *jwk, const struct kw_public_key *key)
{
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *in_token = NULL;
	KW_CLEANUP(freep) char *expected = kw_public_key_thumbprint(key);
	KW_CLEANUP(freep) char *found = NULL;
	struct kw_error err = { 0 };

	if (jwk != NULL && kw_public_key_from_jwk(jwk, error, &in_token, &err) == 0)
		found = kw_public_key_thumbprint(in_token);
	kw_checks_judge(checks, check, error, found != NULL && strcmp(found, expected) == 0,
			expected, found != NULL ? found : "none");
}

static bool is_text(const struct kw_json *value, const char *text)
{
	return kw_json_string(value) != NULL && strcmp(kw_json_string(value), text) == 0;
}

static const struct kw_json *key_with_kid(const struct kw_json *keys, const char *kid)
{
	const struct kw_json *jwk = kw_json_first(keys);

	while (jwk != NULL && !is_text(kw_json_get(jwk, "kid"), kid))
		jwk = kw_json_next(jwk);
	return jwk;
}

/* The word itself, or a list that has it. */
static bool holds(const struct kw_json *value, const char *word)
{
	const struct kw_json *at =
		kw_json_type(value) == KW_JSON_ARRAY ? kw_json_first(value) : NULL;

	while (at != NULL && !is_text(at, word))
		at = kw_json_next(at);
	return at != NULL || is_text(value, word);
}

static bool is_for_encryption(const struct kw_json *jwk)
{
	return holds(kw_json_get(jwk, "use"), "enc") || holds(kw_json_get(jwk, "key_use"), "enc")
	       || holds(kw_json_get(jwk, "key_ops"), "encrypt");
}

/* The vault wraps to the first RSA key with a kid that is for encryption (5.5, point 5): a foreign
 * one in front of ours would make the release undecryptable for us, and readable for somebody else.
 * So ours must be the first RSA key, and for encryption. */
static void judge_wrapping_key(const struct kw_token_judging *j)
{
	const struct kw_json *jwk = kw_json_first(kw_json_get(j->runtime, "keys"));

	while (jwk != NULL
	       && (!is_text(kw_json_get(jwk, "kty"), "RSA")
		   || kw_json_string(kw_json_get(jwk, "kid")) == NULL))
		jwk = kw_json_next(jwk);
	if (!is_text(kw_json_get(jwk, "kid"), j->rules->wrapping_kid) || !is_for_encryption(jwk))
		jwk = NULL;
	judge_key(j->checks, "wrapping key in the token", KW_E_TOK_WRAPPING_KEY, jwk,
		  j->rules->wrapping_key);
}

static void judge_report_data(const struct kw_token_judging *j)
{
	const char *text = kw_json_string(kw_json_get(j->tee, "x-ms-sevsnpvm-reportdata"));
	uint8_t found[64] = { 0 };

	if (text == NULL || j->rules->report_data.len != sizeof(found)
	    || !kw_hex_decode(text, found, sizeof(found)))
		kw_checks_judge(j->checks, "report data in the token", KW_E_TOK_REPORT, false,
				"our REPORT_DATA", "none, or not 64 bytes of hex");
	else
		kw_checks_same_bytes(j->checks, "report data in the token", KW_E_TOK_REPORT,
				     j->rules->report_data.data, found, sizeof(found));
}

static void judge_debuggable(const struct kw_token_judging *j)
{
	bool debuggable = true;
	bool said = kw_json_bool(kw_json_get(j->tee, "x-ms-sevsnpvm-is-debuggable"), &debuggable);

	if (!said && j->rules->attestation_type == NULL) { /* it may be of any kind */
		kw_checks_not_possible(j->checks, "debuggable in the token", KW_E_TOK_DEBUG,
				       "false", "not said");
		return;
	}
	kw_checks_judge(j->checks, "debuggable in the token", KW_E_TOK_DEBUG,
			j->rules->allow_debug || (said && !debuggable), "false",
			!said ? "not said" : (debuggable ? "true" : "false"));
}

void kw_token_judge_claims(const struct kw_token_judging *j)
{
	const struct kw_json *tee_runtime = kw_json_get(j->tee, KW_TOKEN_RUNTIME);

	if (j->rules->attestation_type != NULL)
		judge_type(j);
	if (j->rules->payload != NULL)
		judge_payload(j);
	if (j->rules->nonce != NULL)
		judge_nonce(j);
	if (j->rules->wrapping_key != NULL)
		judge_wrapping_key(j);
	if (j->rules->runtime != NULL)
		judge_runtime(j);
	if (j->rules->ak != NULL)
		judge_key(j->checks, "attestation key in the token", KW_E_TOK_AK,
			  key_with_kid(kw_json_get(tee_runtime, "keys"), AK_KID), j->rules->ak);
	if (j->rules->report_data.len > 0)
		judge_report_data(j);
	judge_debuggable(j);
}
