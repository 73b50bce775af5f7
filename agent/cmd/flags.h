/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words behind a command: one row of a table per flag gives parsing, checking, its line of the
 * help, its entry of the manual page and its completion. Values are borrowed from argv and the
 * table. Nothing here knows a command.
 */
#pragma once

#include "util/error.h"

#include <stddef.h>
#include <stdio.h>

enum kw_flag_kind {
	KW_FLAGS_END,
	KW_OPTIONAL,	/* -o VALUE, --name VALUE, --name=VALUE; const char * */
	KW_CONFIG_FILE, /* the same; falls back to $KEYWARD_CONFIG first */
	KW_SWITCH,	/* -q, --name; bool */
	KW_POSITIONAL,	/* by its place, mandatory; const char * */
	KW_TRAILING,	/* by its place, may be left out */
	/* One of the words in `value`, "json|pem|der"; int, the place of the word, -1: not given.
	 */
	KW_CHOICE,	      /* -o VALUE, --name VALUE */
	KW_POSITIONAL_CHOICE, /* by its place, mandatory */
};

struct kw_flag {
	enum kw_flag_kind kind;
	char letter; /* 0: none */
	const char *name, *value, *help;
	size_t at;
	const char *fallback; /* or NULL */
};

/* -c, --config FILE: the same on every command. */
#define KW_FLAG_CONFIG(type, member)                                              \
	{                                                                         \
		KW_CONFIG_FILE, 'c', "config", "FILE", "default $KEYWARD_CONFIG", \
			offsetof(type, member), KW_DEFAULT_CONFIG                 \
	}

/* --no-sandbox: the same on every command that enters one. */
#define KW_FLAG_NO_SANDBOX(type, member)                                                          \
	{                                                                                         \
		KW_SWITCH, 0, "no-sandbox", "", "run without the sandbox, and say so everywhere", \
			offsetof(type, member), NULL                                              \
	}

enum { KW_FLAGS_MAX = 16 }; /* rows of one table */

/* Into the zeroed struct that the rows point into (NULL: there are no rows); its content counts on
 * success only. CFG_USAGE. */
int kw_flags_parse(const struct kw_flag *flags, int argc, char **argv, void *ret,
		   struct kw_error *err) KW_MUST_USE;
/* " [OPTIONS] NAME" behind the command's name, and one line per flag. */
void kw_flags_print_usage(const struct kw_flag *flags, FILE *to);
void kw_flags_print(const struct kw_flag *flags, FILE *to);
/* -h or --help is among the words, before "--". */
bool kw_flags_want_help(int argc, char *const *argv);

/* For those that describe the table: help, manual pages, completion. */
bool kw_flag_is_positional(const struct kw_flag *flag);
bool kw_flag_has_words(const struct kw_flag *flag); /* those of `value` */
