/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds of table 3-7 of the Unicode standard, which RFC 3629 section 4 repeats as ABNF. */
#include "rows.h"
#include "util/utf8.h"

static const struct row {
	const char *name, *text;
	size_t len;
	uint32_t point;
} rows[] = {
	{ "given ASCII, one byte", "A", 1, 0x41 },
	{ "given the last of one byte", "\x7f", 1, 0x7f },
	{ "given the first of two bytes", "\xc2\x80", 2, 0x80 },
	{ "given the last of two bytes", "\xdf\xbf", 2, 0x7ff },
	{ "given the first of three bytes", "\xe0\xa0\x80", 3, 0x800 },
	{ "given the last before the surrogates", "\xed\x9f\xbf", 3, 0xd7ff },
	{ "given the first behind the surrogates", "\xee\x80\x80", 3, 0xe000 },
	{ "given the last of three bytes", "\xef\xbf\xbf", 3, 0xffff },
	{ "given the first of four bytes", "\xf0\x90\x80\x80", 4, 0x10000 },
	{ "given the last of all", "\xf4\x8f\xbf\xbf", 4, 0x10ffff },
	{ "given nothing, refused", "", 0, 0 },
	{ "given a continuation alone, refused", "\x80", 0, 0 },
	{ "given an overlong slash, refused", "\xc0\xaf", 0, 0 },
	{ "given an overlong two-byte form, refused", "\xc1\xbf", 0, 0 },
	{ "given an overlong three-byte form, refused", "\xe0\x9f\xbf", 0, 0 },
	{ "given an overlong four-byte form, refused", "\xf0\x8f\xbf\xbf", 0, 0 },
	{ "given a high surrogate, refused", "\xed\xa0\x80", 0, 0 },
	{ "given a low surrogate, refused", "\xed\xbf\xbf", 0, 0 },
	{ "given one above the last, refused", "\xf4\x90\x80\x80", 0, 0 },
	{ "given a lead that none has, refused", "\xf5\x80\x80\x80", 0, 0 },
	{ "given 0xff, refused", "\xff", 0, 0 },
	{ "given two bytes cut, refused", "\xc3", 0, 0 },
	{ "given three bytes cut, refused", "\xe2\x82", 0, 0 },
	{ "given four bytes cut, refused", "\xf0\x9f\x98", 0, 0 },
	{ "given a letter for a continuation, refused", "\xe2\x82z", 0, 0 },
	{ "given a letter for the last continuation, refused", "\xf0\x9f\x98z", 0, 0 },
};

static void reads_as_expected(void **state)
{
	const struct row *row = *state;
	struct kw_bytes in = kw_bytes_text(row->text);
	uint8_t back[4];

	assert_int_equal(kw_utf8_length(in, 0), row->len);
	if (row->len == 0)
		return;
	assert_int_equal(kw_utf8_decode(in.data, row->len), row->point);
	assert_int_equal(kw_utf8_encode(row->point, back), row->len);
	assert_memory_equal(back, row->text, row->len);
}

static const struct trim_row {
	const char *name, *text, *expect;
} trim_rows[] = {
	{ "given nothing, nothing stays", "", "" },
	{ "given whole characters, all stay", "a\xc3\xa4\xe2\x82\xac", "a\xc3\xa4\xe2\x82\xac" },
	{ "given a whole one of four bytes, it stays", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
	{ "given one of two bytes, the rest goes", "a\xc3", "a" },
	{ "given one of three bytes, the rest goes", "a\xe2", "a" },
	{ "given two of three bytes, the rest goes", "a\xe2\x82", "a" },
	{ "given three of four bytes, the rest goes", "a\xf0\x9f\x98", "a" },
	{ "given nothing but a lead, nothing stays", "\xf0", "" },
	{ "given continuations alone, they stay", "\x80\x80", "\x80\x80" },
};

static void trims_as_expected(void **state)
{
	const struct trim_row *row = *state;
	char text[16];

	memcpy(text, row->text, strlen(row->text) + 1);
	kw_utf8_trim(text);
	assert_string_equal(text, row->expect);
}

int main(void)
{
	return KW_ROWS_RUN(rows, reads_as_expected) + KW_ROWS_RUN(trim_rows, trims_as_expected);
}
