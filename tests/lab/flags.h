/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: one table for each command gives its parsing and its help. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { LAB_WORDS_MAX = 16 };

/* "--name VALUE"; the last row of a table has no name. */
struct lab_flag {
	const char *name, *value, *about;
	const char **into; /* keeps its default unless the flag is given */
};

struct lab_command {
	const char *name, *words, *about; /* words: what may follow the flags, for the help */
	const struct lab_flag *flags;
	int (*run)(const char *const *words, size_t n_words); /* gives the exit status */
};

/* Flags and words may be mixed. Ends the program on --help and on what is not understood. */
int lab_command_run(const struct lab_command *command, char **argv);
/* Usage error: prints and ends the program with 64. */
void lab_usage(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* A whole number from a flag; ends the program if it is none. */
long lab_flag_number(const char *name, const char *text);
/* The place of `text` among `choices`; ends the program if it is none. */
unsigned lab_flag_choice(const char *name, const char *text, const char *const *choices);
