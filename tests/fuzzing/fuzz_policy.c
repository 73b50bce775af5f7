/* SPDX-License-Identifier: Apache-2.0 */
/* A release policy, and its evaluation against a token's claims. */
#include "policy/policy.h"
#include "util/json.h"

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char claims_text[] =
		"{\"iss\":\"https://"
		"attest.example\",\"x-ms-isolation-tee\":{\"x-ms-compliance-status\":"
		"\"azure-compliant-cvm\",\"x-ms-sevsnpvm-is-debuggable\":false,\"n\":7,\"a\":[1]}}";
	static struct kw_json *claims;
	KW_CLEANUP(kw_policy_freep) struct kw_policy *policy = NULL;
	struct kw_error err = { 0 };

	if (claims == NULL)
		MUST(kw_json_parse(kw_bytes_text(claims_text), KW_JSON_STRICT, KW_E_SYS_DATA,
				   &claims, &err)
		     == 0);
	if (!accepted(kw_policy_parse(fuzz_input(data, size), &policy, &err), &err))
		return 0;
	KW_CLEANUP(kw_policy_result_freep)
	struct kw_policy_result *result = kw_policy_evaluate(policy, claims);

	MUST(result != NULL && result->node == policy->root);
	return 0;
}
