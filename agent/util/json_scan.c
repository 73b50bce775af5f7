/* SPDX-License-Identifier: Apache-2.0 */
#include "util/json_scan.h"

#include "util/cleanup.h"
#include "util/json.h"
#include "util/json_text.h"
#include "util/memory.h"
#include "util/utf8.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	NUMBER_MAX = 63, /* characters; more than the parser's buffer takes is no number of ours */
	NAMES_STEP = 64,
};

struct scan {
	struct kw_cursor c;
	const char *fault; /* what is wrong at c.at */
	int depth;
	const uint8_t **names; /* of all open objects, the innermost's last; behind the quote */
	size_t n_names, names_room;
	const char *want;
	struct kw_json_place place;
};

static void scan_clear(struct scan *s)
{
	free(s->names);
}

static bool fault(struct scan *s, const char *what)
{
	if (!s->fault)
		s->fault = what;
	return false;
}

static int report(const struct scan *s, enum kw_error_name error, struct kw_error *err)
{
	return kw_fail(err, error, "JSON: %s at byte %zu of %zu", s->fault, s->c.at, s->c.in.len);
}

static bool size_fits(struct scan *s)
{
	return s->c.in.len <= KW_JSON_SIZE_MAX || fault(s, "more than 4 MiB");
}

/* The next byte, or -1 at the end. */
static int peek(const struct scan *s)
{
	return kw_cursor_left(&s->c) > 0 ? s->c.in.data[s->c.at] : -1;
}

static bool accept(struct scan *s, char c)
{
	return peek(s) == c && kw_skip(&s->c, 1);
}

static void skip_blanks(struct scan *s)
{
	while (accept(s, ' ') || accept(s, '\t') || accept(s, '\n') || accept(s, '\r'))
		;
}

static bool skip_digits(struct scan *s)
{
	size_t from = s->c.at;

	while (peek(s) >= '0' && peek(s) <= '9')
		s->c.at++;
	return s->c.at > from || fault(s, "a digit is missing");
}

static bool is_finite(struct kw_bytes digits)
{
	char text[NUMBER_MAX + 1] = "";
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* a host may have set another */

	if (c == (locale_t)0)
		kw_out_of_memory();
	memcpy(text, digits.data, digits.len);
	bool finite = isfinite(strtod_l(text, NULL, c)) != 0;
	freelocale(c);
	return finite;
}

/* RFC 8259 section 6 */
static bool number(struct scan *s)
{
	size_t from = s->c.at;

	accept(s, '-');
	if (!accept(s, '0') && !skip_digits(s))
		return false;
	if (accept(s, '.') && !skip_digits(s))
		return false;
	if (accept(s, 'e') || accept(s, 'E')) {
		if (!accept(s, '+'))
			accept(s, '-');
		if (!skip_digits(s))
			return false;
	}
	struct kw_bytes digits = { s->c.in.data + from, s->c.at - from };
	if (digits.len > NUMBER_MAX)
		return fault(s, "a number of more than 63 characters");
	return is_finite(digits) || fault(s, "a number that is too large");
}

/* Behind a backslash and 'u'. */
static bool unicode_escape(struct scan *s)
{
	struct kw_bytes at;

	if (!kw_take(&s->c, 4, &at) || kw_json_hex4(at.data) < 0)
		return fault(s, "an escape without four hex digits");
	int32_t unit = kw_json_hex4(at.data);
	if (unit == 0)
		return fault(s, "a NUL");
	if (unit < KW_SURROGATE_HIGH || unit >= KW_SURROGATE_END)
		return true;
	if (unit >= KW_SURROGATE_LOW || !accept(s, '\\') || !accept(s, 'u')
	    || !kw_take(&s->c, 4, &at) || kw_json_hex4(at.data) < KW_SURROGATE_LOW
	    || kw_json_hex4(at.data) >= KW_SURROGATE_END)
		return fault(s, "half a surrogate pair");
	return true;
}

static bool escape(struct scan *s)
{
	if (accept(s, 'u'))
		return unicode_escape(s);
	int c = peek(s);
	if (c <= 0 || !strchr("\"\\/bfnrt", c))
		return fault(s, "an unknown escape");
	return kw_skip(&s->c, 1);
}

/* `ret_raw` is what stands between the quotes. */
static bool string(struct scan *s, struct kw_bytes *ret_raw)
{
	if (!accept(s, '"'))
		return fault(s, "a string is missing");
	size_t from = s->c.at;
	while (!accept(s, '"')) {
		if (accept(s, '\\')) {
			if (!escape(s))
				return false;
			continue;
		}
		if (peek(s) < 0)
			return fault(s, "a string without an end");
		if (peek(s) < 0x20)
			return fault(s, "a control byte in a string");
		size_t len = kw_utf8_length(s->c.in, s->c.at);
		if (len == 0 || !kw_skip(&s->c, len))
			return fault(s, "bytes that are not UTF-8");
	}
	*ret_raw = (struct kw_bytes){ s->c.in.data + from, s->c.at - 1 - from };
	return true;
}

static int compare_names(const void *a, const void *b)
{
	return kw_json_text_compare(*(const uint8_t *const *)a, *(const uint8_t *const *)b);
}

/* Sorted, so that a hostile object cannot make this quadratic. */
static bool names_differ(struct scan *s, size_t from)
{
	const uint8_t **names = s->names + from;
	size_t n = s->n_names - from;

	if (n < 2)
		return true;
	qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 1; i < n; i++)
		if (compare_names(&names[i - 1], &names[i]) == 0)
			return fault(s, "an object with two members of one name, which ends");
	return true;
}

static void remember_name(struct scan *s, const uint8_t *name)
{
	if (s->n_names == s->names_room) {
		s->names_room = s->names_room ? s->names_room * 2 : NAMES_STEP;
		s->names = kw_realloc(s->names, s->names_room * sizeof(*s->names));
	}
	s->names[s->n_names++] = name;
}

static bool value(struct scan *s, struct kw_bytes *ret_string);

static bool member(struct scan *s)
{
	struct kw_bytes name, content = { 0 };

	skip_blanks(s);
	if (!string(s, &name))
		return false;
	remember_name(s, name.data);
	bool wanted = s->want && s->depth == 1 && kw_json_text_is(name.data, s->want);
	skip_blanks(s);
	if (!accept(s, ':'))
		return fault(s, "a colon is missing");
	skip_blanks(s);
	size_t from = s->c.at;
	if (!value(s, &content))
		return false;
	struct kw_bytes text = { s->c.in.data + from, s->c.at - from };
	if (wanted)
		s->place = (struct kw_json_place){ true, content.data != NULL,
						   content.data != NULL ? content : text };
	return true;
}

static bool object(struct scan *s)
{
	size_t from = s->n_names;

	skip_blanks(s);
	if (accept(s, '}'))
		return true;
	do {
		if (!member(s))
			return false;
		skip_blanks(s);
	} while (accept(s, ','));
	if (peek(s) != '}')
		return fault(s, "a comma or '}' is missing");
	if (!names_differ(s, from))
		return false;
	s->n_names = from;
	return accept(s, '}');
}

static bool array(struct scan *s)
{
	struct kw_bytes content;

	skip_blanks(s);
	if (accept(s, ']'))
		return true;
	do {
		if (!value(s, &content))
			return false;
		skip_blanks(s);
	} while (accept(s, ','));
	return accept(s, ']') || fault(s, "a comma or ']' is missing");
}

/* With the opening bracket still to come. */
static bool container(struct scan *s, bool (*content)(struct scan *s))
{
	if (s->depth >= KW_JSON_DEPTH || !kw_skip(&s->c, 1))
		return fault(s, "more than 16 levels");
	s->depth++;
	bool good = content(s);
	s->depth--;
	return good;
}

static bool word(struct scan *s, const char *text)
{
	for (const char *p = text; *p; p++)
		if (!accept(s, *p))
			return fault(s, "an unknown word");
	return true;
}

/* Writes `ret_string` only for a string. Recursion ends at KW_JSON_DEPTH. */
static bool value(struct scan *s, struct kw_bytes *ret_string)
{
	skip_blanks(s);
	switch (peek(s)) {
	case '{':
		return container(s, object);
	case '[':
		return container(s, array);
	case '"':
		return string(s, ret_string);
	case 't':
		return word(s, "true");
	case 'f':
		return word(s, "false");
	case 'n':
		return word(s, "null");
	case '-':
	case '0' ... '9':
		return number(s);
	}
	return fault(s, "a value is missing");
}

int kw_json_scan(struct kw_bytes text, const char *want, enum kw_error_name error,
		 struct kw_json_place *ret, struct kw_error *err)
{
	KW_CLEANUP(scan_clear) struct scan s = { .c = { .in = text }, .want = want };
	struct kw_bytes content;

	if (!size_fits(&s) || !value(&s, &content))
		return report(&s, error, err);
	skip_blanks(&s);
	if (kw_cursor_left(&s.c) > 0) {
		fault(&s, "something behind the value");
		return report(&s, error, err);
	}
	if (ret)
		*ret = s.place;
	return 0;
}

/* One character outside or inside a string of a text that may be anything. */
static bool step_lenient(struct scan *s, bool *quoted)
{
	static const char nul[] = "\\u0000";
	size_t len = kw_utf8_length(s->c.in, s->c.at);
	int c = peek(s);

	if (len == 0)
		return fault(s, "bytes that are not UTF-8");
	if (c == 0
	    || (*quoted && kw_cursor_left(&s->c) >= sizeof(nul) - 1
		&& memcmp(s->c.in.data + s->c.at, nul, sizeof(nul) - 1) == 0))
		return fault(s, "a NUL");
	if (c == '\\' && *quoted)
		len = kw_cursor_left(&s->c) > 1 ? 2 : 1;
	else if (c == '"')
		*quoted = !*quoted;
	else if (!*quoted && (c == '[' || c == '{') && ++s->depth > KW_JSON_DEPTH)
		return fault(s, "more than 16 levels");
	else if (!*quoted && (c == ']' || c == '}'))
		s->depth--;
	return kw_skip(&s->c, len);
}

int kw_json_scan_lenient(struct kw_bytes text, enum kw_error_name error, struct kw_error *err)
{
	struct scan s = { .c = { .in = text } };
	bool quoted = false, good = size_fits(&s), opened = false;

	while (good && kw_cursor_left(&s.c) > 0 && (s.depth > 0 || !opened)) {
		good = step_lenient(&s, &quoted);
		opened = opened || s.depth != 0;
	}
	return good ? 0 : report(&s, error, err);
}
