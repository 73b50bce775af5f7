/* SPDX-License-Identifier: Apache-2.0 */
#include "util/error.h"

#include "util/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct kw_error_def defs[] = {
#define KW_ROW(name, id, stage, kind, http, exit, retry, cause, remedy) \
	{ id, stage, kind, http, exit, retry, cause, remedy },
#include "util/errors.def"
#undef KW_ROW
};
enum { N_DEFS = sizeof(defs) / sizeof(defs[0]) };

_Static_assert(N_DEFS == KW_N_ERRORS - 1, "one row for each name");

int kw_fail(struct kw_error *err, enum kw_error_name name, const char *fmt, ...)
{
	char detail[sizeof(err->detail)]; /* the old detail may be among the arguments */
	va_list args;

	va_start(args, fmt);
	if (vsnprintf(detail, sizeof(detail), fmt, args) < 0)
		detail[0] = '\0';
	va_end(args);
	kw_utf8_trim(detail);
	err->def = kw_error_def(name);
	memcpy(err->detail, detail, sizeof(detail));
	return -1;
}

int kw_wrap(struct kw_error *err, const char *fmt, ...)
{
	char inner[sizeof(err->detail)];
	va_list args;

	memcpy(inner, err->detail, sizeof(inner));
	va_start(args, fmt);
	int len = vsnprintf(err->detail, sizeof(err->detail), fmt, args);
	va_end(args);
	if (len < 0)
		len = 0;
	if ((size_t)len < sizeof(err->detail)) {
		size_t room = sizeof(err->detail) - (size_t)len;
		if (snprintf(err->detail + len, room, ": %s", inner) < 0)
			err->detail[len] = '\0';
	}
	kw_utf8_trim(err->detail);
	return -1;
}

const struct kw_error_def *kw_error_def(enum kw_error_name name)
{
	return name > KW_OK && name < KW_N_ERRORS ? &defs[name - 1] : NULL;
}

enum kw_error_name kw_error_name(const struct kw_error *err)
{
	return err->def ? (enum kw_error_name)(err->def - defs + 1) : KW_OK;
}

const struct kw_error_def *kw_error_find(const char *id)
{
	for (size_t i = 0; id && i < N_DEFS; i++)
		if (strcasecmp(defs[i].id, id) == 0)
			return &defs[i];
	return NULL;
}

const struct kw_error_def *kw_error_all(size_t *ret_n)
{
	*ret_n = N_DEFS;
	return defs;
}

static bool stage_is(const struct kw_error_def *def, const char *stage)
{
	return strcmp(def->stage, stage) == 0;
}

bool kw_error_is_outage(const struct kw_error *err)
{
	if (!err->def)
		return false;
	if (stage_is(err->def, "IDN"))
		return true;
	if (err->def->kind == KW_UNTRUSTED)
		return err->def->retry == KW_LATER;
	if (stage_is(err->def, "COL"))
		return true;
	return err->def->kind != KW_DENIED && err->def->kind != KW_NOT_FOUND
	       && err->def->kind != KW_DATA;
}
