/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward help`: all commands, one command, or one row of the error catalogue. */
#include "cmd/command.h"
#include "cmd/pages.h"

#include <ctype.h>
#include <string.h>

enum { COMMAND_COLUMN = 17, NAME_SIZE = 64 };

static void print_command(FILE *to, const struct kw_command *command)
{
	fprintf(to, "  %-*s%s\n", COMMAND_COLUMN - 2, command->name, command->summary);
}

/* help and version are told of in the last lines: with them the list would not fit a terminal. */
void kw_help_print(FILE *to)
{
	fputs("Usage: keyward COMMAND [OPTIONS]\n\n", to);
	for (size_t i = 0; kw_commands[i]; i++)
		if (kw_commands[i] != &kw_cmd_help && kw_commands[i] != &kw_cmd_version)
			print_command(to, kw_commands[i]);
	fputs("\n`keyward COMMAND --help`: its options; `keyward help KW-ATT-003`: what an error\n"
	      "means; `keyward --version`\n",
	      to);
}

void kw_help_print_command(FILE *to, const char *name, const struct kw_command *command)
{
	fprintf(to, "Usage: keyward %s", name);
	if (command->verbs)
		fputs(" VERB", to);
	else
		kw_flags_print_usage(command->flags, to);
	fprintf(to, "\n\n%c%s.\n\n", toupper((unsigned char)*command->summary),
		command->summary + 1);
	if (!command->verbs)
		kw_flags_print(command->flags, to);
	for (size_t i = 0; command->verbs && command->verbs[i]; i++)
		print_command(to, command->verbs[i]);
}

static const char *again_text(enum kw_retry retry)
{
	switch (retry) {
	case KW_NEVER:
		return "does not help";
	case KW_LATER:
		return "later may help";
	case KW_RENEWED:
		return "with new evidence or a new token may help";
	}
	return "";
}

static void print_error(const struct kw_error_def *def)
{
	printf("%s: %s\n\n", def->id, def->cause);
	printf("  what to do    %s\n", def->remedy);
	printf("  trying again  %s\n", again_text(def->retry));
	printf("  exit status   %d\n", def->exit_status);
	printf("  HTTP status   %d\n", def->http_status);
}

enum format { FORMAT_TEXT, FORMAT_MAN, FORMAT_BASH }; /* the words of --format, in their order */

struct args {
	const char *topic, *verb;
	enum format format;
};
static const struct kw_flag flags[] = {
	{ KW_TRAILING, 0, "TOPIC", "", "a command, an error's id, or keyward.yaml",
	  offsetof(struct args, topic), NULL },
	{ KW_TRAILING, 0, "VERB", "", "a verb of the command", offsetof(struct args, verb), NULL },
	{ KW_CHOICE, 'o', "format", "text|man|bash",
	  "man: the manual page; bash: what completes command lines", offsetof(struct args, format),
	  "text" },
	{ 0 },
};

static int help_on_error(const char *id, struct kw_error *err)
{
	const struct kw_error_def *def = kw_error_find(id);

	if (!def)
		return kw_fail(err, KW_E_CFG_USAGE, "no error has the id '%.32s'", id);
	print_error(def);
	return 0;
}

static int help_on_command(const struct args *args, struct kw_error *err)
{
	const struct kw_command *command = kw_command_find(kw_commands, args->topic, err), *verb;
	char name[NAME_SIZE];

	if (!command)
		return -1;
	if (args->format == FORMAT_MAN) {
		kw_man_print_command(stdout, command);
		return 0;
	}
	if (!args->verb) {
		kw_help_print_command(stdout, command->name, command);
		return 0;
	}
	if (!command->verbs)
		return kw_fail(err, KW_E_CFG_USAGE, "'%s' has no verbs", command->name);
	verb = kw_command_find(command->verbs, args->verb, err);
	if (!verb)
		return kw_wrap(err, "'%s'", command->name);
	(void)snprintf(name, sizeof(name), "%s %s", command->name, verb->name);
	kw_help_print_command(stdout, name, verb);
	return 0;
}

static int help_on_all(enum format format)
{
	switch (format) {
	case FORMAT_TEXT:
		kw_help_print(stdout);
		break;
	case FORMAT_MAN:
		kw_man_print(stdout);
		break;
	case FORMAT_BASH:
		kw_completion_print(stdout);
		break;
	}
	return 0;
}

static int run(int argc, char **argv, struct kw_error *err)
{
	struct args args = { 0 };

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0)
		return -1;
	if (!args.topic)
		return help_on_all(args.format);
	if (args.format == FORMAT_BASH)
		return kw_fail(err, KW_E_CFG_USAGE, "'-o bash' takes no topic");
	if (strcmp(args.topic, "keyward.yaml") == 0) {
		kw_man_print_config(stdout);
		return 0;
	}
	if (strncasecmp(args.topic, "KW-", strlen("KW-")) == 0)
		return help_on_error(args.topic, err);
	return help_on_command(&args, err);
}

const struct kw_command kw_cmd_help = {
	.name = "help",
	.summary = "about a command, or about an error by its id",
	.flags = flags,
	.run = run,
};
