/* SPDX-License-Identifier: Apache-2.0 */
#include "util/text.h"

#include "util/memory.h"
#include "util/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *kw_format(const char *fmt, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, fmt);
	int len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len < 0)
		kw_out_of_memory();
	return text;
}

char *kw_strdup(const char *text)
{
	return text ? (char *)kw_blob_copy(kw_bytes_text(text)).data : NULL;
}

char kw_lower(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c + ('a' - 'A'));
	return c;
}

/* C0, DEL and C1: what a terminal or a log collector might act on. */
static bool is_control(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0);
}

void kw_text_clean(struct kw_bytes from, char *ret, size_t size)
{
	size_t at = 0, out = 0;

	if (size == 0)
		return;
	while (at < from.len) {
		size_t len = kw_utf8_length(from, at);
		bool good = len > 0 && !is_control(kw_utf8_decode(from.data + at, len));
		if (len == 0)
			len = 1;
		if (out + (good ? len : 1) >= size)
			break;
		if (good)
			memcpy(ret + out, from.data + at, len);
		else
			ret[out] = '?';
		out += good ? len : 1;
		at += len;
	}
	ret[out] = '\0';
}

enum { WORD_MAX = 63 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edits between two words of at most WORD_MAX letters; a swap of neighbours is one edit. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1], n_a = strlen(a), n_b = strlen(b);

	for (size_t j = 0; j <= n_b; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= n_a; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3];
		row[0] = i;
		for (size_t j = 1; j <= n_b; j++) {
			size_t other = kw_lower(a[i - 1]) != kw_lower(b[j - 1]);
			row[j] = least(above[j - 1] + other, least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && kw_lower(a[i - 1]) == kw_lower(b[j - 2])
			    && kw_lower(a[i - 2]) == kw_lower(b[j - 1]))
				row[j] = least(row[j], rows[(i + 1) % 3][j - 2] + 1);
		}
	}
	return rows[n_a % 3][n_b];
}

const char *kw_text_nearest(const char *word, const char *const *words)
{
	const char *nearest = NULL;
	size_t len = strnlen(word, WORD_MAX + 1), limit = len < 6 ? 1 : len / 3;

	if (len > WORD_MAX)
		return NULL;
	for (; *words; words++) {
		if (strnlen(*words, WORD_MAX + 1) > WORD_MAX)
			continue;
		size_t edits = distance(word, *words);
		/* a word of which nothing is left is no suggestion */
		if (edits < limit + (nearest == NULL) && edits < strlen(*words)) {
			nearest = *words;
			limit = edits;
		}
	}
	return nearest;
}

static const struct unit {
	const char *name;
	int64_t ms;
} units[] = { { "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 } };
enum { N_UNITS = sizeof(units) / sizeof(units[0]) };

bool kw_duration_parse(const char *text, int64_t *ret_ms)
{
	int64_t number = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(number, 10, &number)
		    || __builtin_add_overflow(number, *p - '0', &number))
			return false;
	if (p == text)
		return false;
	for (size_t i = 0; i < N_UNITS; i++)
		if (strcmp(p, units[i].name) == 0) {
			if (__builtin_mul_overflow(number, units[i].ms, &number))
				return false;
			*ret_ms = number;
			return true;
		}
	return false;
}

char *kw_duration_text(int64_t ms)
{
	for (size_t i = 0; i < N_UNITS; i++)
		if (ms != 0 && ms % units[i].ms == 0)
			return kw_format("%lld%s", (long long)(ms / units[i].ms), units[i].name);
	return kw_strdup("0s");
}
