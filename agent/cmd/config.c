/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward config check|show|schema`. */
#include "cmd/command.h"

struct args {
	const char *config;
	bool no_files;
};
static const struct kw_flag check_flags[] = {
	KW_FLAG_CONFIG(struct args, config),
	{ KW_SWITCH, 0, "no-files", "", "do not look whether the files that it names are here",
	  offsetof(struct args, no_files), NULL },
	{ 0 },
};
static const struct kw_flag show_flags[] = { KW_FLAG_CONFIG(struct args, config), { 0 } };
static const struct kw_flag no_flags[] = { { 0 } };

static int run_check(int argc, char **argv, struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	KW_CLEANUP(freep) char *trust = NULL;
	struct args args = { 0 };

	if (kw_flags_parse(check_flags, argc, argv, &args, err) < 0
	    || kw_config_load(args.config, &config, err) < 0 || kw_config_available(config, err) < 0
	    || (!args.no_files && kw_config_check_files(config, err) < 0))
		return -1;
	printf("%s: valid, %zu %s\n", config->path, config->n_keys,
	       config->n_keys == 1 ? "key" : "keys");
	trust = kw_config_custom_trust(config);
	if (*trust)
		fprintf(stderr, "custom trust: %s\n", trust);
	return 0;
}

static int run_show(int argc, char **argv, struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	struct args args = { 0 };

	if (kw_flags_parse(show_flags, argc, argv, &args, err) < 0
	    || kw_config_load(args.config, &config, err) < 0)
		return -1;
	return kw_config_show(config, stdout, err);
}

static int run_schema(int argc, char **argv, struct kw_error *err)
{
	if (kw_flags_parse(no_flags, argc, argv, NULL, err) < 0)
		return -1;
	return kw_config_schema(stdout, err);
}

static const struct kw_command check = {
	.name = "check",
	.summary = "read it, say what is wrong and where",
	.flags = check_flags,
	.run = run_check,
};
static const struct kw_command show = {
	.name = "show",
	.summary = "the effective configuration, defaults filled in",
	.flags = show_flags,
	.run = run_show,
};
static const struct kw_command schema = {
	.name = "schema",
	.summary = "its JSON Schema",
	.flags = no_flags,
	.run = run_schema,
};
static const struct kw_command *const verbs[] = { &check, &show, &schema, NULL };

const struct kw_command kw_cmd_config = {
	.name = "config",
	.summary = "check or show the configuration, print its schema",
	.verbs = verbs,
};
