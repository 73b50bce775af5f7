/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward help`: all commands, one command, or one row of the error catalogue. */
#include "cmd/command.h"

#include <ctype.h>
#include <string.h>

enum { COMMAND_COLUMN = 18, ID_SIZE = 16 };

static void print_commands(FILE *to, const struct kw_command *const *commands)
{
	for (size_t i = 0; commands[i]; i++)
		fprintf(to, "  %-*s%s\n", COMMAND_COLUMN - 2, commands[i]->name,
			commands[i]->summary);
}

void kw_help_print(FILE *to)
{
	fputs("Usage: keyward COMMAND [OPTIONS]\n\n"
	      "Gives the containers of a pod the keys that Azure Key Vault holds for them,\n"
	      "after the machine has proved what it is.\n\n",
	      to);
	print_commands(to, kw_commands);
	fputs("\n`keyward COMMAND --help` shows the options of one, `keyward help KW-ATT-003`\n"
	      "what an error means. Results go to standard output, all else to standard error.\n",
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
	if (command->verbs)
		print_commands(to, command->verbs);
	else
		kw_flags_print(command->flags, to);
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

struct args {
	const char *topic;
};
static const struct kw_flag flags[] = {
	{ KW_TRAILING, 0, "TOPIC", "", "a command, or the id of an error",
	  offsetof(struct args, topic), NULL },
	{ 0 },
};

static int run(int argc, char **argv, struct kw_error *err)
{
	const struct kw_command *command;
	const struct kw_error_def *def;
	struct args args = { 0 };

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0)
		return -1;
	if (!args.topic) {
		kw_help_print(stdout);
		return 0;
	}
	def = kw_error_find(args.topic);
	if (def) {
		print_error(def);
		return 0;
	}
	if (strncasecmp(args.topic, "KW-", strlen("KW-")) == 0)
		return kw_fail(err, KW_E_CFG_USAGE, "no error has the id '%.32s'", args.topic);
	command = kw_command_find(kw_commands, args.topic, err);
	if (!command)
		return -1;
	kw_help_print_command(stdout, command->name, command);
	return 0;
}

const struct kw_command kw_cmd_help = {
	.name = "help",
	.summary = "about a command, or about an error by its id",
	.flags = flags,
	.run = run,
};
