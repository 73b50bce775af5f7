/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/flags.h"

#include "util/cleanup.h"
#include "util/text.h"

#include <string.h>

#define CONFIG_VARIABLE "KEYWARD_CONFIG"

enum { WORDS_MAX = 16 }; /* of one choice */

struct parser {
	const struct kw_flag *flags;
	int argc, at;
	char **argv;
	char *ret;
	unsigned seen; /* one bit per row */
	struct kw_error *err;
};
_Static_assert(KW_FLAGS_MAX <= 8 * sizeof(unsigned), "one bit per row");

bool kw_flag_is_positional(const struct kw_flag *flag)
{
	return flag->kind == KW_POSITIONAL || flag->kind == KW_TRAILING
	       || flag->kind == KW_POSITIONAL_CHOICE;
}

bool kw_flag_has_words(const struct kw_flag *flag)
{
	return flag->kind == KW_CHOICE || flag->kind == KW_POSITIONAL_CHOICE;
}

static void set_text(const struct parser *p, const struct kw_flag *flag, const char *text)
{
	memcpy(p->ret + flag->at, &text, sizeof(text));
}

/* The place of `text` among the words of the flag, or -1. */
static int place_of(const struct kw_flag *flag, const char *text)
{
	size_t len = strlen(text), word_len;
	int place = 0;

	for (const char *word = flag->value; *word; word += word_len + (word[word_len] == '|')) {
		word_len = strcspn(word, "|");
		if (word_len == len && strncmp(word, text, len) == 0)
			return place;
		place++;
	}
	return -1;
}

static int refuse_word(const struct parser *p, const struct kw_flag *flag, const char *text)
{
	KW_CLEANUP(freep) char *copy = kw_strdup(flag->value);
	const char *words[WORDS_MAX + 1] = { NULL }, *near;
	size_t n = 0;
	char *rest = copy, *word;

	while ((word = strsep(&rest, "|")) != NULL && n < WORDS_MAX)
		words[n++] = word;
	near = kw_text_nearest(text, words);
	return kw_fail(p->err, KW_E_CFG_USAGE, "'%s%s' cannot be '%.32s', %s%s%s",
		       kw_flag_is_positional(flag) ? "" : "--", flag->name, text,
		       near ? "did you mean '" : "expected ", near ? near : flag->value,
		       near ? "'?" : "");
}

static int set_choice(const struct parser *p, const struct kw_flag *flag, const char *text)
{
	int place = text ? place_of(flag, text) : -1;

	if (text && place < 0)
		return refuse_word(p, flag, text);
	memcpy(p->ret + flag->at, &place, sizeof(place));
	return 0;
}

static int set_value(const struct parser *p, const struct kw_flag *flag, const char *text)
{
	if (kw_flag_has_words(flag))
		return set_choice(p, flag, text);
	set_text(p, flag, text);
	return 0;
}

static int set_fallbacks(const struct parser *p)
{
	const char *from_environment = secure_getenv(CONFIG_VARIABLE);

	for (const struct kw_flag *flag = p->flags; flag->kind; flag++) {
		if (flag->kind == KW_SWITCH)
			continue;
		if (set_value(p, flag, flag->fallback) < 0)
			return -1;
		if (flag->kind == KW_CONFIG_FILE && from_environment && *from_environment)
			set_text(p, flag, from_environment);
	}
	return 0;
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
		return kw_fail(p->err, KW_E_CFG_USAGE, "'--%s' needs %s%s", flag->name,
			       kw_flag_has_words(flag) ? "one of " : "a ", flag->value);
	return set_value(p, flag, value);
}

static int unknown_flag(const struct parser *p, const char *name, size_t len)
{
	KW_CLEANUP(freep) char *given = kw_format("%.*s", (int)len, name);
	const char *names[KW_FLAGS_MAX + 2], *near;
	size_t n = 0;

	for (const struct kw_flag *flag = p->flags; flag->kind && n < KW_FLAGS_MAX; flag++)
		if (!kw_flag_is_positional(flag))
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
		if (!kw_flag_is_positional(flag) && strlen(flag->name) == len
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
		if (!kw_flag_is_positional(flag) || p->seen & 1U << (flag - p->flags))
			continue;
		return set_value(p, flag, word) < 0 ? -1 : mark_seen(p, flag);
	}
	return kw_fail(p->err, KW_E_CFG_USAGE, "'%.64s' is one word too many", word);
}

static int want_positionals(const struct parser *p)
{
	for (const struct kw_flag *flag = p->flags; flag->kind; flag++)
		if (kw_flag_is_positional(flag) && flag->kind != KW_TRAILING
		    && !(p->seen & 1U << (flag - p->flags)))
			return kw_fail(p->err, KW_E_CFG_USAGE, "%s is missing: %s", flag->name,
				       flag->help);
	return 0;
}

int kw_flags_parse(const struct kw_flag *flags, int argc, char **argv, void *ret,
		   struct kw_error *err)
{
	struct parser p = { .flags = flags, .argc = argc, .argv = argv, .ret = ret, .err = err };
	bool words_only = false;
	int r = set_fallbacks(&p);

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

bool kw_flags_want_help(int argc, char *const *argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}
