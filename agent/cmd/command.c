/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"

#include "util/log.h"
#include "util/secret.h"
#include "util/text.h"

#include <string.h>

enum {
	COMMANDS_MAX = 32, /* of one table */
	NAME_SIZE = 64,	   /* of "config show" */
	ARENA_SIZE = 1 << 20,
	ARENA_SIZE_PER_KEY = 16 << 10, /* two versions of a key in two forms, while a third comes */
};

const struct kw_command *const kw_commands[] = {
	&kw_cmd_serve,	&kw_cmd_init,	&kw_cmd_release, &kw_cmd_collateral,
	&kw_cmd_attest, &kw_cmd_verify, &kw_cmd_quote,	 &kw_cmd_probe,
	&kw_cmd_config, &kw_cmd_help,	&kw_cmd_version, NULL,
};

/* Set once, before any error can come from a configuration that wants it. */
static bool report_as_json;

const struct kw_command *kw_command_find(const struct kw_command *const *commands, const char *name,
					 struct kw_error *err)
{
	const char *names[COMMANDS_MAX + 1] = { NULL }, *near;

	for (size_t i = 0; i < COMMANDS_MAX && commands[i]; i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
		names[i] = commands[i]->name;
	}
	near = kw_text_nearest(name, names);
	(void)kw_fail(err, KW_E_CFG_USAGE, "unknown command '%.64s'%s%s%s", name,
		      near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
	return NULL;
}

static int run(const char *name, const struct kw_command *command, int argc, char **argv,
	       struct kw_error *err)
{
	const struct kw_command *verb;
	char verb_name[NAME_SIZE];

	if (command->verbs && argc > 0 && argv[0][0] != '-') {
		verb = kw_command_find(command->verbs, argv[0], err);
		if (!verb)
			return kw_wrap(err, "'%s'", name);
		(void)snprintf(verb_name, sizeof(verb_name), "%s %s", name, verb->name);
		return run(verb_name, verb, argc - 1, argv + 1, err);
	}
	if (kw_flags_want_help(argc, argv)) {
		kw_help_print_command(stdout, name, command);
		return 0;
	}
	if (command->verbs)
		return kw_fail(err, KW_E_CFG_USAGE, "'%s' needs a verb", name);
	return command->run(argc, argv, err);
}

int kw_command_run(int argc, char **argv, struct kw_error *err)
{
	const char *name = argc > 0 ? argv[0] : NULL;
	const struct kw_command *command;

	if (!name)
		return kw_fail(err, KW_E_CFG_USAGE, "no command is given");
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = kw_cmd_help.name;
	else if (strcmp(name, "--version") == 0)
		name = kw_cmd_version.name;
	command = kw_command_find(kw_commands, name, err);
	return command ? run(name, command, argc - 1, argv + 1, err) : -1;
}

void kw_command_report(const struct kw_error *err)
{
	if (report_as_json)
		kw_log_error(KW_LOG_ERROR, "failed", NULL, err);
	else
		fprintf(stderr, "%s: %s\n  hint: %s\n", err->def->id, err->detail,
			err->def->remedy);
}

int kw_command_prepare(enum kw_command_kind kind, const char *path, struct kw_config **ret,
		       struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	enum kw_log_level level;

	if (kw_config_load(path, &config, err) < 0 || kw_config_available(config, err) < 0)
		return -1;
	level = (enum kw_log_level)config->log.level;
	if (kind == KW_ONE_SHOT && level == KW_LOG_INFO)
		level = KW_LOG_WARNING;
	kw_log_setup(level, (enum kw_log_format)config->log.format, STDERR_FILENO);
	report_as_json = config->log.format == KW_LOG_JSON;
	if (kw_arena_open(ARENA_SIZE + config->n_keys * ARENA_SIZE_PER_KEY,
			  (enum kw_lock)config->memory.lock, err)
	    < 0)
		return -1;
	*ret = KW_STEAL(config);
	return 0;
}
