/* SPDX-License-Identifier: Apache-2.0 */
#include "util/json_value.h"
#include "util/memory.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct kw_json *owned(cJSON *made)
{
	if (!made)
		kw_out_of_memory();
	return (struct kw_json *)made;
}

struct kw_json *kw_json_new_object(void)
{
	return owned(cJSON_CreateObject());
}

struct kw_json *kw_json_new_array(void)
{
	return owned(cJSON_CreateArray());
}

struct kw_json *kw_json_copy(const struct kw_json *value)
{
	return owned(cJSON_Duplicate(kw_json_library(value), true));
}

void kw_json_add(struct kw_json *container, const char *name, struct kw_json *child)
{
	cJSON *to = (cJSON *)container, *item = (cJSON *)child;

	assert(name ? cJSON_IsObject(to) : cJSON_IsArray(to));
	if (!(name ? cJSON_AddItemToObject(to, name, item) : cJSON_AddItemToArray(to, item)))
		kw_out_of_memory();
}

void kw_json_add_string(struct kw_json *container, const char *name, const char *text)
{
	kw_json_add(container, name, owned(text ? cJSON_CreateString(text) : cJSON_CreateNull()));
}

/* As text, because the library prints a number with 15 digits only. */
void kw_json_add_int(struct kw_json *container, const char *name, int64_t number)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%lld", (long long)number);
	struct kw_json *item = owned(cJSON_CreateRaw(digits));
	((cJSON *)item)->valuedouble = (double)number;
	kw_json_add(container, name, item);
}

void kw_json_add_number(struct kw_json *container, const char *name, double number)
{
	kw_json_add(container, name, owned(cJSON_CreateNumber(number)));
}

void kw_json_add_bool(struct kw_json *container, const char *name, bool yes)
{
	kw_json_add(container, name, owned(cJSON_CreateBool(yes)));
}

void kw_json_add_null(struct kw_json *container, const char *name)
{
	kw_json_add_string(container, name, NULL);
}

struct kw_json *kw_json_add_object(struct kw_json *container, const char *name)
{
	struct kw_json *object = kw_json_new_object();

	kw_json_add(container, name, object);
	return object;
}

struct kw_json *kw_json_add_array(struct kw_json *container, const char *name)
{
	struct kw_json *array = kw_json_new_array();

	kw_json_add(container, name, array);
	return array;
}

static char *printed(char *text)
{
	if (!text)
		kw_out_of_memory();
	return text;
}

char *kw_json_print(const struct kw_json *value)
{
	return printed(cJSON_PrintUnformatted(kw_json_library(value)));
}

char *kw_json_print_pretty(const struct kw_json *value)
{
	return printed(cJSON_Print(kw_json_library(value)));
}

static int compare_members(const void *a, const void *b)
{
	return strcmp(kw_json_name(*(const struct kw_json *const *)a),
		      kw_json_name(*(const struct kw_json *const *)b));
}

/* The children in a row of their own; those of an object sorted by name. */
static const struct kw_json **children(const struct kw_json *container, size_t n)
{
	const struct kw_json **list = kw_alloc(n * sizeof(const struct kw_json *));
	size_t i = 0;

	for (const struct kw_json *c = kw_json_first(container); c; c = kw_json_next(c))
		list[i++] = c;
	if (kw_json_type(container) == KW_JSON_OBJECT && n > 1)
		qsort(list, n, sizeof(const struct kw_json *), compare_members);
	return list;
}

static bool equal_children(const struct kw_json *a, const struct kw_json *b)
{
	size_t n = kw_json_count(a);

	if (n != kw_json_count(b))
		return false;
	const struct kw_json **left = children(a, n), **right = children(b, n);
	bool equal = true, named = kw_json_type(a) == KW_JSON_OBJECT;
	for (size_t i = 0; equal && i < n; i++)
		equal = (!named || strcmp(kw_json_name(left[i]), kw_json_name(right[i])) == 0)
			&& kw_json_equal(left[i], right[i]);
	free(left);
	free(right);
	return equal;
}

bool kw_json_equal(const struct kw_json *a, const struct kw_json *b)
{
	if (!a || !b || kw_json_type(a) != kw_json_type(b))
		return a == b;
	switch (kw_json_type(a)) {
	case KW_JSON_NULL:
		return true;
	case KW_JSON_BOOL:
		return ((kw_json_library(a)->type ^ kw_json_library(b)->type) & cJSON_True) == 0;
	case KW_JSON_NUMBER:
		return kw_json_library(a)->valuedouble == kw_json_library(b)->valuedouble;
	case KW_JSON_STRING:
		return strcmp(kw_json_string(a), kw_json_string(b)) == 0;
	case KW_JSON_ARRAY:
	case KW_JSON_OBJECT:
		return equal_children(a, b);
	}
	return false;
}
