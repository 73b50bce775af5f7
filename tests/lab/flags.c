/* SPDX-License-Identifier: Apache-2.0 */
#include "flags.h"

#include "util/cleanup.h"
#include "util/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_USAGE = 64, FLAGS_MAX = 32 };

void lab_usage(const char *fmt, ...)
{
	va_list args;

	fputs("keyward-lab: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputs("; see keyward-lab --help\n", stderr);
	_exit(EXIT_USAGE);
}

long lab_flag_number(const char *name, const char *text)
{
	char *end = NULL;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0)
		lab_usage("--%s: '%s' is not a whole number", name, text);
	return number;
}

unsigned lab_flag_choice(const char *name, const char *text, const char *const *choices)
{
	const char *near;

	for (unsigned i = 0; choices[i] != NULL; i++)
		if (strcmp(choices[i], text) == 0)
			return i;
	near = kw_text_nearest(text, choices);
	lab_usage("--%s: unknown '%s'; did you mean '%s'?", name, text,
		  near != NULL ? near : choices[0]);
}

static int help(const struct lab_command *command)
{
	printf("usage: keyward-lab %s --dir D%s%s\n%s\n\n", command->name,
	       command->words[0] != '\0' ? " " : "", command->words, command->about);
	for (const struct lab_flag *flag = command->flags; flag->name != NULL; flag++) {
		KW_CLEANUP(freep) char *left = kw_format("--%s %s", flag->name, flag->value);

		printf("  %-26s %s\n", left, flag->about);
	}
	return 0;
}

static const struct lab_flag *find(const struct lab_command *command, const char *name)
{
	const char *names[FLAGS_MAX + 1] = { NULL };
	const char *near;
	size_t n = 0;

	for (const struct lab_flag *flag = command->flags; flag->name != NULL && n < FLAGS_MAX;
	     flag++) {
		size_t len = strlen(flag->name);

		if (strncmp(name, flag->name, len) == 0 && (name[len] == '\0' || name[len] == '='))
			return flag;
		names[n++] = flag->name;
	}
	near = kw_text_nearest(name, names);
	if (near != NULL)
		lab_usage("unknown option '--%s'; did you mean '--%s'?", name, near);
	lab_usage("unknown option '--%s'", name);
}

/* Takes "--name VALUE" or "--name=VALUE"; gives how many arguments that was. */
static int take(const struct lab_command *command, char **argv)
{
	const char *name = argv[0] + 2;
	const struct lab_flag *flag = find(command, name);
	const char *equals = strchr(name, '=');

	if (equals == NULL && argv[1] == NULL)
		lab_usage("--%s wants %s", flag->name, flag->value);
	*flag->into = equals != NULL ? equals + 1 : argv[1];
	return equals != NULL ? 1 : 2;
}

int lab_command_run(const struct lab_command *command, char **argv)
{
	const char *words[LAB_WORDS_MAX] = { NULL };
	size_t n = 0;

	while (*argv != NULL) {
		if (strcmp(*argv, "--help") == 0 || strcmp(*argv, "-h") == 0)
			return help(command);
		if (strncmp(*argv, "--", 2) == 0) {
			argv += take(command, argv);
			continue;
		}
		if (n == LAB_WORDS_MAX)
			lab_usage("too many words");
		words[n++] = *argv++;
	}
	return command->run(words, n);
}
