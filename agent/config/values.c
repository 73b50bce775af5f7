/* SPDX-License-Identifier: Apache-2.0 */
#include "config/values.h"

#include "config/config.h"
#include "util/text.h"

#include <stdio.h>
#include <string.h>

#define DIGITS "0123456789"

enum {
	SHOWN_MAX = 80,	  /* bytes of a wrong value that a message repeats */
	DIGITS_MAX = 18,  /* of an integer: fits int64_t */
	MODE_LENGTH = 4,  /* "0440" */
	MODE_LAST = 0777, /* no set-id, no sticky bit */
};

/* Enums are read and written as the integers they are. */
_Static_assert(sizeof(enum kw_cloud) == sizeof(int), "enums have the size of int");
_Static_assert(sizeof(mode_t) == sizeof(unsigned), "modes have the size of unsigned");

char *kw_suggestion(const char *word, const char *const *words)
{
	const char *near = kw_text_nearest(word, words);

	return near ? kw_format(", did you mean '%s'?", near) : kw_strdup("");
}

char *kw_words_join(const char *const *words)
{
	char *joined = kw_strdup("");

	for (size_t i = 0; words[i]; i++) {
		char *longer = kw_format("%s%s%s", joined, i ? ", " : "", words[i]);

		free(joined);
		joined = longer;
	}
	return joined;
}

static int refuse(const struct kw_option *option, const struct kw_yaml *node, const char *expected,
		  struct kw_error *err)
{
	char found[SHOWN_MAX];

	kw_text_clean(kw_bytes_text(node->text), found, sizeof(found));
	if (strchr(found, '@')) /* what stands before it in a URL is a password */
		return kw_fail_at(err, KW_E_CFG_VALUE, &node->at, "'%s': expected %s", option->name,
				  expected);
	return kw_fail_at(err, KW_E_CFG_VALUE, &node->at, "'%s' is '%s', expected %s", option->name,
			  found, expected);
}

static int read_text(const struct kw_option *option, const struct kw_yaml *node, char **ret,
		     struct kw_error *err)
{
	size_t max = option->max ? (size_t)option->max : KW_TEXT_MAX, len = strlen(node->text);
	char *taken;

	if (len > max)
		return kw_fail_at(err, KW_E_CFG_VALUE, &node->at,
				  "'%s' is %zu bytes, at most %zu are allowed", option->name, len,
				  max);
	if (len == 0 && !kw_option_may_be_empty(option))
		return kw_fail_at(err, KW_E_CFG_VALUE, &node->at, "'%s' is empty, expected %s",
				  option->name, option->form ? option->form->expected : "a text");
	if (!option->form || len == 0) {
		*ret = kw_strdup(node->text);
		return 0;
	}
	taken = option->form->take(node->text);
	if (!taken)
		return refuse(option, node, option->form->expected, err);
	*ret = taken;
	return 0;
}

static int read_bool(const struct kw_option *option, const struct kw_yaml *node, bool *ret,
		     struct kw_error *err)
{
	bool yes = strcmp(node->text, "true") == 0;

	if (node->quoted || (!yes && strcmp(node->text, "false") != 0))
		return refuse(option, node, "true or false, without quotes", err);
	*ret = yes;
	return 0;
}

static bool is_integer(const struct kw_yaml *node)
{
	size_t len = strlen(node->text);

	return !node->quoted && len > 0 && len <= DIGITS_MAX && strspn(node->text, DIGITS) == len
	       && (len == 1 || *node->text != '0');
}

static int read_integer(const struct kw_option *option, const struct kw_yaml *node, int64_t *ret,
			struct kw_error *err)
{
	KW_CLEANUP(freep)
	char *expected = kw_format("%lld to %lld", (long long)option->min, (long long)option->max);
	int64_t number;

	if (!is_integer(node))
		return refuse(option, node, "a decimal integer", err);
	number = strtoll(node->text, NULL, 10);
	if (number < option->min || number > option->max)
		return refuse(option, node, expected, err);
	*ret = number;
	return 0;
}

static int read_duration(const struct kw_option *option, const struct kw_yaml *node, int64_t *ret,
			 struct kw_error *err)
{
	KW_CLEANUP(freep) char *min = kw_duration_text(option->min);
	KW_CLEANUP(freep) char *max = kw_duration_text(option->max);
	KW_CLEANUP(freep) char *expected = kw_format("%s to %s", min, max);
	int64_t ms;

	if (!kw_duration_parse(node->text, &ms))
		return refuse(option, node, "a duration: an integer with ms, s, m, h or d", err);
	if (ms < option->min || ms > option->max)
		return refuse(option, node, expected, err);
	*ret = ms;
	return 0;
}

static int read_mode(const struct kw_option *option, const struct kw_yaml *node, mode_t *ret,
		     struct kw_error *err)
{
	size_t len = strlen(node->text);

	/* Unquoted it would be an integer to YAML, octal or not as the version has it. */
	if (!node->quoted || len != MODE_LENGTH || *node->text != '0'
	    || strspn(node->text, "01234567") != len)
		return refuse(option, node, "a quoted octal mode such as \"0440\"", err);
	*ret = (mode_t)strtoul(node->text, NULL, 8) & MODE_LAST;
	return 0;
}

static int read_choice(const struct kw_option *option, const struct kw_yaml *node, int *ret,
		       struct kw_error *err)
{
	KW_CLEANUP(freep) char *words = NULL, *suggestion = NULL, *expected = NULL;

	for (int i = 0; option->words[i]; i++) {
		if (strcmp(node->text, option->words[i]) != 0)
			continue;
		*ret = i;
		return 0;
	}
	words = kw_words_join(option->words);
	suggestion = kw_suggestion(node->text, option->words);
	expected = kw_format("%s%s%s", option->words[1] ? "one of " : "", words, suggestion);
	return refuse(option, node, expected, err);
}

int kw_value_read(const struct kw_option *option, const struct kw_yaml *node, void *ret_field,
		  struct kw_error *err)
{
	if (node->kind != KW_YAML_SCALAR)
		return kw_fail_at(err, KW_E_CFG_VALUE, &node->at,
				  "'%s' is a %s, expected a single value", option->name,
				  node->kind == KW_YAML_LIST ? "list" : "map");
	if (kw_yaml_is_null(node))
		return kw_fail_at(err, KW_E_CFG_VALUE, &node->at,
				  "'%s' has no value; leave it out%s", option->name,
				  option->kind == KW_OPTION_TEXT ? ", or write \"\" for none" : "");
	switch (option->kind) {
	case KW_OPTION_TEXT:
		return read_text(option, node, ret_field, err);
	case KW_OPTION_BOOL:
		return read_bool(option, node, ret_field, err);
	case KW_OPTION_INTEGER:
		return read_integer(option, node, ret_field, err);
	case KW_OPTION_DURATION:
		return read_duration(option, node, ret_field, err);
	case KW_OPTION_MODE:
		return read_mode(option, node, ret_field, err);
	case KW_OPTION_CHOICE:
		return read_choice(option, node, ret_field, err);
	case KW_OPTION_NONE:
	case KW_OPTION_SECTION:
	case KW_OPTION_PART:
	case KW_OPTION_LIST:
	case KW_OPTION_PAIRS:
		break;
	}
	return kw_fail(err, KW_E_SYS_INTERNAL, "option '%s' is not a single value", option->name);
}

char *kw_value_text(const struct kw_option *option, const void *field)
{
	switch (option->kind) {
	case KW_OPTION_TEXT:
		return !option->fallback && !**(char *const *)field
			       ? NULL
			       : kw_strdup(*(char *const *)field);
	case KW_OPTION_BOOL:
		return !option->fallback && !*(const bool *)field
			       ? NULL
			       : kw_strdup(*(const bool *)field ? "true" : "false");
	case KW_OPTION_INTEGER:
		return *(const int64_t *)field < 0
			       ? NULL
			       : kw_format("%lld", (long long)*(const int64_t *)field);
	case KW_OPTION_DURATION:
		return kw_duration_text(*(const int64_t *)field);
	case KW_OPTION_MODE:
		return kw_format("%04o", *(const mode_t *)field);
	case KW_OPTION_CHOICE:
		return kw_strdup(option->words[*(const int *)field]);
	case KW_OPTION_NONE:
	case KW_OPTION_SECTION:
	case KW_OPTION_PART:
	case KW_OPTION_LIST:
	case KW_OPTION_PAIRS:
		break;
	}
	return NULL;
}
