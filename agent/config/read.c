/* SPDX-License-Identifier: Apache-2.0 */
#include "config/read.h"

#include "config/config.h"
#include "config/values.h"
#include "util/memory.h"
#include "util/text.h"

#include <string.h>

enum { TABLE_MAX = 32 }; /* rows of one table */

/* The fields are pointers of several types: moved as bytes, which every type allows. */
static void put_pointer(void *base, size_t at, void *pointer)
{
	memcpy(kw_option_field(base, at), &pointer, sizeof(pointer));
}

static void *take_pointer(void *base, size_t at)
{
	void *pointer;

	memcpy(&pointer, kw_option_field(base, at), sizeof(pointer));
	put_pointer(base, at, NULL);
	return pointer;
}

static const struct kw_option *find(const struct kw_option *table, const char *name)
{
	while (table->name && strcmp(table->name, name) != 0)
		table++;
	return table->name ? table : NULL;
}

/* The table's names, as the word functions want them. */
static void names_of(const struct kw_option *table, const char *ret[TABLE_MAX + 1])
{
	size_t n = 0;

	for (; table->name && n < TABLE_MAX; table++)
		ret[n++] = table->name;
	ret[n] = NULL;
}

static int unknown_field(const struct kw_option *table, const struct kw_yaml *member,
			 struct kw_error *err)
{
	KW_CLEANUP(freep) char *suggestion = NULL, *known = NULL;
	const char *names[TABLE_MAX + 1];

	names_of(table, names);
	suggestion = kw_suggestion(member->name, names);
	if (*suggestion)
		return kw_fail_at(err, KW_E_CFG_FIELD, &member->name_at, "unknown field '%.64s'%s",
				  member->name, suggestion);
	known = kw_words_join(names);
	return kw_fail_at(err, KW_E_CFG_FIELD, &member->name_at,
			  "unknown field '%.64s', known here: %s", member->name, known);
}

static int want_kind(const struct kw_option *option, const struct kw_yaml *node,
		     enum kw_yaml_kind kind, struct kw_error *err)
{
	if (node->kind == kind)
		return 0;
	return kw_fail_at(err, KW_E_CFG_VALUE, &node->at, "'%s' must be a %s", option->name,
			  kind == KW_YAML_LIST ? "list" : "map");
}

static int want_count(const struct kw_option *option, const struct kw_yaml *node,
		      struct kw_error *err)
{
	int64_t n = (int64_t)node->n_children;

	if (n >= option->min && n <= option->max)
		return 0;
	return kw_fail_at(err, KW_E_CFG_VALUE, &node->at,
			  "'%s' has %lld entries, expected %lld to %lld", option->name,
			  (long long)n, (long long)option->min, (long long)option->max);
}

static int read_section(const struct kw_option *option, const struct kw_yaml *node, void *base,
			struct kw_error *err)
{
	KW_CLEANUP(freep) char *known = NULL;
	const char *names[TABLE_MAX + 1];

	if (want_kind(option, node, KW_YAML_MAP, err) < 0)
		return -1;
	if (option->flags & KW_OPTION_ONE_MEMBER && node->n_children != 1) {
		names_of(option->members, names);
		known = kw_words_join(names);
		return kw_fail_at(err, KW_E_CFG_VALUE, &node->at,
				  "a %s has %zu members, expected exactly one of %s", option->name,
				  node->n_children, known);
	}
	return kw_options_read(option->members, node, base, err);
}

static int read_option(const struct kw_option *option, const struct kw_yaml *node, void *base,
		       struct kw_error *err);

/* Room for one element per child, where kw_options_clear() finds it whatever comes next. */
static void *make_room(const struct kw_option *option, const struct kw_yaml *node, void *base)
{
	void *array = node->n_children ? kw_alloc(node->n_children * option->size) : NULL;

	put_pointer(base, option->at, array);
	*(size_t *)kw_option_field(base, option->count_at) = node->n_children;
	return array;
}

static int read_list(const struct kw_option *option, const struct kw_yaml *node, void *base,
		     struct kw_error *err)
{
	char *element;

	if (want_kind(option, node, KW_YAML_LIST, err) < 0 || want_count(option, node, err) < 0)
		return -1;
	element = make_room(option, node, base);
	for (const struct kw_yaml *child = node->first; child; child = child->next) {
		if (read_option(option->element, child, element, err) < 0)
			return -1;
		element += option->size;
	}
	return 0;
}

static int read_pairs(const struct kw_option *option, const struct kw_yaml *node, void *base,
		      struct kw_error *err)
{
	struct kw_config_pair *pair;

	if (want_kind(option, node, KW_YAML_MAP, err) < 0 || want_count(option, node, err) < 0)
		return -1;
	pair = make_room(option, node, base);
	for (const struct kw_yaml *child = node->first; child; child = child->next, pair++) {
		const struct kw_option value = { .name = child->name, .kind = KW_OPTION_TEXT };

		pair->name = kw_strdup(child->name);
		if (kw_value_read(&value, child, &pair->value, err) < 0)
			return -1;
	}
	return 0;
}

static int read_part(const struct kw_option *option, const struct kw_yaml *node, void *base,
		     struct kw_error *err)
{
	void *part = kw_alloc(option->size);

	put_pointer(base, option->at, part);
	return read_section(option, node, part, err);
}

static int read_option(const struct kw_option *option, const struct kw_yaml *node, void *base,
		       struct kw_error *err)
{
	switch (option->kind) {
	case KW_OPTION_SECTION:
		return read_section(option, node, kw_option_field(base, option->at), err);
	case KW_OPTION_PART:
		return read_part(option, node, base, err);
	case KW_OPTION_LIST:
		return read_list(option, node, base, err);
	case KW_OPTION_PAIRS:
		return read_pairs(option, node, base, err);
	case KW_OPTION_NONE:
	case KW_OPTION_TEXT:
	case KW_OPTION_BOOL:
	case KW_OPTION_INTEGER:
	case KW_OPTION_DURATION:
	case KW_OPTION_MODE:
	case KW_OPTION_CHOICE:
		break;
	}
	return kw_value_read(option, node, kw_option_field(base, option->at), err);
}

/* The default goes the way of any other value. */
static int read_fallback(const struct kw_option *option, void *base, struct kw_error *err)
{
	KW_CLEANUP(kw_yaml_freep) struct kw_yaml *list = NULL;
	KW_CLEANUP(freep) char *text = kw_strdup(option->fallback);
	const struct kw_yaml scalar = {
		.at = { "default", 1, 1 },
		.text = text,
		.quoted = option->kind == KW_OPTION_TEXT || option->kind == KW_OPTION_MODE,
	};

	if (option->kind != KW_OPTION_LIST && option->kind != KW_OPTION_PAIRS)
		return read_option(option, &scalar, base, err);
	if (strcmp(text, "[]") == 0 || strcmp(text, "{}") == 0)
		return 0; /* as the zeroed struct is */
	if (kw_yaml_parse("default", kw_bytes_text(option->fallback), &list, err) < 0)
		return -1;
	return read_option(option, list, base, err);
}

static int read_absent(const struct kw_option *option, const struct kw_yaml *map, void *base,
		       struct kw_error *err)
{
	void *field = kw_option_field(base, option->at);

	if (option->flags & KW_OPTION_MANDATORY && map)
		return kw_fail_at(err, KW_E_CFG_MISSING, &map->at, "field '%s' is missing",
				  option->name);
	if (option->kind == KW_OPTION_SECTION)
		return kw_options_read(option->members, NULL, field, err);
	if (option->fallback)
		return read_fallback(option, base, err);
	if (option->kind == KW_OPTION_TEXT)
		*(char **)field = kw_strdup("");
	else if (option->kind == KW_OPTION_INTEGER)
		*(int64_t *)field = -1;
	return 0;
}

int kw_options_read(const struct kw_option *table, const struct kw_yaml *map, void *base,
		    struct kw_error *err)
{
	const struct kw_yaml *member = map ? map->first : NULL;

	for (; member; member = member->next) {
		const struct kw_option *option = find(table, member->name);

		if (!option)
			return unknown_field(table, member, err);
		if (read_option(option, member, base, err) < 0)
			return -1;
	}
	for (; table->name; table++) {
		if (map && kw_yaml_member(map, table->name))
			continue;
		if (read_absent(table, map, base, err) < 0)
			return -1;
	}
	return 0;
}

static void clear_option(const struct kw_option *option, void *base);

static void clear_list(const struct kw_option *option, void *base)
{
	KW_CLEANUP(freep) char *array = take_pointer(base, option->at);
	size_t *n = kw_option_field(base, option->count_at);

	for (size_t i = 0; i < *n; i++)
		clear_option(option->element, array + i * option->size);
	*n = 0;
}

static void clear_pairs(const struct kw_option *option, void *base)
{
	struct kw_config_pair *pairs = take_pointer(base, option->at);
	size_t *n = kw_option_field(base, option->count_at);

	for (size_t i = 0; i < *n; i++) {
		free(pairs[i].name);
		free(pairs[i].value);
	}
	free(pairs);
	*n = 0;
}

static void clear_part(const struct kw_option *option, void *base)
{
	void *part = take_pointer(base, option->at);

	if (part)
		kw_options_clear(option->members, part);
	free(part);
}

static void clear_option(const struct kw_option *option, void *base)
{
	switch (option->kind) {
	case KW_OPTION_TEXT:
		free(take_pointer(base, option->at));
		break;
	case KW_OPTION_SECTION:
		kw_options_clear(option->members, kw_option_field(base, option->at));
		break;
	case KW_OPTION_PART:
		clear_part(option, base);
		break;
	case KW_OPTION_LIST:
		clear_list(option, base);
		break;
	case KW_OPTION_PAIRS:
		clear_pairs(option, base);
		break;
	case KW_OPTION_NONE:
	case KW_OPTION_BOOL:
	case KW_OPTION_INTEGER:
	case KW_OPTION_DURATION:
	case KW_OPTION_MODE:
	case KW_OPTION_CHOICE:
		break;
	}
}

void kw_options_clear(const struct kw_option *table, void *base)
{
	for (; table->name; table++)
		clear_option(table, base);
}
