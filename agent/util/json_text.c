/* SPDX-License-Identifier: Apache-2.0 */
#include "util/json_text.h"

#include "util/utf8.h"

#include <string.h>

static const uint32_t no_point = UINT32_MAX;

int32_t kw_json_hex4(const uint8_t *p)
{
	char text[5] = { (char)p[0], (char)p[1], (char)p[2], (char)p[3], '\0' };
	uint8_t value[2];

	return kw_hex_decode(text, value, sizeof(value)) ? value[0] << 8 | value[1] : -1;
}

/* One character behind a backslash; `*p` stands on what the backslash escapes. */
static uint32_t next_escaped(const uint8_t **p)
{
	static const char letters[] = "bfnrt", values[] = "\b\f\n\r\t";
	uint8_t c = *(*p)++;

	if (c != 'u') {
		const char *letter = strchr(letters, c);
		return letter ? (uint8_t)values[letter - letters] : c;
	}
	uint32_t unit = (uint32_t)kw_json_hex4(*p);
	*p += 4;
	if (unit < KW_SURROGATE_HIGH || unit >= KW_SURROGATE_END)
		return unit;
	uint32_t low = (uint32_t)kw_json_hex4(*p + 2); /* behind the second backslash and 'u' */
	*p += 6;
	return 0x10000 + ((unit - KW_SURROGATE_HIGH) << 10) + (low - KW_SURROGATE_LOW);
}

/* The next decoded character of a string; no_point at its closing quote. */
static uint32_t next_point(const uint8_t **p)
{
	if (**p == '"')
		return no_point;
	if (**p == '\\') {
		++*p;
		return next_escaped(p);
	}
	size_t len = kw_utf8_length((struct kw_bytes){ *p, 4 }, 0);
	uint32_t point = kw_utf8_decode(*p, len);
	*p += len;
	return point;
}

int kw_json_text_compare(const uint8_t *raw, const uint8_t *other)
{
	for (;;) {
		uint32_t left = next_point(&raw), right = next_point(&other);
		if (left == right && left == no_point)
			return 0;
		if (left == no_point || (right != no_point && left < right))
			return -1;
		if (left != right)
			return 1;
	}
}

bool kw_json_text_is(const uint8_t *raw, const char *text)
{
	for (uint32_t point = next_point(&raw); point != no_point; point = next_point(&raw)) {
		uint8_t character[4];
		size_t len = kw_utf8_encode(point, character);
		if (strncmp(text, (const char *)character, len) != 0)
			return false;
		text += len;
	}
	return *text == '\0';
}

size_t kw_json_text_decode(const uint8_t *raw, uint8_t *ret)
{
	size_t len = 0;

	for (uint32_t point = next_point(&raw); point != no_point; point = next_point(&raw)) {
		uint8_t character[4];
		size_t n = kw_utf8_encode(point, character);
		if (ret)
			memcpy(ret + len, character, n);
		len += n;
	}
	return len;
}
