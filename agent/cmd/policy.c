/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward policy`: release policies without a vault. */
#include "cmd/policy.h"

static const struct kw_command *const verbs[] = { &kw_policy_new_verb, &kw_policy_lint_verb,
						  &kw_policy_test_verb, NULL };

const struct kw_command kw_cmd_policy = {
	.name = "policy",
	.summary = "write, check and try a release policy",
	.verbs = verbs,
};
