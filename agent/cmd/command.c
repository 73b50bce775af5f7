/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/command.h"

#include "cmd/colour.h"
#include "cmd/confine.h"
#include "util/log.h"
#include "util/memory.h"
#include "util/secret.h"
#include "util/text.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
	COMMANDS_MAX = 32, /* of one table */
	NAME_SIZE = 64,	   /* of "config show" */
	ARENA_SIZE = 1 << 20,
	KEYS_SPARE = 8,		       /* that a reload may add */
	ARENA_SIZE_PER_KEY = 16 << 10, /* two versions of a key in two forms, while a third comes */
};

const struct kw_command *const kw_commands[] = {
	&kw_cmd_serve,	     &kw_cmd_init,   &kw_cmd_release, &kw_cmd_seal,    &kw_cmd_unseal,
	&kw_cmd_collateral,  &kw_cmd_attest, &kw_cmd_verify,  &kw_cmd_explain, &kw_cmd_doctor,
	&kw_cmd_policy,	     &kw_cmd_quote,  &kw_cmd_extend,  &kw_cmd_encrypt, &kw_cmd_decrypt,
	&kw_cmd_keyprovider, &kw_cmd_node,   &kw_cmd_probe,   &kw_cmd_config,  &kw_cmd_help,
	&kw_cmd_version,     NULL,
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

static void report_as_text(const struct kw_error *err)
{
	kw_colour_print(stderr, KW_COLOUR_BAD, 0, err->def->id);
	fprintf(stderr, ": %s\n  hint: %s\n", err->detail, err->def->remedy);
}

void kw_command_report(const struct kw_error *err)
{
	if (report_as_json)
		kw_log_error(KW_LOG_ERROR, "failed", NULL, err);
	else
		report_as_text(err);
}

/* Standard error, or the file of log.file. */
static int open_log(const struct kw_config *config, int *ret, struct kw_error *err)
{
	enum { LOG_MODE = 0644 };

	*ret = STDERR_FILENO;
	if (*config->log.file == '\0')
		return 0;
	*ret = open(config->log.file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
		    LOG_MODE);
	if (*ret < 0)
		return kw_fail(err, KW_E_CFG_VALUE, "log.file: opening %s: %m", config->log.file);
	return 0;
}

int kw_command_settle(enum kw_command_kind kind, const struct kw_config *config,
		      struct kw_error *err)
{
	enum kw_log_level level = (enum kw_log_level)config->log.level;
	int fd = STDERR_FILENO;

	if (kw_config_available(config, err) < 0 || open_log(config, &fd, err) < 0)
		return -1;
	if (kind == KW_ONE_SHOT && level == KW_LOG_INFO)
		level = KW_LOG_WARNING;
	kw_log_setup(level, (enum kw_log_format)config->log.format, fd);
	report_as_json = config->log.format == KW_LOG_JSON;
	return kw_arena_open(ARENA_SIZE + (config->n_keys + KEYS_SPARE) * ARENA_SIZE_PER_KEY,
			     (enum kw_lock)config->memory.lock, err);
}

int kw_command_settled(const struct kw_config *now, const struct kw_config *next,
		       struct kw_error *err)
{
	size_t size = ARENA_SIZE + next->n_keys * ARENA_SIZE_PER_KEY;

	if (kw_config_available(next, err) < 0 || kw_config_reloadable(now, next, err) < 0
	    || kw_confine_covers(now, next, err) < 0)
		return -1;
	if (size > kw_arena_state().size)
		return kw_fail(err, KW_E_CFG_RESTART,
			       "%s: %zu keys need %zu bytes of locked memory, there are %zu",
			       next->path, next->n_keys, size, kw_arena_state().size);
	return 0;
}

int kw_command_prepare(enum kw_command_kind kind, const char *path, struct kw_config **ret,
		       struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;

	if (kw_config_load(path, &config, err) < 0 || kw_command_settle(kind, config, err) < 0)
		return -1;
	*ret = KW_STEAL(config);
	return 0;
}

int kw_command_open_service(const struct kw_config *config, struct kw_service **ret,
			    struct kw_error *err)
{
	const struct kw_service_options options = {
		.config = config,
		.clock = &kw_clock_system,
		.random = &kw_random_system,
	};

	return kw_service_open(&options, ret, err);
}

const struct kw_config_key *kw_command_key(const struct kw_config *config, const char *name,
					   struct kw_error *err)
{
	const struct kw_config_key *key = kw_config_key_find(config, name);
	const char **names, *near;

	if (key)
		return key;
	names = kw_alloc((config->n_keys + 1) * sizeof(*names));
	for (size_t i = 0; i < config->n_keys; i++)
		names[i] = config->keys[i].name;
	near = kw_text_nearest(name, names);
	(void)kw_fail(err, KW_E_CFG_UNKNOWN_KEY, "no key '%.64s' is configured%s%s%s", name,
		      near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
	free(names);
	return NULL;
}
