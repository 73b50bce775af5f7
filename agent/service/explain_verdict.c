/* SPDX-License-Identifier: Apache-2.0 */
/* What an explanation comes to, and the same for programs. */
#include "service/explain.h"

#include "policy/tree.h"
#include "service/verify.h"

/* Of the vault's refusals these two are about token and policy. */
static bool is_about_policy(const struct kw_error *err)
{
	return kw_error_is(err, KW_E_REL_POLICY) || kw_error_is(err, KW_E_REL_STATEMENT);
}

bool kw_explanation_disagrees(const struct kw_explanation *explanation)
{
	enum kw_policy_verdict local = explanation->result->verdict;

	if (explanation->word == KW_VAULT_RELEASED)
		return local == KW_POLICY_FALSE;
	return explanation->word == KW_VAULT_REFUSED && local == KW_POLICY_TRUE
	       && is_about_policy(&explanation->refusal);
}

const char *const *kw_explanation_causes(const struct kw_explanation *explanation)
{
	static const char *const refused[] = {
		"the key's policy is newer than the one that was evaluated",
		"the vault took another version of the key",
		"the vault's clock and the token's times do not fit",
		"the vault cannot reach the authority's metadata, or does not trust it",
		"the vault compares a claim's type or case more strictly",
		NULL,
	};
	static const char *const released[] = {
		"the policy that was evaluated is not the key's",
		"the vault took another version of the key",
		"the vault compares more loosely than is documented",
		NULL,
	};
	static const char *const none[] = { NULL };

	if (!kw_explanation_disagrees(explanation))
		return none;
	return explanation->word == KW_VAULT_RELEASED ? released : refused;
}

int kw_explanation_result(const struct kw_explanation *explanation, struct kw_error *err)
{
	if (explanation->word == KW_VAULT_RELEASED)
		return 0;
	if (explanation->word == KW_VAULT_REFUSED) {
		*err = explanation->refusal;
		return -1;
	}
	if (kw_checks_result(&explanation->checks, 0, err) < 0)
		return kw_wrap(err, "key '%s'", explanation->key);
	switch (explanation->result->verdict) {
	case KW_POLICY_TRUE:
		return 0;
	case KW_POLICY_FALSE:
		return kw_fail(err, KW_E_REL_POLICY,
			       "key '%s': the token's claims do not meet the policy",
			       explanation->key);
	case KW_POLICY_UNKNOWN:
		break;
	}
	return kw_fail(err, KW_E_SYS_INCOMPLETE,
		       "key '%s': the policy has a condition that only the vault can judge",
		       explanation->key);
}

static const char *word_text(enum kw_vault_word word)
{
	switch (word) {
	case KW_VAULT_NOT_ASKED:
		return "not asked";
	case KW_VAULT_RELEASED:
		return "released";
	case KW_VAULT_REFUSED:
		return "refused";
	}
	return "";
}

static void add_word(struct kw_json *json, const struct kw_explanation *e, bool redact)
{
	struct kw_json *vault = kw_json_add_object(json, "vault");

	kw_json_add_string(vault, "word", word_text(e->word));
	if (e->word != KW_VAULT_REFUSED)
		return;
	kw_json_add_string(vault, "id", e->refusal.def->id);
	if (!redact)
		kw_json_add_string(vault, "detail", e->refusal.detail);
	kw_json_add_string(vault, "hint", e->refusal.def->remedy);
	if (e->refusal.upstream.status != 0)
		kw_json_add_int(vault, "status", e->refusal.upstream.status);
}

static void add_comparison(struct kw_json *json, const struct kw_explanation *e)
{
	const char *const *causes = kw_explanation_causes(e);
	struct kw_json *list = NULL;

	if (e->word == KW_VAULT_NOT_ASKED)
		kw_json_add_null(json, "agree");
	else
		kw_json_add_bool(json, "agree", !kw_explanation_disagrees(e));
	list = kw_json_add_array(json, "causes");
	for (; *causes != NULL; causes++)
		kw_json_add_string(list, NULL, *causes);
}

struct kw_json *kw_explanation_json(const struct kw_explanation *explanation, bool redact)
{
	struct kw_json *json =
		kw_policy_tree_json(explanation->result, explanation->token_hints, redact);

	kw_json_add_string(json, "key", explanation->key);
	if (!redact) {
		kw_json_add_string(json, "url", explanation->url);
		kw_json_add_string(json, "policySource", explanation->policy_source);
	}
	kw_json_add_string(json, "endpoint", explanation->endpoint);
	kw_json_add(json, "checks", kw_checks_json(&explanation->checks));
	add_word(json, explanation, redact);
	add_comparison(json, explanation);
	kw_json_add_bool(json, "redacted", redact);
	return json;
}
