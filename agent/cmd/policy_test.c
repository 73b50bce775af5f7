/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward policy test POLICY TOKEN`: what the vault would say, offline; the exit status is the
 * verdict. */
#include "cmd/output.h"
#include "cmd/policy.h"
#include "cmd/print_policy.h"
#include "cmd/words.h"
#include "policy/hints.h"
#include "util/clock.h"

enum { FORMAT_TEXT, FORMAT_JSON };

struct args {
	const char *policy, *token, *now;
	int format;
};
static const struct kw_flag flags[] = {
	{ KW_POSITIONAL, 0, "POLICY", "", "a release policy, or a key or template with one",
	  offsetof(struct args, policy), NULL },
	{ KW_POSITIONAL, 0, "TOKEN", "", "a token, or its claims as JSON; it is not verified",
	  offsetof(struct args, token), NULL },
	{ KW_CHOICE, 'o', "format", "text|json", "how to print what was found",
	  offsetof(struct args, format), "text" },
	{ KW_OPTIONAL, 0, "now", "UNIX_S", "judge the token's expiry then, not now",
	  offsetof(struct args, now), NULL },
	{ 0 },
};

static int print(const struct kw_policy_result *result, unsigned hints, bool json,
		 struct kw_error *err)
{
	const struct kw_output output = { .is_text = true };
	KW_CLEANUP(kw_json_freep) struct kw_json *tree = NULL;
	KW_CLEANUP(freep) char *text = NULL;

	if (!json) {
		kw_policy_print(result, hints, stdout);
		printf("%s\n", kw_policy_verdict_text(result->verdict));
		return 0;
	}
	tree = kw_policy_tree_json(result, hints, false);
	text = kw_json_print(tree);
	return kw_output_write(&output, kw_bytes_text(text), err);
}

static int conclude(enum kw_policy_verdict verdict, struct kw_error *err)
{
	switch (verdict) {
	case KW_POLICY_TRUE:
		return 0;
	case KW_POLICY_FALSE:
		return kw_fail(err, KW_E_REL_POLICY, "the claims do not meet the policy");
	case KW_POLICY_UNKNOWN:
		break;
	}
	return kw_fail(err, KW_E_SYS_INCOMPLETE,
		       "the policy has a condition that only the vault can judge");
}

static int run(int argc, char **argv, struct kw_error *err)
{
	KW_CLEANUP(kw_policy_freep) struct kw_policy *policy = NULL;
	KW_CLEANUP(kw_json_freep) struct kw_json *claims = NULL;
	KW_CLEANUP(kw_policy_result_freep) struct kw_policy_result *result = NULL;
	int64_t now_s = kw_wall_s(&kw_clock_system);
	struct args args = { 0 };

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0
	    || (args.now && kw_word_int("now", args.now, &now_s, err) < 0)
	    || kw_policy_file_read(args.policy, &policy, err) < 0
	    || kw_claims_file_read(args.token, &claims, err) < 0)
		return -1;
	result = kw_policy_evaluate(policy, claims);
	if (print(result, kw_policy_token_hints(result, claims, now_s), args.format == FORMAT_JSON,
		  err)
	    < 0)
		return -1;
	return conclude(result->verdict, err);
}

const struct kw_command kw_policy_test_verb = {
	.name = "test",
	.summary = "try a policy on a token offline: the exit status is the verdict",
	.flags = flags,
	.run = run,
};
