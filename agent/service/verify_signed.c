/* SPDX-License-Identifier: Apache-2.0 */
/* Attestation tokens and release answers. */
#include "azure/maa.h"
#include "azure/vault.h"
#include "jose/private_key.h"
#include "policy/policy.h"
#include "service/material.h"
#include "service/verify.h"
#include "util/text.h"

enum { FACT_SIZE = 256 };

static void add_text(struct kw_json *facts, const char *name, const struct kw_json *value)
{
	char cleaned[FACT_SIZE];

	if (!kw_json_string(value))
		return;
	kw_text_clean(kw_bytes_text(kw_json_string(value)), cleaned, sizeof(cleaned));
	kw_json_add_string(facts, name, cleaned);
}

static bool row_is_ok(const struct kw_checks *checks, const char *check)
{
	const struct kw_check *row = kw_checks_find(checks, check);

	return row && row->verdict == KW_VERDICT_OK;
}

/* The token. */

static void token_facts(struct kw_json *facts, const struct kw_json *claims)
{
	static const char *const texts[] = { "iss",
					     "jti",
					     "x-ms-attestation-type",
					     "x-ms-ver",
					     "x-ms-policy-hash",
					     "x-ms-compliance-status" };
	static const char *const times[] = { "iat", "nbf", "exp" };
	const struct kw_json *tee = kw_json_get(claims, "x-ms-isolation-tee");
	int64_t time_s;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		add_text(facts, texts[i], kw_json_get(claims, texts[i]));
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (kw_json_int(kw_json_get(claims, times[i]), &time_s))
			kw_json_add_int(facts, times[i], time_s);
	add_text(facts, "tee", kw_json_get(tee, "x-ms-attestation-type"));
	add_text(facts, "tee-compliance-status", kw_json_get(tee, "x-ms-compliance-status"));
}

/* What the vault would say to the claims (key release 5). */
static void judge_policy(struct kw_bytes text, const struct kw_json *claims,
			 struct kw_verification *v)
{
	static const char check[] = "release policy", expected[] = "met by the claims";
	KW_CLEANUP(kw_policy_freep) struct kw_policy *policy = NULL;
	KW_CLEANUP(kw_policy_result_freep) struct kw_policy_result *result = NULL;
	struct kw_error err = { 0 };

	if (kw_policy_parse(text, &policy, &err) < 0) {
		kw_verify_unreadable(v, check, expected, &err);
		return;
	}
	result = kw_policy_evaluate(policy, claims);
	if (result->verdict == KW_POLICY_UNKNOWN)
		kw_checks_not_possible(&v->checks, check, KW_E_REL_POLICY, expected,
				       "a condition that only the vault can judge");
	else
		kw_checks_judge(&v->checks, check, KW_E_REL_POLICY,
				result->verdict == KW_POLICY_TRUE, expected,
				result->verdict == KW_POLICY_TRUE ? "met" : "not met");
}

/* False: the keys cannot be read, which a row says. None given: `*ret` stays NULL. */
static bool read_jwks(struct kw_bytes text, struct kw_json **ret, struct kw_verification *v)
{
	struct kw_error err = { 0 };

	if (!text.data || kw_json_parse(text, KW_JSON_STRICT, KW_E_TOK_METADATA, ret, &err) == 0)
		return true;
	kw_verify_unreadable(v, "key set", "a JSON Web Key Set", &err);
	return false;
}

void kw_verify_token(struct kw_bytes file, const struct kw_verify_token *with,
		     struct kw_verification *ret)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *jwks = NULL;
	KW_CLEANUP(kw_json_freep) struct kw_json *payload = NULL;
	KW_CLEANUP(kw_jws_clear) struct kw_jws jws = { 0 };
	struct kw_bytes token = kw_verify_trimmed(file);
	struct kw_token_rules rules = {
		.issuer = with->issuer,
		.now_s = with->now_s,
		.skew_s = with->skew_s,
		.allow_debug = with->allow_debug,
	};
	struct kw_error err = { 0 };

	if (kw_jws_parse(token, KW_E_TOK_FORM, &jws, &err) < 0) {
		kw_verify_unreadable(ret, "token form", "a compact JWS", &err);
		return;
	}
	if (!read_jwks(with->jwks, &jwks, ret))
		return;
	if (with->nonce) {
		rules.payload = payload = kw_json_new_object();
		kw_json_add_string(payload, "nonce", with->nonce);
	}
	rules.guest = kw_json_get(jws.payload, "x-ms-isolation-tee") != NULL;
	if (kw_token_judge(token, jwks, &rules, &ret->checks, NULL, &err) < 0)
		kw_verify_unreadable(ret, "token form", "a compact JWS", &err);
	if (!with->issuer)
		kw_checks_not_possible(&ret->checks, "token issuer", KW_E_TOK_ISSUER,
				       "the attestation endpoint", "no issuer is given");
	if (with->policy.data)
		judge_policy(with->policy, jws.payload, ret);
	if (row_is_ok(&ret->checks, "token signature"))
		token_facts(ret->facts, jws.payload);
}

/* The release answer. */

int kw_verify_signer_roots(struct kw_bytes pem, struct kw_signer_roots **ret, struct kw_error *err)
{
	return pem.data ? kw_signer_roots_parse(pem, ret, err)
			: kw_signer_roots_load("system", ret, err);
}

int kw_verify_kek(struct kw_bytes pem, struct kw_secret *ret, struct kw_error *err)
{
	return kw_private_key_from_pem(pem, ret, err);
}

static int unwrap(const struct kw_key_hsm *wrapped, const struct kw_secret *kek,
		  struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_private_key_clear) struct kw_private_key key = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret copy = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret aes = { 0 };
	struct kw_bytes rsa, kwp;

	if (kw_secret_take(kw_secret_bytes(kek), &copy, err) < 0
	    || kw_private_key_parse("RSA", &copy, &key, err) < 0)
		return kw_wrap(err, "wrapping key");
	if (kw_key_hsm_split(wrapped, key.bits / 8, &rsa, &kwp, err) < 0
	    || kw_unwrap_oaep(kw_secret_bytes(&key.der), wrapped->oaep, rsa, &aes, err) < 0)
		return -1;
	if (aes.len != KW_WRAPPED_AES_KEY_SIZE) /* the same words as for every other failure */
		return kw_fail(err, KW_E_UNW_FAILED, "unwrap failed");
	return kw_unwrap_kwp(kw_secret_bytes(&aes), kwp, ret, err);
}

static void judge_key(const struct kw_release_answer *answer, const struct kw_secret *kek,
		      struct kw_verification *v)
{
	static const char check[] = "unwrapping", expected[] = "opens with the wrapping key";
	KW_CLEANUP(kw_material_unrefp) struct kw_material *material = NULL;
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	size_t before = v->checks.n_rows;
	struct kw_error err = { 0 };

	if (!kek) {
		kw_checks_not_possible(&v->checks, check, KW_E_UNW_FAILED, expected,
				       "no wrapping key is given");
		return;
	}
	if (unwrap(&answer->wrapped, kek, &plain, &err) < 0) {
		kw_verify_unreadable(v, check, expected, &err);
		return;
	}
	kw_checks_judge(&v->checks, check, KW_E_UNW_FAILED, true, expected, "it does");
	if (kw_material_from_answer(answer, &plain, false, &v->checks, &material, &err) < 0
	    && kw_checks_result(&v->checks, before, &(struct kw_error){ 0 }) == 0)
		kw_verify_unreadable(v, "form of the released key", "a key of its type", &err);
}

static void answer_facts(struct kw_json *facts, const struct kw_release_answer *answer)
{
	char kid[FACT_SIZE];

	kw_text_clean(kw_bytes_text(answer->kid), kid, sizeof(kid));
	kw_json_add_string(facts, "kid", kid);
	kw_json_add_string(facts, "version", answer->version);
	kw_json_add_string(facts, "kty", answer->kty);
	kw_json_add_string(facts, "enc", answer->wrapped.enc);
}

void kw_verify_release_answer(struct kw_bytes file, const struct kw_verify_answer *with,
			      struct kw_verification *ret)
{
	KW_CLEANUP(kw_release_answer_clear) struct kw_release_answer answer = { 0 };
	const struct kw_release_rules rules = {
		.vault = with->vault,
		.roots = with->roots,
		.now_s = with->now_s,
	};
	struct kw_error err = { 0 };

	if (kw_release_answer_judge(file, &rules, &ret->checks, &answer, &err) < 0) {
		kw_verify_unreadable(ret, "release answer form", "a signed release answer", &err);
		return;
	}
	if (!row_is_ok(&ret->checks, "release answer signature"))
		return;
	answer_facts(ret->facts, &answer);
	if (row_is_ok(&ret->checks, "wrapped key"))
		judge_key(&answer, with->kek, ret);
}
