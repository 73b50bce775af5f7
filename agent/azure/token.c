/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an attestation token says, held against what we know (key release 2.6). Every check is made
 * and has its own row; claims are read for comparison only and believed by nobody before the
 * signature row.
 */
#include "azure/maa.h"
#include "jose/certificate.h"
#include "util/base64.h"
#include "util/text.h"

#include <stdio.h>
#include <string.h>

#define ISOLATION_TEE "x-ms-isolation-tee"
#define RUNTIME "x-ms-runtime"
#define AK_KID "HCLAkPub"

struct judging {
	const struct kw_jws *jws;
	const struct kw_token_rules *rules;
	struct kw_checks *checks;
	const struct kw_json *tee;     /* the claims about the SNP guest */
	const struct kw_json *runtime; /* of the client: payload and wrapping key */
};

static const char *clean(const char *text, char *ret, size_t size)
{
	kw_text_clean(kw_bytes_text(text != NULL ? text : "(none)"), ret, size);
	return ret;
}

static void judge_text(struct kw_checks *checks, const char *check, enum kw_error_name error,
		       const char *expected, const char *found)
{
	char cleaned[KW_CHECK_TEXT_SIZE];

	kw_checks_judge(checks, check, error, found != NULL && strcmp(found, expected) == 0,
			expected, clean(found, cleaned, sizeof(cleaned)));
}

/* Header. */

static void judge_issuer(const struct judging *j)
{
	const char *iss = kw_json_string(kw_json_get(j->jws->payload, "iss"));
	struct kw_origin origin = { 0 };
	char cleaned[KW_CHECK_TEXT_SIZE];

	kw_checks_judge(j->checks, "token issuer", KW_E_TOK_ISSUER,
			iss != NULL && kw_origin_parse(j->rules->issuer, &origin, NULL)
				&& kw_origin_is(&origin, iss),
			j->rules->issuer, clean(iss, cleaned, sizeof(cleaned)));
}

/* The URL in the header is compared and never fetched. */
static void judge_jku(const struct judging *j)
{
	const struct kw_json *member = kw_json_get(j->jws->header, "jku");
	const char *jku = kw_json_string(member), *rest = NULL;
	struct kw_origin origin = { 0 }, issuer = { 0 };
	char cleaned[KW_CHECK_TEXT_SIZE];
	bool ok = member == NULL;

	if (jku != NULL)
		ok = kw_origin_parse(j->rules->issuer, &issuer, NULL)
		     && kw_origin_parse(jku, &origin, &rest) && kw_origin_equal(&origin, &issuer)
		     && strcmp(rest, "/certs") == 0;
	kw_checks_judge(j->checks, "token key location", KW_E_TOK_JKU, ok,
			"the issuer's /certs, or none", clean(jku, cleaned, sizeof(cleaned)));
}

/* Signature. */

struct trying { /* the entries of the key set that have the token's kid */
	const struct judging *judging;
	bool verified, has_certificate, certificate_fits; /* of the last entry that verified */
	char certificate[KW_CHECK_TEXT_SIZE];		  /* what is the matter with it */
};

/* Point 8: the self-signed family names the issuer as its subject; any certificate must be in date.
 */
static bool certificate_fits(const struct judging *j, struct kw_bytes leaf,
			     char found[KW_CHECK_TEXT_SIZE])
{
	KW_CLEANUP(kw_certificate_clear) struct kw_certificate certificate = { 0 };
	const char *iss = kw_json_string(kw_json_get(j->jws->payload, "iss"));
	int64_t now_s = j->rules->now_s, skew_s = j->rules->skew_s;
	struct kw_error err = { 0 };
	bool named = false, in_date = false;

	if (kw_certificate_parse(leaf, false, KW_E_TOK_KEY_WEAK, &certificate, &err) < 0) {
		clean(err.detail, found, KW_CHECK_TEXT_SIZE);
		return false;
	}
	named = !certificate.self_issued
		|| (iss != NULL && strcmp(certificate.subject_cn, iss) == 0);
	in_date = certificate.not_before_s <= now_s + skew_s
		  && now_s - skew_s < certificate.not_after_s;
	clean(!named ? certificate.subject_cn : (in_date ? "it is" : "not in date"), found,
	      KW_CHECK_TEXT_SIZE);
	return named && in_date;
}

/* The same key may be listed again with a renewed certificate, so an entry counts only if both its
 * key and its certificate are good. Bare numbers have no certificate: nothing more to check. */
static bool accept_key(void *ctx, const struct kw_public_key *key, struct kw_bytes x5c_leaf_der)
{
	struct trying *t = ctx;

	if (!kw_jws_verify_rs256(t->judging->jws, key))
		return false;
	t->verified = true;
	t->has_certificate = x5c_leaf_der.len > 0;
	t->certificate_fits =
		!t->has_certificate || certificate_fits(t->judging, x5c_leaf_der, t->certificate);
	return t->certificate_fits;
}

static void judge_signature(const struct judging *j, const struct kw_json *jwks)
{
	const char *kid = kw_json_string(kw_json_get(j->jws->header, "kid"));
	struct trying t = { .judging = j };
	char cleaned[KW_CHECK_TEXT_SIZE];
	size_t n = 0;

	if (jwks == NULL) {
		kw_checks_not_possible(j->checks, "token signature", KW_E_TOK_SIGNATURE,
				       "made by a published key", "no keys are known");
		return;
	}
	if (kid != NULL)
		n = kw_jwks_try(jwks, kid, accept_key, &t);
	kw_checks_judge(j->checks, "token key id", KW_E_TOK_KID, n > 0, "a published key",
			clean(kid, cleaned, sizeof(cleaned)));
	kw_checks_judge(j->checks, "token signature", KW_E_TOK_SIGNATURE, t.verified, "verifies",
			t.verified ? "verifies" : "does not verify");
	if (t.has_certificate)
		kw_checks_judge(j->checks, "token key certificate", KW_E_TOK_KEY_WEAK,
				t.certificate_fits, "in date, named like the issuer",
				t.certificate);
}

/* Times. */

static void judge_expiry(const struct judging *j, int64_t *ret_expiry_s)
{
	int64_t exp = 0, now_s = j->rules->now_s;
	bool has = kw_json_int(kw_json_get(j->jws->payload, "exp"), &exp);
	char expected[64], found[64] = "no exp";

	snprintf(expected, sizeof(expected), "after %lld, skew %lld s", (long long)now_s,
		 (long long)j->rules->skew_s);
	if (has)
		snprintf(found, sizeof(found), "exp %lld", (long long)exp);
	kw_checks_judge(j->checks, "token expiry", KW_E_TOK_EXPIRED,
			has && exp > now_s - j->rules->skew_s, expected, found);
	if (ret_expiry_s != NULL)
		*ret_expiry_s = exp;
}

/* It may be absent; if it is there it is a whole number. */
static bool read_time(const struct judging *j, const char *name, int64_t *ret)
{
	const struct kw_json *member = kw_json_get(j->jws->payload, name);

	return member == NULL || kw_json_int(member, ret);
}

static void judge_start(const struct judging *j)
{
	int64_t nbf = 0, iat = 0, latest = j->rules->now_s + j->rules->skew_s;
	bool readable = read_time(j, "nbf", &nbf) && read_time(j, "iat", &iat);
	char expected[64], found[80] = "nbf or iat is no whole number";

	snprintf(expected, sizeof(expected), "not after %lld", (long long)latest);
	if (readable)
		snprintf(found, sizeof(found), "nbf %lld, iat %lld", (long long)nbf,
			 (long long)iat);
	kw_checks_judge(j->checks, "token start", KW_E_TOK_NOT_YET,
			readable && nbf <= latest && iat <= latest, expected, found);
}

/* Claims. */

static void judge_type(const struct judging *j)
{
	const char *found = kw_json_string(kw_json_get(j->jws->payload, "x-ms-attestation-type"));
	const char *of_tee = kw_json_string(kw_json_get(j->tee, "x-ms-attestation-type"));

	judge_text(j->checks, "attestation type", KW_E_TOK_TYPE, j->rules->attestation_type, found);
	if (j->rules->guest)
		judge_text(j->checks, "attestation type of the guest", KW_E_TOK_TYPE, "sevsnpvm",
			   of_tee);
}

static bool echoed(const struct kw_json *member, const struct kw_json *echo)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob value = { 0 };
	const char *text = kw_json_string(kw_json_get(echo, kw_json_name(member)));

	return text != NULL && kw_base64_decode(KW_BASE64, kw_bytes_text(text), &value)
	       && kw_bytes_equal(kw_blob_bytes(&value), kw_bytes_text(kw_json_string(member)));
}

/* The payload comes back with its values still in base64 (guest attestation 4.8). */
static void judge_payload(const struct judging *j)
{
	const struct kw_json *echo = kw_json_get(j->runtime, "client-payload");
	bool same = kw_json_count(echo) == kw_json_count(j->rules->payload);

	for (const struct kw_json *m = kw_json_first(j->rules->payload); m != NULL;
	     m = kw_json_next(m))
		same = same && echoed(m, echo);
	kw_checks_judge(j->checks, "client payload", KW_E_TOK_NONCE, same, "as sent",
			same ? "as sent" : (echo != NULL ? "something else" : "none"));
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
static void judge_wrapping_key(const struct judging *j)
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

static void judge_report_data(const struct judging *j)
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

static void judge_debuggable(const struct judging *j)
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

static void judge_claims(const struct judging *j)
{
	const struct kw_json *tee_runtime = kw_json_get(j->tee, RUNTIME);

	if (j->rules->attestation_type != NULL)
		judge_type(j);
	if (j->rules->payload != NULL)
		judge_payload(j);
	if (j->rules->wrapping_key != NULL)
		judge_wrapping_key(j);
	if (j->rules->ak != NULL)
		judge_key(j->checks, "attestation key in the token", KW_E_TOK_AK,
			  key_with_kid(kw_json_get(tee_runtime, "keys"), AK_KID), j->rules->ak);
	if (j->rules->report_data.len > 0)
		judge_report_data(j);
	judge_debuggable(j);
}

int kw_token_judge(struct kw_bytes token, const struct kw_json *jwks,
		   const struct kw_token_rules *rules, struct kw_checks *checks,
		   int64_t *ret_expiry_s, struct kw_error *err)
{
	KW_CLEANUP(kw_jws_clear) struct kw_jws jws = { 0 };
	struct judging j = { .jws = &jws, .rules = rules, .checks = checks };
	bool parsed = kw_jws_parse(token, KW_E_TOK_FORM, &jws, err) == 0;

	kw_checks_judge(checks, "token form", KW_E_TOK_FORM, parsed, "a compact JWS",
			parsed ? "one" : err->detail);
	if (!parsed)
		return -1;
	judge_text(checks, "token algorithm", KW_E_TOK_ALG, "RS256", jws.alg);
	if (strcmp(jws.alg, "RS256") != 0)
		return 0; /* refused before any key is looked up */
	j.tee = rules->guest ? kw_json_get(jws.payload, ISOLATION_TEE) : jws.payload;
	j.runtime = kw_json_get(jws.payload, RUNTIME);
	if (rules->issuer != NULL) {
		judge_issuer(&j);
		judge_jku(&j);
	}
	judge_signature(&j, jwks);
	judge_expiry(&j, ret_expiry_s);
	judge_start(&j);
	judge_claims(&j);
	return 0;
}

int kw_token_kid(struct kw_bytes token, char *ret, size_t size, struct kw_error *err)
{
	KW_CLEANUP(kw_jws_clear) struct kw_jws jws = { 0 };
	const char *kid = NULL;
	char cleaned[32];

	if (kw_jws_parse(token, KW_E_TOK_FORM, &jws, err) < 0)
		return -1;
	if (strcmp(jws.alg, "RS256") != 0)
		return kw_fail(err, KW_E_TOK_ALG, "alg is '%s', expected 'RS256'",
			       clean(jws.alg, cleaned, sizeof(cleaned)));
	if (kw_json_want_string(jws.header, "kid", KW_E_TOK_FORM, &kid, err) < 0)
		return -1;
	if (strlen(kid) >= size)
		return kw_fail(err, KW_E_TOK_FORM, "kid is %zu characters, at most %zu",
			       strlen(kid), size - 1);
	memcpy(ret, kid, strlen(kid) + 1);
	return 0;
}
