/* SPDX-License-Identifier: Apache-2.0 */
#include "util/utf8.h"

#include <string.h>

enum { CONTINUATION_MASK = 0xc0, CONTINUATION = 0x80 };

static bool is_continuation(uint8_t byte)
{
	return (byte & CONTINUATION_MASK) == CONTINUATION;
}

/* How many bytes a leading byte announces, 0 for one that cannot lead. */
static size_t announced(uint8_t lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	return lead >= 0xf0 && lead <= 0xf4 ? 4 : 0;
}

/* The second byte has a narrower range behind some leads: overlong forms, surrogates, the end. */
static bool second_fits(uint8_t lead, uint8_t second)
{
	switch (lead) {
	case 0xe0:
		return second >= 0xa0;
	case 0xed:
		return second <= 0x9f;
	case 0xf0:
		return second >= 0x90;
	case 0xf4:
		return second <= 0x8f;
	}
	return true;
}

size_t kw_utf8_length(struct kw_bytes in, size_t at)
{
	if (at >= in.len)
		return 0;
	size_t len = announced(in.data[at]);
	if (len > in.len - at)
		return 0;
	for (size_t i = 1; i < len; i++)
		if (!is_continuation(in.data[at + i]))
			return 0;
	return len < 2 || second_fits(in.data[at], in.data[at + 1]) ? len : 0;
}

uint32_t kw_utf8_decode(const uint8_t *character, size_t len)
{
	static const uint8_t payload[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t point = character[0] & payload[len];

	for (size_t i = 1; i < len; i++)
		point = point << 6 | (character[i] & 0x3fU);
	return point;
}

size_t kw_utf8_encode(uint32_t point, uint8_t ret[4])
{
	static const uint8_t leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	if (point < 0x80) {
		ret[0] = (uint8_t)point;
		return 1;
	}
	size_t len = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
	for (size_t i = len - 1; i > 0; i--) {
		ret[i] = (uint8_t)(CONTINUATION | (point & 0x3f));
		point >>= 6;
	}
	ret[0] = (uint8_t)(leads[len] | point);
	return len;
}

void kw_utf8_trim(char *text)
{
	size_t len = strlen(text), lead = len;

	while (lead > 0 && len - lead < 3 && is_continuation((uint8_t)text[lead - 1]))
		lead--;
	if (lead == 0)
		return;
	lead--;
	if (announced((uint8_t)text[lead]) > len - lead)
		text[lead] = '\0';
}
