/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The option table: one row per field of the configuration, which is all that reading it, its
 * defaults, `config show`, the JSON Schema, the list of custom trust and reloading know of that
 * field. Rows point into struct kw_config by offset; sections share the offsets of the struct
 * around them unless they say `at`. Constant data.
 */
#pragma once

#include "config/forms.h"

#include <stddef.h>
#include <stdint.h>

enum kw_option_kind {
	KW_OPTION_NONE,	    /* ends a table */
	KW_OPTION_TEXT,	    /* char *; "" when absent */
	KW_OPTION_BOOL,	    /* bool */
	KW_OPTION_INTEGER,  /* int64_t; -1 when absent */
	KW_OPTION_DURATION, /* int64_t, milliseconds */
	KW_OPTION_MODE,	    /* mode_t; written as quoted octal */
	KW_OPTION_CHOICE,   /* an enum or int that counts the `words` from 0 */
	KW_OPTION_SECTION,  /* `members`, their offsets from `at` */
	KW_OPTION_PART,	    /* pointer to a struct of `size` with `members`; NULL when absent */
	KW_OPTION_LIST,	    /* pointer at `at`, size_t at `count_at`; each an `element` of `size` */
	KW_OPTION_PAIRS,    /* the user's own names: like a list of struct kw_config_pair */
};

enum {
	KW_OPTION_MANDATORY = 1 << 0,
	KW_OPTION_RESTART = 1 << 1,	 /* a change needs a restart; others are reloaded */
	KW_OPTION_TRUST = 1 << 2,	 /* another value than the default makes trust custom */
	KW_OPTION_MAY_BE_EMPTY = 1 << 3, /* "" turns it off although it has a default */
	KW_OPTION_ONE_MEMBER = 1 << 4,	 /* a section with exactly one member */
};

enum { KW_TEXT_MAX = 1024 }; /* bytes of a text whose row has no `max` */

struct kw_option {
	const char *name;
	enum kw_option_kind kind;
	unsigned flags;
	size_t at;
	/* As it would be written, lists as JSON; NULL: absent unless given, and then not shown. */
	const char *fallback;
	const char *help;
	int64_t min, max; /* of integers, milliseconds, elements, bytes of text (max alone) */
	const struct kw_form *form;
	const char *const *words; /* ends with NULL */
	const struct kw_option *members;
	const struct kw_option *element; /* one row, its `at` 0 */
	size_t count_at, size;
};

extern const struct kw_option kw_options[]; /* of struct kw_config */
extern const char *const kw_key_format_words[];
extern const char *const kw_release_enc_words[];

static inline void *kw_option_field(void *base, size_t at)
{
	return (char *)base + at;
}

static inline const void *kw_option_peek(const void *base, size_t at)
{
	return (const char *)base + at;
}

/* "" may stand for "not set". */
static inline bool kw_option_may_be_empty(const struct kw_option *option)
{
	return option->flags & KW_OPTION_MAY_BE_EMPTY
	       || (!(option->flags & KW_OPTION_MANDATORY)
		   && (!option->fallback || !*option->fallback));
}
