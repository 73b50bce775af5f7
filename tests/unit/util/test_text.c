/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"
#include "util/text.h"

static const struct clean_row {
	const char *name, *text;
	size_t size;
	const char *expect;
} clean_rows[] = {
	{ "given plain text, it stays", "all good", 16, "all good" },
	{ "given other scripts, they stay", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 16,
	  "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
	{ "given newlines and escapes, they go", "a\nb\r\t\x1b[31m", 16, "a?b???[31m" },
	{ "given DEL, it goes", "a\x7f", 16, "a?" },
	{ "given a C1 control, one mark stands for it",
	  "a\xc2\x9b"
	  "b",
	  16, "a?b" },
	{ "given a byte that is no UTF-8, one mark stands for it",
	  "a\xff"
	  "b",
	  16, "a?b" },
	{ "given a cut character, a mark for each byte", "a\xe2\x82", 16, "a??" },
	{ "given more than fits, it is cut", "abcdef", 4, "abc" },
	{ "given as much as fits, all stays", "abc", 4, "abc" },
	{ "given a character across the cut, it goes whole", "ab\xc3\xa4", 4, "ab" },
	{ "given room for nothing, nothing comes", "abc", 1, "" },
	{ "given no text, nothing comes", NULL, 4, "" },
};

static void cleans_as_expected(void **state)
{
	const struct clean_row *row = *state;
	char text[32] = "untouched";

	kw_text_clean(kw_bytes_text(row->text), text, row->size);
	assert_string_equal(text, row->expect);
}

static void clean_takes_nul_for_a_control(void **state)
{
	char text[8] = "";

	(void)state;
	kw_text_clean((struct kw_bytes){ (const uint8_t *)"a\0b", 3 }, text, sizeof(text));
	assert_string_equal(text, "a?b");
	kw_text_clean(kw_bytes_text("x"), text, 0); /* writes nothing at all */
	assert_string_equal(text, "a?b");
}

static const char *const commands[] = { "serve",   "init",   "collateral", "attest",
					"release", "verify", "policy",	   "seal",
					"unseal",  "quote",  NULL };
static const struct nearest_row {
	const char *name, *word, *expect;
} nearest_rows[] = {
	{ "given the word itself, it is found", "attest", "attest" },
	{ "given a letter too few", "atest", "attest" },
	{ "given a letter too many", "servee", "serve" },
	{ "given a wrong letter", "verifi", "verify" },
	{ "given neighbours swapped", "realese", "release" },
	{ "given another case", "RELEASE", "release" },
	{ "given three edits in a long word", "colateralls", "collateral" },
	{ "given the nearer of two", "unsea", "unseal" },
	{ "given a stranger, nothing is suggested", "frobnicate", NULL },
	{ "given two edits in a short word, nothing", "sxyl", NULL },
	{ "given nothing, nothing is suggested", "", NULL },
	{ "given a word of 64 letters, nothing is suggested",
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL },
};

static void suggests_as_expected(void **state)
{
	const struct nearest_row *row = *state;
	const char *found = kw_text_nearest(row->word, commands);

	if (row->expect)
		assert_non_null(found);
	assert_string_equal(found ? found : "", row->expect ? row->expect : "");
}

static const struct duration_row {
	const char *name, *text;
	int64_t ms; /* -1: refused */
	const char *again;
} duration_rows[] = {
	{ "given milliseconds", "250ms", 250, "250ms" },
	{ "given seconds", "90s", 90000, "90s" },
	{ "given minutes", "10m", 600000, "10m" },
	{ "given hours", "1h", 3600000, "1h" },
	{ "given days", "2d", 172800000, "2d" },
	{ "given zero", "0s", 0, "0s" },
	{ "given a long form, the short one comes back", "86400s", 86400000, "1d" },
	{ "given 1500 ms, they stay", "1500ms", 1500, "1500ms" },
	{ "given the most there is", "9223372036854775807ms", INT64_MAX, "9223372036854775807ms" },
	{ "given one more, it is refused", "9223372036854775808ms", -1, NULL },
	{ "given too many days, it is refused", "106751991168d", -1, NULL },
	{ "given no unit, it is refused", "90", -1, NULL },
	{ "given no number, it is refused", "s", -1, NULL },
	{ "given nothing, it is refused", "", -1, NULL },
	{ "given a sign, it is refused", "-1s", -1, NULL },
	{ "given a plus, it is refused", "+1s", -1, NULL },
	{ "given a fraction, it is refused", "1.5h", -1, NULL },
	{ "given a blank, it is refused", "1 h", -1, NULL },
	{ "given a blank behind, it is refused", "1h ", -1, NULL },
	{ "given an unknown unit, it is refused", "1w", -1, NULL },
	{ "given another case, it is refused", "1H", -1, NULL },
	{ "given two, it is refused", "1h30m", -1, NULL },
};

static void lasts_as_expected(void **state)
{
	const struct duration_row *row = *state;
	int64_t ms = -1;

	assert_int_equal(kw_duration_parse(row->text, &ms), row->ms >= 0);
	assert_true(ms == row->ms);
	if (!row->again)
		return;
	char *again = kw_duration_text(ms);
	assert_string_equal(again, row->again);
	free(again);
}

static void texts_are_made(void **state)
{
	char *text = kw_format("%s-%03d", "KW", 7), *copy = kw_strdup(text);

	(void)state;
	assert_string_equal(copy, "KW-007");
	assert_ptr_not_equal(copy, text);
	assert_null(kw_strdup(NULL));
	free(text);
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_takes_nul_for_a_control),
		cmocka_unit_test(texts_are_made),
	};
	return KW_ROWS_RUN(clean_rows, cleans_as_expected)
	       + KW_ROWS_RUN(nearest_rows, suggests_as_expected)
	       + KW_ROWS_RUN(duration_rows, lasts_as_expected)
	       + cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
