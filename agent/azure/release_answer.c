/* SPDX-License-Identifier: Apache-2.0 */
/* The signed answer of a release call, judged in the order of key release 4.4. */
#include "azure/vault.h"
#include "jose/jws.h"
#include "util/text.h"

#include <string.h>

enum { FOUND_SIZE = KW_CHECK_TEXT_SIZE };

struct judging {
	const struct kw_release_rules *rules;
	const struct kw_origin *vault; /* NULL: not known */
	struct kw_checks *checks;
	struct kw_release_answer *answer;
	const struct kw_json *request; /* payload.request */
	const struct kw_json *bundle;  /* payload.response.key: key, attributes, tags, policy */
	const struct kw_json *key;     /* the JWK in it */
};

static const char *clean(const char *text, char ret[FOUND_SIZE])
{
	kw_text_clean(kw_bytes_text(text != NULL ? text : "(none)"), ret, FOUND_SIZE);
	return ret;
}

static void judge_text(struct kw_checks *checks, const char *check, enum kw_error_name error,
		       const char *expected, const char *found)
{
	char cleaned[FOUND_SIZE];

	kw_checks_judge(checks, check, error, found != NULL && strcmp(found, expected) == 0,
			expected, clean(found, cleaned));
}

/* Points 2 to 6: algorithm, certificates, signature. */
static int judge_signature(const struct judging *j, const struct kw_jws *jws, struct kw_error *err)
{
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *leaf = NULL;
	const struct kw_json *x5t = kw_json_get(jws->header, "x5t#S256");
	const char *thumbprint = kw_json_string(x5t);
	bool verified = false;

	judge_text(j->checks, "release answer algorithm", KW_E_REL_JWS_ALG, "RS256", jws->alg);
	if (strcmp(jws->alg, "RS256") != 0)
		return 0;
	if (x5t != NULL && thumbprint == NULL)
		thumbprint = ""; /* what is there and no text is no thumbprint */
	if (kw_x5c_judge(kw_json_get(jws->header, "x5c"), thumbprint, j->rules->roots, j->vault,
			 j->rules->now_s, j->checks, &leaf, err)
	    < 0)
		return -1;
	verified = leaf != NULL && kw_jws_verify_rs256(jws, leaf);
	kw_checks_judge(j->checks, "release answer signature", KW_E_REL_JWS_SIGNATURE, verified,
			"verifies", verified ? "verifies" : "does not verify");
	return 0;
}

/* An identifier of the vault; and of the key, if that is known, with its version if that is wanted.
 */
static bool read_kid(const struct judging *j, const char *kid, bool version_wanted,
		     struct kw_key_id *ret)
{
	const struct kw_key_id *asked = j->rules->key;

	if (kid == NULL || !kw_key_id_parse(kid, ret)
	    || (j->vault != NULL && !kw_origin_equal(j->vault, &ret->origin)))
		return false;
	return asked == NULL
	       || (strcmp(asked->name, ret->name) == 0
		   && (!version_wanted || strcmp(asked->version, ret->version) == 0));
}

/* Point 7: the answer is to our question. */
static void judge_request(const struct judging *j)
{
	const struct kw_release_rules *rules = j->rules;
	const char *enc = kw_json_string(kw_json_get(j->request, "enc"));
	const char *nonce = kw_json_string(kw_json_get(j->request, "nonce"));
	const char *kid = kw_json_string(kw_json_get(j->request, "kid"));
	struct kw_key_id id = { 0 };
	char cleaned[FOUND_SIZE];

	if (rules->enc != NULL)
		judge_text(j->checks, "wrapping asked for", KW_E_REL_ENC, rules->enc, enc);
	if (rules->nonce != NULL && (nonce != NULL || rules->require_nonce_echo))
		judge_text(j->checks, "nonce of the release", KW_E_REL_NONCE, rules->nonce, nonce);
	else if (rules->nonce != NULL)
		kw_checks_not_possible(j->checks, "nonce of the release", KW_E_REL_NONCE,
				       rules->nonce, "no echo");
	if (j->vault != NULL)
		kw_checks_judge(j->checks, "key asked for", KW_E_REL_KID,
				read_kid(j, kid, true, &id),
				rules->key != NULL ? rules->key->name : "one of the vault",
				clean(kid, cleaned));
}

/* Point 8: the answer holds the key that was asked for, always with its version. */
static void judge_key(const struct judging *j)
{
	const char *kid = kw_json_string(kw_json_get(j->key, "kid"));
	bool version_wanted = j->rules->key != NULL && j->rules->key->version[0] != '\0';
	struct kw_key_id id = { 0 };
	char cleaned[FOUND_SIZE];

	kw_checks_judge(j->checks, "key in the answer", KW_E_REL_KID,
			read_kid(j, kid, version_wanted, &id) && id.version[0] != '\0',
			j->rules->key != NULL ? j->rules->key->name : "a versioned identifier",
			clean(kid, cleaned));
	if (kid != NULL && strlen(kid) < sizeof(j->answer->kid))
		memcpy(j->answer->kid, kid, strlen(kid) + 1);
	memcpy(j->answer->version, id.version, sizeof(j->answer->version));
}

/* Point 9. nbf and exp are for the log: the vault enforces them. */
static void judge_attributes(const struct judging *j)
{
	const struct kw_json *attributes = kw_json_get(j->bundle, "attributes");
	const struct kw_json *said = kw_json_get(attributes, "enabled");
	bool yes = false, enabled = said == NULL || (kw_json_bool(said, &yes) && yes);

	kw_checks_judge(j->checks, "key is enabled", KW_E_REL_DISABLED, enabled, "true",
			said == NULL ? "not said" : (enabled ? "true" : "not true"));
	(void)!kw_json_int(kw_json_get(attributes, "nbf"), &j->answer->nbf_s);
	(void)!kw_json_int(kw_json_get(attributes, "exp"), &j->answer->exp_s);
}

/* Point 10 and 4.5: what is wrapped, how, and for whom. */
static void judge_wrapped(const struct judging *j)
{
	const char *text = kw_json_string(kw_json_get(j->key, "key_hsm"));
	const char *enc = kw_json_string(kw_json_get(j->request, "enc"));
	struct kw_error err = { 0 };
	bool parsed = text != NULL && kw_key_hsm_parse(text, &j->answer->wrapped, &err) == 0;
	enum kw_error_name row = KW_E_REL_JWS_FORM;

	if (kw_error_is(&err, KW_E_UNW_ENC))
		row = KW_E_UNW_ENC;
	kw_checks_judge(j->checks, "wrapped key", row, parsed, "key_hsm of version 1.0",
			parsed ? "it is" : (text == NULL ? "none" : err.detail));
	if (!parsed)
		return;
	judge_text(j->checks, "wrapping used", KW_E_REL_ENC,
		   enc != NULL ? enc : kw_release_enc_text(KW_ENC_CKM_RSA_AES_KEY_WRAP),
		   j->answer->wrapped.enc);
	if (j->rules->wrapping_kid != NULL)
		judge_text(j->checks, "wrapping key of the answer", KW_E_REL_WRAPPING_KID,
			   j->rules->wrapping_kid, j->answer->wrapped.kid);
}

static void read_public_half(const struct judging *j)
{
	const char *kty = j->answer->kty;
	struct kw_error err = { 0 };
	bool rsa = strncmp(kty, "RSA", 3) == 0, ec = strncmp(kty, "EC", 2) == 0;
	bool there = rsa ? kw_json_get(j->key, "n") != NULL
			 : kw_json_get(j->key, "x") != NULL || kw_json_get(j->key, "y") != NULL;

	if (ec)
		kw_text_clean(kw_bytes_text(kw_json_string(kw_json_get(j->key, "crv"))),
			      j->answer->crv, sizeof(j->answer->crv));
	j->answer->public_missing = (rsa || ec) && !there;
	if (!there || (!rsa && !ec))
		return;
	if (kw_public_key_from_jwk(j->key, KW_E_REL_ANSWER, &j->answer->public, &err) < 0)
		kw_checks_judge(j->checks, "public half in the answer", KW_E_REL_ANSWER, false,
				"a public key", err.detail);
}

static void judge_type(const struct judging *j)
{
	static const char *const types[] = { "RSA", "RSA-HSM", "EC", "EC-HSM",
					     "oct", "oct-HSM", NULL };
	const char *kty = kw_json_string(kw_json_get(j->key, "kty"));
	const struct kw_json *key_ops = kw_json_get(j->key, "key_ops");
	char cleaned[FOUND_SIZE];
	size_t i = 0;

	while (kty != NULL && types[i] != NULL && strcmp(types[i], kty) != 0)
		i++;
	kw_checks_judge(j->checks, "key type", KW_E_REL_ANSWER, kty != NULL && types[i] != NULL,
			"RSA, EC or oct", clean(kty, cleaned));
	if (kty == NULL || types[i] == NULL)
		return;
	memcpy(j->answer->kty, types[i], strlen(types[i]) + 1);
	j->answer->key_ops = kw_json_type(key_ops) == KW_JSON_ARRAY ? key_ops : NULL;
	read_public_half(j);
}

static int open_body(struct kw_bytes body, struct kw_blob *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *outer = NULL;
	const char *value = NULL;

	if (kw_json_parse(body, KW_JSON_STRICT, KW_E_REL_ANSWER, &outer, err) < 0
	    || kw_json_want_string(outer, "value", KW_E_REL_ANSWER, &value, err) < 0)
		return -1;
	*ret = kw_blob_copy(kw_bytes_text(value));
	return 0;
}

int kw_release_answer_judge(struct kw_bytes body, const struct kw_release_rules *rules,
			    struct kw_checks *checks, struct kw_release_answer *ret,
			    struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };
	KW_CLEANUP(kw_jws_clear) struct kw_jws jws = { 0 };
	KW_CLEANUP(kw_release_answer_clear) struct kw_release_answer answer = { 0 };
	struct judging j = { .rules = rules, .checks = checks, .answer = &answer };

	j.vault = rules->key != NULL ? &rules->key->origin : rules->vault;
	if (open_body(body, &text, err) < 0
	    || kw_jws_parse(kw_blob_bytes(&text), KW_E_REL_JWS_FORM, &jws, err) < 0
	    || judge_signature(&j, &jws, err) < 0)
		return -1;
	answer.payload = KW_STEAL(jws.payload);
	j.request = kw_json_get(answer.payload, "request");
	j.bundle = kw_json_get(kw_json_get(answer.payload, "response"), "key");
	j.key = kw_json_get(j.bundle, "key");
	judge_request(&j);
	judge_key(&j);
	judge_attributes(&j);
	judge_type(&j);
	judge_wrapped(&j);
	*ret = answer;
	answer = (struct kw_release_answer){ 0 };
	return 0;
}

void kw_release_answer_clear(struct kw_release_answer *answer)
{
	kw_json_free(answer->payload);
	kw_public_key_free(answer->public);
	kw_key_hsm_clear(&answer->wrapped);
	*answer = (struct kw_release_answer){ 0 };
}
