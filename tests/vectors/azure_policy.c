/* SPDX-License-Identifier: Apache-2.0 */
/* Release policies on claims. */
#include "policy/policy.h"
#include "vectors/azure.h"
#include "vectors/jose.h"

/* `fact` is the name under which the verdict is expected. */
static const char *policy_facts(struct vec_item *item, const struct kw_json *claims,
				const char *fact)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = vec_file(item, "policy");
	KW_CLEANUP(kw_policy_freep) struct kw_policy *policy = NULL;
	KW_CLEANUP(kw_policy_result_freep) struct kw_policy_result *result = NULL;
	struct kw_error err = { 0 };

	if (kw_policy_parse(kw_blob_bytes(&text), &policy, &err) < 0)
		return vec_reason_of(&err);
	result = kw_policy_evaluate(policy, claims);
	vec_fact_str(item, "version", policy->version);
	vec_fact_bool(item, fact, result->verdict == KW_POLICY_TRUE);
	return result->verdict == KW_POLICY_TRUE ? NULL : "policy-not-satisfied";
}

const char *vec_policy_facts(struct vec_item *item, const struct kw_json *claims)
{
	return vec_has(item, "policy") ? policy_facts(item, claims, "policy_satisfied") : NULL;
}

void vec_release_policy(struct vec_item *item)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *claims = vec_json(item, "claims");

	vec_reason(item, policy_facts(item, claims, "satisfied"));
}
