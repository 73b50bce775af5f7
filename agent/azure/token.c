/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an attestation token says, held against what we know (key release 2.6). Every check is made
 * and has its own row; claims are read for comparison only and believed by nobody before the
 * signature row.
 */
#include "azure/maa.h"
#include "azure/token_parts.h"
#include "jose/certificate.h"
#include "util/text.h"

#include <stdio.h>
#include <string.h>

#define ISOLATION_TEE "x-ms-isolation-tee"

const char *kw_token_clean(const char *text, char *ret, size_t size)
{
	kw_text_clean(kw_bytes_text(text != NULL ? text : "(none)"), ret, size);
	return ret;
}

void kw_token_judge_text(struct kw_checks *checks, const char *check, enum kw_error_name error,
			 const char *expected, const char *found)
{
	char cleaned[KW_CHECK_TEXT_SIZE];

	kw_checks_judge(checks, check, error, found != NULL && strcmp(found, expected) == 0,
			expected, kw_token_clean(found, cleaned, sizeof(cleaned)));
}

/* Header. */

static void judge_issuer(const struct kw_token_judging *j)
{
	const char *iss = kw_json_string(kw_json_get(j->jws->payload, "iss"));
	struct kw_origin origin = { 0 };
	char cleaned[KW_CHECK_TEXT_SIZE];

	kw_checks_judge(j->checks, "token issuer", KW_E_TOK_ISSUER,
			iss != NULL && kw_origin_parse(j->rules->issuer, &origin, NULL)
				&& kw_origin_is(&origin, iss),
			j->rules->issuer, kw_token_clean(iss, cleaned, sizeof(cleaned)));
}

/* The URL in the header is compared and never fetched. */
static void judge_jku(const struct kw_token_judging *j)
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
			"the issuer's /certs, or none",
			kw_token_clean(jku, cleaned, sizeof(cleaned)));
}

/* Signature. */

struct trying { /* the entries of the key set that have the token's kid */
	const struct kw_token_judging *judging;
	bool verified, has_certificate, certificate_fits; /* of the last entry that verified */
	char certificate[KW_CHECK_TEXT_SIZE];		  /* what is the matter with it */
};

/* Point 8: the self-signed family names the issuer as its subject; any certificate must be in date.
 */
static bool certificate_fits(const struct kw_token_judging *j, struct kw_bytes leaf,
			     char found[KW_CHECK_TEXT_SIZE])
{
	KW_CLEANUP(kw_certificate_clear) struct kw_certificate certificate = { 0 };
	const char *iss = kw_json_string(kw_json_get(j->jws->payload, "iss"));
	int64_t now_s = j->rules->now_s, skew_s = j->rules->skew_s;
	struct kw_error err = { 0 };
	bool named = false, in_date = false;

	if (kw_certificate_parse(leaf, false, KW_E_TOK_KEY_WEAK, &certificate, &err) < 0) {
		kw_token_clean(err.detail, found, KW_CHECK_TEXT_SIZE);
		return false;
	}
	named = !certificate.self_issued
		|| (iss != NULL && strcmp(certificate.subject_cn, iss) == 0);
	in_date = certificate.not_before_s <= now_s + skew_s
		  && now_s - skew_s < certificate.not_after_s;
	kw_token_clean(!named ? certificate.subject_cn : (in_date ? "it is" : "not in date"), found,
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

static void judge_signature(const struct kw_token_judging *j, const struct kw_json *jwks)
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
			kw_token_clean(kid, cleaned, sizeof(cleaned)));
	kw_checks_judge(j->checks, "token signature", KW_E_TOK_SIGNATURE, t.verified, "verifies",
			t.verified ? "verifies" : "does not verify");
	if (t.has_certificate)
		kw_checks_judge(j->checks, "token key certificate", KW_E_TOK_KEY_WEAK,
				t.certificate_fits, "in date, named like the issuer",
				t.certificate);
}

/* Times. */

static void judge_expiry(const struct kw_token_judging *j, int64_t *ret_expiry_s)
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
static bool read_time(const struct kw_token_judging *j, const char *name, int64_t *ret)
{
	const struct kw_json *member = kw_json_get(j->jws->payload, name);

	return member == NULL || kw_json_int(member, ret);
}

static void judge_start(const struct kw_token_judging *j)
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

int kw_token_judge(struct kw_bytes token, const struct kw_json *jwks,
		   const struct kw_token_rules *rules, struct kw_checks *checks,
		   int64_t *ret_expiry_s, struct kw_error *err)
{
	KW_CLEANUP(kw_jws_clear) struct kw_jws jws = { 0 };
	struct kw_token_judging j = { .jws = &jws, .rules = rules, .checks = checks };
	bool parsed = kw_jws_parse(token, KW_E_TOK_FORM, &jws, err) == 0;

	kw_checks_judge(checks, "token form", KW_E_TOK_FORM, parsed, "a compact JWS",
			parsed ? "one" : err->detail);
	if (!parsed)
		return -1;
	kw_token_judge_text(checks, "token algorithm", KW_E_TOK_ALG, "RS256", jws.alg);
	if (strcmp(jws.alg, "RS256") != 0)
		return 0; /* refused before any key is looked up */
	j.tee = rules->guest ? kw_json_get(jws.payload, ISOLATION_TEE) : jws.payload;
	j.runtime = kw_json_get(jws.payload, KW_TOKEN_RUNTIME);
	if (rules->issuer != NULL) {
		judge_issuer(&j);
		judge_jku(&j);
	}
	judge_signature(&j, jwks);
	judge_expiry(&j, ret_expiry_s);
	judge_start(&j);
	kw_token_judge_claims(&j);
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
			       kw_token_clean(jws.alg, cleaned, sizeof(cleaned)));
	if (kw_json_want_string(jws.header, "kid", KW_E_TOK_FORM, &kid, err) < 0)
		return -1;
	if (strlen(kid) >= size)
		return kw_fail(err, KW_E_TOK_FORM, "kid is %zu characters, at most %zu",
			       strlen(kid), size - 1);
	memcpy(ret, kid, strlen(kid) + 1);
	return 0;
}
