/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flags.h"

#include "util/cleanup.h"
#include "util/text.h"

#include <string.h>

#define CONFIG_VARIABLE "KEYWARD_CONFIG"

enum { FLAG_COLUMN = 24 }; /* where the help's second column starts */

struct parser {
	const struct kw_flag *flags;
	int argc, at;
	char **argv;
	char *ret;
	unsigned seen; /* one bit per row */
	struct kw_error *err;
};
_Static_assert(KW_FLAGS_MAX <= 8 * sizeof(unsigned), "one bit per row");

static bool is_positional(const struct kw_flag *flag)
{
	return flag->kind == KW_POSITIONAL || flag->kind == KW_TRAILING;
}

static void set_text(const struct parser *p, const struct kw_flag *flag, const char *text)
{
	memcpy(p->ret + flag->at, &text, sizeof(text));
}

static void set_fallbacks(const struct parser *p)
{
	const char *from_environment = secure_getenv(CONFIG_VARIABLE);

	for (const struct kw_flag *flag = p->flags; flag->kind; flag++) {
		if (flag->kind == KW_SWITCH)
			continue;
		set_text(p, flag, flag->fallback);
		if (flag->kind == KW_CONFIG_FILE && from_environment && *from_environment)
			set_text(p, flag, from_environment);
	}
}

static int mark_seen(struct parser *p, const struct kw_flag *flag)
{
	unsigned bit = 1U << (flag - p->flags);

	if (p->seen & bit)
		return kw_fail(p->err, KW_E_CFG_USAGE, "'--%s' is given twice", flag->name);
	p->seen |= bit;
	return 0;
}

/* `value` is what is attached to the flag itself, or NULL. */
static int take_flag(struct parser *p, const struct kw_flag *flag, const char *value)
{
	if (mark_seen(p, flag) < 0)
		return -1;
	if (flag->kind == KW_SWITCH) {
		if (value)
			return kw_fail(p->err, KW_E_CFG_USAGE, "'--%s' takes no value", flag->name);
		*(bool *)(void *)(p->ret + flag->at) = true;
		return 0;
	}
	if (!value && p->at < p->argc
	    && (p->argv[p->at][0] != '-' || p->argv[p->at][1] == '\0')) /* "-" alone is a value */
		value = p->argv[p->at++];
	if (!value || !*value)
		return kw_fail(p->err, KW_E_CFG_USAGE, "'--%s' needs a %s", flag->name,
			       flag->value);
	set_text(p, flag, value);
	return 0;
}

static int unknown_flag(const struct parser *p, const char *name, size_t len)
{
	KW_CLEANUP(freep) char *given = kw_format("%.*s", (int)len, name);
	const char *names[KW_FLAGS_MAX + 2], *near;
	size_t n = 0;

	for (const struct kw_flag *flag = p->flags; flag->kind && n < KW_FLAGS_MAX; flag++)
		if (!is_positional(flag))
			names[n++] = flag->name;
	names[n++] = "help";
	names[n] = NULL;
	near = kw_text_nearest(given, names);
	if (near)
		return kw_fail(p->err, KW_E_CFG_USAGE,
			       "unknown option '--%.64s', did you mean '--%s'?", given, near);
	return kw_fail(p->err, KW_E_CFG_USAGE, "unknown option '--%.64s'", given);
}

static int take_long(struct parser *p, const char *word)
{
	const char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);

	for (const struct kw_flag *flag = p->flags; flag->kind; flag++)
		if (!is_positional(flag) && strlen(flag->name) == len
		    && strncmp(flag->name, word, len) == 0)
			return take_flag(p, flag, equals ? equals + 1 : NULL);
	return unknown_flag(p, word, len);
}

static int take_letter(struct parser *p, const char *word)
{
	for (const struct kw_flag *flag = p->flags; flag->kind; flag++)
		if (flag->letter && flag->letter == word[0])
			return take_flag(p, flag, word[1] ? word + 1 : NULL);
	return kw_fail(p->err, KW_E_CFG_USAGE, "unknown option '-%c'", word[0]);
}

static int take_positional(struct parser *p, const char *word)
{
	for (const struct kw_flag *flag = p->flags; flag->kind; flag++) {
		if (!is_positional(flag) || p->seen & 1U << (flag - p->flags))
			continue;
		set_text(p, flag, word);
		return mark_seen(p, flag);
	}
	return kw_fail(p->err, KW_E_CFG_USAGE, "'%.64s' is one word too many", word);
}

static int want_positionals(const struct parser *p)
{
	for (const struct kw_flag *flag = p->flags; flag->kind; flag++)
		if (flag->kind == KW_POSITIONAL && !(p->seen & 1U << (flag - p->flags)))
			return kw_fail(p->err, KW_E_CFG_USAGE, "%s is missing: %s", flag->name,
				       flag->help);
	return 0;
}

int kw_flags_parse(const struct kw_flag *flags, int argc, char **argv, void *ret,
		   struct kw_error *err)
{
	struct parser p = { .flags = flags, .argc = argc, .argv = argv, .ret = ret, .err = err };
	bool words_only = false;
	int r = 0;

	set_fallbacks(&p);
	while (r == 0 && p.at < argc) {
		const char *word = argv[p.at++];

		if (words_only || word[0] != '-' || word[1] == '\0')
			r = take_positional(&p, word);
		else if (strcmp(word, "--") == 0)
			words_only = true;
		else if (word[1] == '-')
			r = take_long(&p, word + 2);
		else
			r = take_letter(&p, word + 1);
	}
	return r < 0 ? r : want_positionals(&p);
}

void kw_flags_print_usage(const struct kw_flag *flags, FILE *to)
{
	fputs(" [OPTIONS]", to);
	for (const struct kw_flag *flag = flags; flag->kind; flag++)
		if (is_positional(flag))
			fprintf(to, flag->kind == KW_TRAILING ? " [%s]" : " %s", flag->name);
}

static char *first_column(const struct kw_flag *flag)
{
	const char *blank = *flag->value ? " " : "";

	if (is_positional(flag))
		return kw_strdup(flag->name);
	if (flag->letter)
		return kw_format("-%c, --%s%s%s", flag->letter, flag->name, blank, flag->value);
	return kw_format("    --%s%s%s", flag->name, blank, flag->value);
}

void kw_flags_print(const struct kw_flag *flags, FILE *to)
{
	for (const struct kw_flag *flag = flags; flag->kind; flag++) {
		KW_CLEANUP(freep) char *column = first_column(flag);

		fprintf(to, "  %-*s", FLAG_COLUMN - 2, column);
		if (strlen(column) >= FLAG_COLUMN - 2) /* too long: its text goes below it */
			fprintf(to, "\n%*s", FLAG_COLUMN, "");
		fputs(flag->help, to);
		if (flag->fallback)
			fprintf(to, " [%s]", flag->fallback);
		fputc('\n', to);
	}
	fprintf(to, "  %-*s%s\n", FLAG_COLUMN - 2, "-h, --help", "this text");
}

bool kw_flags_want_help(int argc, char *const *argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}
