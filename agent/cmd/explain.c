/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward explain NAME`: why a key is released to this machine, or not, claim by claim. */
#include "service/explain.h"
#include "cmd/command.h"
#include "cmd/confine.h"
#include "cmd/output.h"
#include "cmd/print_policy.h"
#include "util/file.h"

enum { POLICY_MAX = 1 << 20 };

enum { FORMAT_TEXT, FORMAT_JSON };

struct args {
	const char *config, *key, *policy;
	int format;
	bool local, no_sandbox;
};
static const struct kw_flag flags[] = {
	{ KW_POSITIONAL, 0, "NAME", "", "the key, as the configuration names it",
	  offsetof(struct args, key), NULL },
	KW_FLAG_CONFIG(struct args, config),
	{ KW_CHOICE, 'o', "format", "text|json", "how to print what was found",
	  offsetof(struct args, format), "text" },
	{ KW_OPTIONAL, 0, "policy", "FILE", "this policy, not the one that the vault has",
	  offsetof(struct args, policy), NULL },
	{ KW_SWITCH, 0, "local", "", "do not try a release to hear what the vault says",
	  offsetof(struct args, local), NULL },
	KW_FLAG_NO_SANDBOX(struct args, no_sandbox),
	{ 0 },
};

static void print_word(const struct kw_explanation *e)
{
	switch (e->word) {
	case KW_VAULT_NOT_ASKED:
		return;
	case KW_VAULT_RELEASED:
		printf("vault: released\n");
		break;
	case KW_VAULT_REFUSED:
		printf("vault: refused with %s\n", e->refusal.def->id);
		break;
	}
	if (!kw_explanation_disagrees(e))
		return;
	printf("The vault does not agree. What can cause that:\n");
	for (const char *const *cause = kw_explanation_causes(e); *cause != NULL; cause++)
		printf("  - %s\n", *cause);
}

static void print_text(const struct kw_explanation *e)
{
	printf("key %s at %s\ntoken of %s\npolicy of %s\n\n", e->key, e->url, e->endpoint,
	       e->policy_source);
	kw_policy_print(e->result, e->token_hints, stdout);
	if (e->checks.n_rows > 0)
		printf("\n");
	kw_checks_print(&e->checks, stdout);
	printf("\nby the policy: %s\n", kw_policy_verdict_text(e->result->verdict));
	print_word(e);
}

static int print(const struct kw_explanation *explanation, bool json, struct kw_error *err)
{
	const struct kw_output output = { .is_text = true };
	KW_CLEANUP(kw_json_freep) struct kw_json *object = NULL;
	KW_CLEANUP(freep) char *text = NULL;

	if (!json) {
		print_text(explanation);
		return 0;
	}
	object = kw_explanation_json(explanation, false);
	text = kw_json_print(object);
	return kw_output_write(&output, kw_bytes_text(text), err);
}

static int explain(const struct kw_config *config, const struct kw_config_key *rule,
		   const struct args *args, struct kw_explanation *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_service_freep) struct kw_service *service = NULL;
	KW_CLEANUP(kw_blob_clear) struct kw_blob policy = { 0 };
	struct kw_explain_options options = { .policy_source = args->policy,
					      .ask_vault = !args->local };

	if (args->policy && kw_file_read(args->policy, POLICY_MAX, KW_E_SYS_FILE, &policy, err) < 0)
		return -1;
	options.policy = kw_blob_bytes(&policy);
	if (kw_confine_command(config, NULL, args->no_sandbox, err) < 0
	    || kw_command_open_service(config, &service, err) < 0)
		return -1;
	return kw_service_explain(service, rule, &options, ret, err);
}

static int run(int argc, char **argv, struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	KW_CLEANUP(kw_explanation_clear) struct kw_explanation explanation = { 0 };
	const struct kw_config_key *rule;
	struct args args = { 0 };

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0
	    || kw_command_prepare(KW_ONE_SHOT, args.config, &config, err) < 0)
		return -1;
	rule = kw_command_key(config, args.key, err);
	if (!rule || explain(config, rule, &args, &explanation, err) < 0
	    || print(&explanation, args.format == FORMAT_JSON, err) < 0)
		return -1;
	return kw_explanation_result(&explanation, err);
}

const struct kw_command kw_cmd_explain = {
	.name = "explain",
	.summary = "why a key is released to this machine, or not, claim by claim",
	.flags = flags,
	.run = run,
};
