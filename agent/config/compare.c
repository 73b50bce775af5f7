/* SPDX-License-Identifier: Apache-2.0 */
/* Two configurations held against each other, field by field, by the option table. */
#include "config/config.h"
#include "config/options.h"
#include "config/values.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 128 };

/* A path such as "server.socket.path", of the first row that differs and has one of the flags. */
struct search {
	unsigned flags;	    /* 0: any row */
	const char *except; /* the path of a row that is judged elsewhere, or NULL */
	char path[PATH_SIZE];
};

static bool members_differ(const struct kw_option *table, const void *a, const void *b,
			   const char *path, struct search *search);

static bool found(const struct kw_option *row, const char *path, struct search *search)
{
	if (search->flags != 0 && (row->flags & search->flags) == 0)
		return false;
	if (search->except != NULL && strcmp(path, search->except) == 0)
		return false;
	snprintf(search->path, sizeof(search->path), "%s", path);
	return true;
}

static bool texts_differ(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a != b : strcmp(a, b) != 0;
}

static bool scalars_differ(const struct kw_option *row, const void *a, const void *b)
{
	KW_CLEANUP(freep) char *text_a = kw_value_text(row, a);
	KW_CLEANUP(freep) char *text_b = kw_value_text(row, b);

	return texts_differ(text_a, text_b);
}

static size_t count(const struct kw_option *row, const void *base)
{
	return *(const size_t *)kw_option_peek(base, row->count_at);
}

static const char *array(const struct kw_option *row, const void *base)
{
	return *(const char *const *)kw_option_peek(base, row->at);
}

/* Elements are compared by their place; a longer list differs, but needs no flag of its members. */
static bool lists_differ(const struct kw_option *row, const void *a, const void *b,
			 const char *path, struct search *search)
{
	size_t n_a = count(row, a), n_b = count(row, b), n = n_a < n_b ? n_a : n_b;

	for (size_t i = 0; i < n; i++) {
		const void *x = array(row, a) + i * row->size, *y = array(row, b) + i * row->size;

		if (row->element->kind == KW_OPTION_SECTION) {
			if (members_differ(row->element->members, x, y, path, search))
				return true;
		} else if (scalars_differ(row->element, x, y) && found(row, path, search)) {
			return true;
		}
	}
	return n_a != n_b && found(row, path, search);
}

static bool pairs_differ(const struct kw_option *row, const void *a, const void *b)
{
	const struct kw_config_pair *x = (const void *)array(row, a);
	const struct kw_config_pair *y = (const void *)array(row, b);

	if (count(row, a) != count(row, b))
		return true;
	for (size_t i = 0; i < count(row, a); i++)
		if (strcmp(x[i].name, y[i].name) != 0 || strcmp(x[i].value, y[i].value) != 0)
			return true;
	return false;
}

static bool parts_differ(const struct kw_option *row, const void *a, const void *b,
			 const char *path, struct search *search)
{
	const void *x = array(row, a), *y = array(row, b);

	if (x == NULL || y == NULL)
		return x != y && found(row, path, search);
	return members_differ(row->members, x, y, path, search);
}

static bool row_differs(const struct kw_option *row, const void *a, const void *b, const char *path,
			struct search *search)
{
	const void *x = kw_option_peek(a, row->at), *y = kw_option_peek(b, row->at);

	switch (row->kind) {
	case KW_OPTION_SECTION:
		return members_differ(row->members, x, y, path, search);
	case KW_OPTION_PART:
		return parts_differ(row, a, b, path, search);
	case KW_OPTION_LIST:
		return lists_differ(row, a, b, path, search);
	case KW_OPTION_PAIRS:
		return pairs_differ(row, a, b) && found(row, path, search);
	case KW_OPTION_TEXT:
	case KW_OPTION_BOOL:
	case KW_OPTION_INTEGER:
	case KW_OPTION_DURATION:
	case KW_OPTION_MODE:
	case KW_OPTION_CHOICE:
		return scalars_differ(row, x, y) && found(row, path, search);
	case KW_OPTION_NONE:
		break;
	}
	return false;
}

static bool members_differ(const struct kw_option *table, const void *a, const void *b,
			   const char *path, struct search *search)
{
	for (const struct kw_option *row = table; row->name; row++) {
		KW_CLEANUP(freep)
		char *longer = kw_format("%s%s%s", path, *path ? "." : "", row->name);

		if (row_differs(row, a, b, longer, search))
			return true;
	}
	return false;
}

bool kw_config_equal(const struct kw_config *a, const struct kw_config *b)
{
	struct search any = { 0 };

	return !members_differ(kw_options, a, b, "", &any);
}

static const struct kw_option *find_row(const char *name)
{
	const struct kw_option *row = kw_options;

	while (strcmp(row->name, name) != 0)
		row++;
	return row;
}

bool kw_config_key_equal(const struct kw_config_key *a, const struct kw_config_key *b)
{
	struct search any = { 0 };

	return !members_differ(find_row("keys")->element->members, a, b, "", &any);
}

bool kw_config_secrets_equal(const struct kw_config *a, const struct kw_config *b)
{
	struct search any = { 0 };

	return !lists_differ(find_row("secrets"), a, b, "", &any);
}

/* A token is another one when its name is: only the file of one that stays is bound. */
static bool token_file_differs(const struct kw_config *a, const struct kw_config *b)
{
	for (size_t i = 0; i < a->server.n_tokens; i++)
		for (size_t k = 0; k < b->server.n_tokens; k++)
			if (strcmp(a->server.tokens[i].name, b->server.tokens[k].name) == 0
			    && strcmp(a->server.tokens[i].file, b->server.tokens[k].file) != 0)
				return true;
	return false;
}

int kw_config_reloadable(const struct kw_config *now, const struct kw_config *next,
			 struct kw_error *err)
{
	static const char tokens[] = "server.tokens.file";
	struct search restart = { .flags = KW_OPTION_RESTART, .except = tokens };

	if (members_differ(kw_options, now, next, "", &restart))
		return kw_fail(err, KW_E_CFG_RESTART, "%s: '%s' differs", next->path, restart.path);
	if (token_file_differs(now, next))
		return kw_fail(err, KW_E_CFG_RESTART, "%s: '%s' differs", next->path, tokens);
	return 0;
}
