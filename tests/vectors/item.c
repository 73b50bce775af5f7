/* SPDX-License-Identifier: Apache-2.0 */
#include "vectors/item.h"

#include "util/file.h"
#include "util/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { FILE_SIZE_MAX = 4 << 20, PATH_SIZE = 256, SHOWN_SIZE = 160 };

const char *vec_id(const struct vec_item *item)
{
	return kw_json_string(kw_json_get(item->json, "id"));
}

bool vec_check(struct vec_item *item, bool ok, const char *fmt, ...)
{
	char text[512] = "";
	va_list args;

	va_start(args, fmt);
	if (!ok)
		(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (ok)
		return true;
	print_error("%s: %s\n", vec_id(item), text);
	item->n_failures++;
	return false;
}

bool vec_has(const struct vec_item *item, const char *role)
{
	return kw_json_get(kw_json_get(item->json, "files"), role) != NULL;
}

struct kw_blob vec_file(struct vec_item *item, const char *role)
{
	const char *name = kw_json_string(kw_json_get(kw_json_get(item->json, "files"), role));
	KW_CLEANUP(freep) char *path = NULL;
	struct kw_error err = { 0 };
	struct kw_blob blob = { 0 };

	if (!name)
		fail_msg("%s: no file in the role '%s'", vec_id(item), role);
	path = kw_format("%s/%s", item->folder, name);
	if (kw_file_read(path, FILE_SIZE_MAX, KW_E_CFG_READ, &blob, &err) < 0)
		fail_msg("%s: %s", vec_id(item), err.detail);
	return blob;
}

const struct kw_json *vec_param(const struct vec_item *item, const char *name)
{
	return kw_json_get(kw_json_get(item->json, "params"), name);
}

int64_t vec_time(const struct vec_item *item)
{
	int64_t time;

	return kw_json_int(vec_param(item, "time"), &time) ? time : item->default_time;
}

static bool list_has(const struct kw_json *list, const char *word)
{
	for (const struct kw_json *at = kw_json_first(list); at; at = kw_json_next(at))
		if (word && strcmp(kw_json_string(at), word) == 0)
			return true;
	return false;
}

/* One step of a path: a member of an object, or a list's element by number. */
static const struct kw_json *step(const struct kw_json *from, const char *name)
{
	char *end;
	unsigned long i;

	if (kw_json_type(from) != KW_JSON_ARRAY)
		return kw_json_get(from, name);
	i = strtoul(name, &end, 10);
	return *end == '\0' && end != name ? kw_json_at(from, i) : NULL;
}

static const struct kw_json *fact_at(const struct vec_item *item, const char *path)
{
	const struct kw_json *at = kw_json_get(item->json, "facts");
	char name[PATH_SIZE];

	while (at && *path) {
		size_t len = strcspn(path, ".");

		if (len >= sizeof(name))
			return NULL;
		memcpy(name, path, len);
		name[len] = '\0';
		at = step(at, name);
		path += len + (path[len] == '.');
	}
	return at;
}

bool vec_expects(const struct vec_item *item, const char *path)
{
	return fact_at(item, path) != NULL;
}

static bool is_leaf(const struct kw_json *value)
{
	return kw_json_first(value) == NULL;
}

static bool was_visited(const struct vec_item *item, const struct kw_json *leaf)
{
	for (size_t i = 0; i < item->n_visited; i++)
		if (item->visited[i].value == leaf)
			return true;
	return false;
}

static void visit(struct vec_item *item, const struct kw_json *leaf)
{
	struct vec_leaf *more;

	if (was_visited(item, leaf))
		return;
	more = realloc(item->visited, (item->n_visited + 1) * sizeof(*more));
	assert_non_null(more);
	item->visited = more;
	item->visited[item->n_visited++].value = leaf;
}

/* "path.name", or "path.3" in a list. */
static void path_below(char ret[PATH_SIZE], const char *path, const struct kw_json *child, size_t i)
{
	const char *name = kw_json_name(child);
	const char *dot = *path ? "." : "";

	if (name)
		snprintf(ret, PATH_SIZE, "%s%s%s", path, dot, name);
	else
		snprintf(ret, PATH_SIZE, "%s%s%zu", path, dot, i);
}

static void differ(struct vec_item *item, const char *path, const struct kw_json *expected,
		   const struct kw_json *found)
{
	KW_CLEANUP(freep) char *is = found ? kw_json_print(found) : kw_strdup("nothing");
	KW_CLEANUP(freep) char *should_be = kw_json_print(expected);

	vec_check(item, false, "fact '%s': found %.*s, expected %.*s", path, SHOWN_SIZE, is,
		  SHOWN_SIZE, should_be);
}

/* Compares the trees and marks what was compared. Members that only `found` has are ignored. */
static void compare(struct vec_item *item, const char *path, const struct kw_json *expected,
		    const struct kw_json *found)
{
	enum kw_json_type type = kw_json_type(expected);
	char below[PATH_SIZE];
	size_t i = 0;

	if (is_leaf(expected)) {
		visit(item, expected);
		if (!found || !kw_json_equal(expected, found))
			differ(item, path, expected, found);
		return;
	}
	if (!found || kw_json_type(found) != type
	    || (type == KW_JSON_ARRAY && kw_json_count(found) != kw_json_count(expected)))
		differ(item, path, expected, found);
	for (const struct kw_json *at = kw_json_first(expected); at; at = kw_json_next(at), i++) {
		if (list_has(item->informative, kw_json_name(at)))
			continue;
		path_below(below, path, at, i);
		compare(item, below, at,
			type == KW_JSON_ARRAY ? kw_json_at(found, i)
					      : kw_json_get(found, kw_json_name(at)));
	}
}

void vec_fact_json(struct vec_item *item, const char *path, const struct kw_json *found)
{
	const struct kw_json *expected = fact_at(item, path);

	if (expected)
		compare(item, path, expected, found);
}

void vec_fact_int(struct vec_item *item, const char *path, int64_t found)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *holder = kw_json_new_object();

	kw_json_add_int(holder, "found", found);
	vec_fact_json(item, path, kw_json_get(holder, "found"));
}

void vec_fact_str(struct vec_item *item, const char *path, const char *found)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *holder = kw_json_new_object();

	kw_json_add_string(holder, "found", found);
	vec_fact_json(item, path, kw_json_get(holder, "found"));
}

void vec_fact_bool(struct vec_item *item, const char *path, bool found)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *holder = kw_json_new_object();

	kw_json_add_bool(holder, "found", found);
	vec_fact_json(item, path, kw_json_get(holder, "found"));
}

void vec_fact_hex(struct vec_item *item, const char *path, struct kw_bytes found)
{
	KW_CLEANUP(freep) char *hex = calloc(1, 2 * found.len + 1);

	assert_non_null(hex);
	kw_hex_encode(found, hex);
	vec_fact_str(item, path, hex);
}

void vec_fact_null(struct vec_item *item, const char *path)
{
	vec_fact_str(item, path, NULL);
}

void vec_reason(struct vec_item *item, const char *reason)
{
	const struct kw_json *errors = kw_json_get(item->json, "errors");

	item->n_verdicts++;
	item->structural_refusal = list_has(item->structural, reason);
	if (!reason)
		vec_check(item, kw_json_count(errors) == 0, "accepted, expected the refusal '%s'",
			  kw_json_string(kw_json_get(item->json, "error")));
	else
		vec_check(item, list_has(errors, reason),
			  "refused as '%s', which is none of the item's errors", reason);
}

static void want_visited(struct vec_item *item, const char *path, const struct kw_json *value)
{
	char below[PATH_SIZE];
	size_t i = 0;

	if (is_leaf(value)) {
		vec_check(item, was_visited(item, value), "fact '%s' was not reported", path);
		return;
	}
	for (const struct kw_json *at = kw_json_first(value); at; at = kw_json_next(at), i++) {
		path_below(below, path, at, i);
		if (!list_has(item->informative, kw_json_name(at)))
			want_visited(item, below, at);
	}
}

size_t vec_item_finish(struct vec_item *item)
{
	const struct kw_json *facts = kw_json_get(item->json, "facts");

	vec_check(item, item->n_verdicts == 1, "the handler gave %u verdicts, expected one",
		  item->n_verdicts);
	if (!item->structural_refusal && kw_json_count(facts) > 0)
		want_visited(item, "", facts);
	else if (kw_json_get(facts, "size"))
		want_visited(item, "size", kw_json_get(facts, "size"));
	return item->n_visited;
}
