/* SPDX-License-Identifier: Apache-2.0 */
#include "service/explain.h"

#include "jose/jws.h"
#include "policy/document.h"
#include "policy/hints.h"
#include "service/internal.h"
#include "util/text.h"

#include <string.h>

void kw_explanation_clear(struct kw_explanation *explanation)
{
	free(explanation->key);
	free(explanation->url);
	free(explanation->endpoint);
	free(explanation->policy_source);
	kw_policy_result_free(explanation->result);
	kw_policy_free(explanation->policy);
	kw_json_free(explanation->claims);
	*explanation = (struct kw_explanation){ 0 };
}

/* The key as the vault has it. */

struct get_call {
	struct kw_service *service;
	const struct kw_config_key *rule;
	struct kw_vault_key *ret;
};

static int get_with(void *ctx, const struct kw_secret *bearer, struct kw_error *err)
{
	struct get_call *call = ctx;

	return kw_vault_get_key(call->service->http, &call->rule->id, bearer, 0, call->ret, err);
}

static int get_key(struct kw_service *service, const struct kw_config_key *rule,
		   struct kw_vault_key *ret, struct kw_error *err)
{
	struct get_call call = { service, rule, ret };

	if (kw_with_bearer(service, rule, get_with, &call, err) < 0)
		return kw_wrap(err, "key '%s': reading %s", rule->name, rule->url);
	return 0;
}

/* The attributes that stand before any policy (key release 4.8, 5.1). */
void kw_vault_key_judge(const struct kw_vault_key *key, int64_t now_s, struct kw_checks *checks)
{
	size_t len = strlen(key->kty), end = strlen("-HSM");
	bool early = key->nbf_s != 0 && now_s < key->nbf_s;
	bool late = key->exp_s != 0 && now_s >= key->exp_s;

	kw_checks_judge(checks, "key enabled", KW_E_REL_ATTRIBUTES, key->enabled, "enabled",
			key->enabled ? "enabled" : "disabled");
	kw_checks_judge(checks, "key times", KW_E_REL_ATTRIBUTES, !early && !late, "valid now",
			early  ? "not valid yet"
			: late ? "expired"
			       : "valid now");
	kw_checks_judge(checks, "key type", KW_E_REL_BAD_REQUEST,
			len > end && strcmp(key->kty + len - end, "-HSM") == 0,
			"RSA-HSM, EC-HSM or oct-HSM", key->kty);
	kw_checks_judge(checks, "key exportable", KW_E_REL_BAD_REQUEST, key->exportable,
			"exportable", key->exportable ? "exportable" : "not exportable");
	kw_checks_judge(checks, "release policy", KW_E_REL_NO_POLICY, key->has_policy,
			"there is one", key->has_policy ? "there is one" : "none");
}

/* The policy. */

static int take_policy(struct kw_bytes text, const char *source, struct kw_explanation *to,
		       struct kw_error *err)
{
	KW_CLEANUP(kw_policy_document_clear) struct kw_policy_document document = { 0 };

	if (kw_policy_document_read(text, &document, err) < 0)
		return kw_wrap(err, "release policy of %s", source);
	if (document.policy.data == NULL)
		return kw_fail(err, KW_E_REL_NO_POLICY, "%s has no release policy", source);
	if (kw_policy_parse(kw_blob_bytes(&document.policy), &to->policy, err) < 0)
		return kw_wrap(err, "release policy of %s", source);
	to->policy_source = kw_strdup(source);
	return 0;
}

/* A file that stands for the policy stands in for the right to read the key, too. */
static int find_policy(struct kw_service *service, const struct kw_config_key *rule,
		       const struct kw_explain_options *options, struct kw_explanation *to,
		       struct kw_error *err)
{
	KW_CLEANUP(kw_vault_key_clear) struct kw_vault_key key = { 0 };

	if (options->policy.data != NULL)
		return take_policy(options->policy, options->policy_source, to, err);
	if (get_key(service, rule, &key, err) < 0)
		return -1;
	kw_vault_key_judge(&key, kw_wall_s(service->options.clock), &to->checks);
	if (!key.has_policy)
		return kw_checks_result(&to->checks, 0, err);
	return take_policy(kw_blob_bytes(&key.answer), key.kid, to, err);
}

/* The token. */

static int take_claims(struct kw_attestation *session, struct kw_explanation *to,
		       struct kw_error *err)
{
	KW_CLEANUP(kw_jws_clear) struct kw_jws jws = { 0 };

	if (kw_jws_parse(kw_attestation_token(session), KW_E_TOK_FORM, &jws, err) < 0)
		return -1;
	to->claims = KW_STEAL(jws.payload);
	to->endpoint = kw_strdup(kw_attestation_endpoint(session));
	return 0;
}

static void evaluate(struct kw_service *service, struct kw_explanation *to)
{
	to->result = kw_policy_evaluate(to->policy, to->claims);
	to->token_hints =
		kw_policy_token_hints(to->result, to->claims, kw_wall_s(service->options.clock));
}

/* The vault's word. */

static void ask_vault(struct kw_service *service, struct kw_attestation *session,
		      const struct kw_config_key *rule, struct kw_explanation *to)
{
	KW_CLEANUP(kw_material_unrefp) struct kw_material *material = NULL;

	to->word = kw_release(service, session, rule, NULL, NULL, &material, &to->refusal) == 0
			   ? KW_VAULT_RELEASED
			   : KW_VAULT_REFUSED;
}

static void take_word(const struct kw_explain_options *options, struct kw_explanation *to)
{
	to->word = options->word;
	if (options->word == KW_VAULT_REFUSED)
		to->refusal = *options->refusal;
}

int kw_service_explain(struct kw_service *service, const struct kw_config_key *rule,
		       const struct kw_explain_options *options, struct kw_explanation *ret,
		       struct kw_error *err)
{
	KW_CLEANUP(kw_attestation_unrefp) struct kw_attestation *session = NULL;
	KW_CLEANUP(kw_explanation_clear) struct kw_explanation made = { 0 };

	made.key = kw_strdup(rule->name);
	made.url = kw_strdup(rule->url);
	if (kw_attestation_get(service, rule, &session, NULL, err) < 0)
		return kw_wrap(err, "key '%s'", rule->name);
	if (take_claims(session, &made, err) < 0
	    || find_policy(service, rule, options, &made, err) < 0)
		return -1;
	evaluate(service, &made);
	if (options->ask_vault)
		ask_vault(service, session, rule, &made);
	else
		take_word(options, &made);
	*ret = made;
	made = (struct kw_explanation){ 0 };
	return 0;
}
