/* SPDX-License-Identifier: Apache-2.0 */
/* Completion for bash, from the command tables. Files are completed where nothing else fits. */
#include "cmd/pages.h"

#include "util/text.h"

#include <string.h>

/* Runs `print` for each command that has flags, verbs by "command verb". */
static void each(FILE *to, void (*print)(FILE *to, const char *name, const struct kw_flag *flags))
{
	for (size_t i = 0; kw_commands[i]; i++) {
		const struct kw_command *command = kw_commands[i];

		if (!command->verbs)
			print(to, command->name, command->flags);
		for (size_t j = 0; command->verbs && command->verbs[j]; j++) {
			KW_CLEANUP(freep)
			char *name = kw_format("%s %s", command->name, command->verbs[j]->name);

			print(to, name, command->verbs[j]->flags);
		}
	}
}

static void print_words(FILE *to, const char *value)
{
	for (; *value; value++)
		fputc(*value == '|' ? ' ' : *value, to);
}

/* After an option: its words; or none of the command's, so that files are completed. */
static void print_values(FILE *to, const char *name, const struct kw_flag *flags)
{
	for (const struct kw_flag *flag = flags; flag->kind; flag++) {
		if (kw_flag_is_positional(flag) || flag->kind == KW_SWITCH)
			continue;
		fprintf(to, "    '%s:--%s'", name, flag->name);
		if (flag->letter)
			fprintf(to, "|'%s:-%c'", name, flag->letter);
		fputs(") words='", to);
		if (kw_flag_has_words(flag))
			print_words(to, flag->value);
		fputs("' ;;\n", to);
	}
}

static void print_options(FILE *to, const char *name, const struct kw_flag *flags)
{
	fprintf(to, "    '%s:'*) words='", name);
	for (const struct kw_flag *flag = flags; flag->kind; flag++) {
		if (flag->kind == KW_POSITIONAL_CHOICE)
			print_words(to, flag->value);
		else if (!kw_flag_is_positional(flag))
			fprintf(to, "--%s", flag->name);
		else
			continue;
		fputc(' ', to);
	}
	fputs("--help' ;;\n", to);
}

static void print_names(FILE *to, const struct kw_command *const *commands)
{
	for (size_t i = 0; commands[i]; i++)
		fprintf(to, "%s%s", i ? " " : "", commands[i]->name);
}

static void print_paths(FILE *to)
{
	for (size_t i = 0; kw_commands[i]; i++) {
		fprintf(to, "      %s)", kw_commands[i]->name);
		fputs(" path=${COMP_WORDS[i]} ;;\n", to);
		for (size_t j = 0; kw_commands[i]->verbs && kw_commands[i]->verbs[j]; j++)
			fprintf(to, "      '%s %s') path+=\" ${COMP_WORDS[i]}\" ;;\n",
				kw_commands[i]->name, kw_commands[i]->verbs[j]->name);
	}
}

static void print_verbs(FILE *to)
{
	fputs("    ':'*) words='", to);
	print_names(to, kw_commands);
	fputs(" --help --version' ;;\n", to);
	for (size_t i = 0; kw_commands[i]; i++) {
		if (!kw_commands[i]->verbs)
			continue;
		fprintf(to, "    '%s:'*) words='", kw_commands[i]->name);
		print_names(to, kw_commands[i]->verbs);
		fputs(" --help' ;;\n", to);
	}
}

void kw_completion_print(FILE *to)
{
	fputs("# SPDX-License-Identifier: Apache-2.0\n"
	      "# Completion of keyward " KW_VERSION
	      " for bash, written by `keyward help -o bash`.\n"
	      "_keyward() {\n"
	      "  local current=${COMP_WORDS[COMP_CWORD]} path= words= i\n"
	      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
	      "    case \"${path:+$path }${COMP_WORDS[i]}\" in\n",
	      to);
	print_paths(to);
	fputs("    esac\n"
	      "  done\n"
	      "  case \"$path:${COMP_WORDS[COMP_CWORD - 1]}\" in\n",
	      to);
	each(to, print_values);
	print_verbs(to);
	each(to, print_options);
	fputs("  esac\n"
	      "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
	      "}\n"
	      "complete -o default -F _keyward keyward\n",
	      to);
}
