/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"
#include "util/base64.h"
#include "util/json.h"

#include <stdio.h>

#define DEEP_16 "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]"
#define DEEP_17 "[" DEEP_16 "]"
#define DIGITS_60 "100000000000000000000000000000000000000000000000000000000000"

/* Grammar of RFC 8259 and what the strict mode refuses beyond it; `says` NULL: accepted. */
static const struct strict_row {
	const char *name, *text, *says;
} strict_rows[] = {
	{ "given an object", "{\"a\":1,\"b\":[true,false,null,\"x\",{}]}", NULL },
	{ "given blanks everywhere", " \t\r\n{ \"a\" : [ 1 , 2 ] } \n", NULL },
	{ "given a scalar", "\"x\"", NULL },
	{ "given empty containers", "[[],{},[ ],{ }]", NULL },
	{ "given an empty name", "{\"\":1}", NULL },
	{ "given nothing, it is refused", "", "a value is missing at byte 0 of 0" },
	{ "given blanks alone, it is refused", "  ", "a value is missing at byte 2 of 2" },
	{ "given a byte order mark, it is refused", "\xef\xbb\xbf{}",
	  "a value is missing at byte 0" },
	{ "given two values, it is refused", "{} {}", "something behind the value at byte 3" },
	{ "given a comma behind, it is refused", "{},", "something behind the value" },
	{ "given a comment, it is refused", "{}//", "something behind the value" },
	{ "given a trailing comma in an object, it is refused", "{\"a\":1,}",
	  "a string is missing" },
	{ "given a trailing comma in an array, it is refused", "[1,]", "a value is missing" },
	{ "given a leading comma, it is refused", "[,1]", "a value is missing" },
	{ "given no comma, it is refused", "[1 2]", "a comma or ']' is missing" },
	{ "given no comma between members, it is refused", "{\"a\":1 \"b\":2}",
	  "a comma or '}' is missing" },
	{ "given no colon, it is refused", "{\"a\" 1}", "a colon is missing" },
	{ "given no value, it is refused", "{\"a\":}", "a value is missing" },
	{ "given a bare name, it is refused", "{a:1}", "a string is missing" },
	{ "given single quotes, it is refused", "['a']", "a value is missing" },
	{ "given an open object, it is refused", "{\"a\":1", "a comma or '}' is missing" },
	{ "given an open array, it is refused", "[1", "a comma or ']' is missing" },
	{ "given the wrong bracket, it is refused", "[1}", "a comma or ']' is missing" },
	{ "given a word cut, it is refused", "tru", "an unknown word" },
	{ "given a word in capitals, it is refused", "True", "a value is missing" },
	{ "given a word too long, it is refused", "nulls", "something behind the value" },
	{ "given NaN, it is refused", "NaN", "a value is missing" },

	{ "given numbers of all forms", "[0,-0,10,-1.5,1e5,1E+5,1e-5,0.0,1.25e3]", NULL },
	{ "given the largest double", "1.7976931348623157e308", NULL },
	{ "given one beyond, it is refused", "1.8e308", "a number that is too large" },
	{ "given minus one beyond, it is refused", "-1e309", "a number that is too large" },
	{ "given one that vanishes", "1e-400", NULL },
	{ "given a zero in front, it is refused", "01", "something behind the value" },
	{ "given minus alone, it is refused", "-", "a digit is missing" },
	{ "given minus zero one, it is refused", "-01", "something behind the value" },
	{ "given plus, it is refused", "+1", "a value is missing" },
	{ "given a point in front, it is refused", ".5", "a value is missing" },
	{ "given a point behind, it is refused", "1.", "a digit is missing" },
	{ "given no exponent, it is refused", "1e", "a digit is missing" },
	{ "given a sign for an exponent, it is refused", "1e+", "a digit is missing" },
	{ "given hex, it is refused", "0x10", "something behind the value" },
	{ "given 63 characters of number", DIGITS_60 "000", NULL },
	{ "given 64 characters of number, it is refused", DIGITS_60 "0000",
	  "a number of more than 63" },

	{ "given every escape", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e4\\uFFFF\"", NULL },
	{ "given a surrogate pair", "\"\\ud83d\\ude00\"", NULL },
	{ "given a lone high surrogate, it is refused", "\"\\ud83d\"", "half a surrogate pair" },
	{ "given a high surrogate and a letter, it is refused", "\"\\ud83dx\"",
	  "half a surrogate pair" },
	{ "given a high surrogate and another escape, it is refused", "\"\\ud83d\\n\"",
	  "half a surrogate pair" },
	{ "given two high surrogates, it is refused", "\"\\ud83d\\ud83d\"",
	  "half a surrogate pair" },
	{ "given a lone low surrogate, it is refused", "\"\\ude00\"", "half a surrogate pair" },
	{ "given a low surrogate cut, it is refused", "\"\\ud83d\\ude0", "half a surrogate pair" },
	{ "given a NUL escape, it is refused", "\"a\\u0000\"", "a NUL" },
	{ "given a NUL escape in a name, it is refused", "{\"a\\u0000\":1}", "a NUL" },
	{ "given an escape of three digits, it is refused", "\"\\u004\"",
	  "an escape without four hex digits" },
	{ "given an escape without digits, it is refused", "\"\\uzzzz\"",
	  "an escape without four hex digits" },
	{ "given an unknown escape, it is refused", "\"\\x41\"", "an unknown escape" },
	{ "given an escape at the end, it is refused", "\"\\", "an unknown escape" },
	{ "given a newline in a string, it is refused", "\"a\nb\"", "a control byte in a string" },
	{ "given a tab in a string, it is refused", "\"a\tb\"", "a control byte in a string" },
	{ "given DEL in a string", "\"\x7f\"", NULL },
	{ "given an open string, it is refused", "\"abc", "a string without an end" },
	{ "given UTF-8", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"", NULL },
	{ "given Latin-1, it is refused", "\"\xe4\"", "bytes that are not UTF-8" },
	{ "given an overlong form, it is refused", "\"\xc0\xaf\"", "bytes that are not UTF-8" },
	{ "given an encoded surrogate, it is refused", "\"\xed\xa0\x80\"",
	  "bytes that are not UTF-8" },

	{ "given one name twice, it is refused", "{\"a\":1,\"b\":2,\"a\":3}",
	  "two members of one name" },
	{ "given one name twice through an escape, it is refused", "{\"alg\":1,\"\\u0061lg\":2}",
	  "two members of one name" },
	{ "given one name twice in UTF-8 and escaped, it is refused",
	  "{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}", "two members of one name" },
	{ "given an escaped slash twice, it is refused", "{\"a/b\":1,\"a\\/b\":2}",
	  "two members of one name" },
	{ "given the empty name twice, it is refused", "{\"\":1,\"\":2}",
	  "two members of one name" },
	{ "given it twice further in, it is refused", "[{\"x\":{\"a\":1,\"a\":2}}]",
	  "two members of one name" },
	{ "given one name in two objects", "{\"a\":{\"a\":1},\"b\":{\"a\":1}}", NULL },
	{ "given names that differ in case", "{\"a\":1,\"A\":2}", NULL },
	{ "given a name that starts another", "{\"ab\":1,\"a\":2,\"abc\":3}", NULL },
	{ "given a name twice around an inner object, it is refused",
	  "{\"a\":{\"b\":1,\"c\":2},\"a\":2}", "two members of one name" },

	{ "given 16 levels", DEEP_16, NULL },
	{ "given 17 levels, it is refused", DEEP_17, "more than 16 levels at byte 16" },
};

static void strict_judges_as_expected(void **state)
{
	const struct strict_row *row = *state;
	struct kw_json *root = NULL;
	struct kw_error err = { 0 };
	int r = kw_json_parse(kw_bytes_text(row->text), KW_JSON_STRICT, KW_E_ATT_ANSWER, &root,
			      &err);

	assert_string_equal(row->says ? "" : err.detail, "");
	assert_int_equal(r, row->says ? -1 : 0);
	if (row->says) {
		assert_true(kw_error_is(&err, KW_E_ATT_ANSWER));
		assert_null(root);
		if (!strstr(err.detail, row->says))
			fail_msg("'%s' instead of '%s'", err.detail, row->says);
	}
	kw_json_free(root);
}

/* Values as Python's json module reads them. */
static const struct string_row {
	const char *name, *text, *expect;
} string_rows[] = {
	{ "given escapes", "{\"s\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "\"\\/\b\f\n\r\t" },
	{ "given unicode escapes", "{\"s\":\"\\u0041\\u00e4\\u20AC\"}", "A\xc3\xa4\xe2\x82\xac" },
	{ "given a surrogate pair", "{\"s\":\"\\ud83d\\ude00\"}", "\xf0\x9f\x98\x80" },
	{ "given the last character", "{\"s\":\"\\udbff\\udfff\"}", "\xf4\x8f\xbf\xbf" },
	{ "given UTF-8", "{\"s\":\"\xe2\x82\xac\"}", "\xe2\x82\xac" },
	{ "given nothing", "{\"s\":\"\"}", "" },
	{ "given an escaped name", "{\"\\u0073\":\"x\"}", "x" },
	{ "given it behind others", "{\"a\":{\"s\":\"no\"},\"t\":[\"s\"],\"s\":\"yes\"}", "yes" },
	{ "given it before others", "{\"s\":\"yes\",\"a\":[{\"s\":\"no\"}]}", "yes" },
};

static void strings_read_as_expected(void **state)
{
	const struct string_row *row = *state;
	struct kw_bytes text = kw_bytes_text(row->text);
	struct kw_json *root = NULL;
	struct kw_secret secret = { 0 };
	struct kw_error err = { 0 };

	assert_int_equal(kw_json_parse(text, KW_JSON_STRICT, KW_E_SYS_DATA, &root, &err), 0);
	assert_string_equal(kw_json_string(kw_json_get(root, "s")), row->expect);
	assert_int_equal(kw_json_secret(text, "s", KW_E_SYS_DATA, &secret, &err), 0);
	assert_string_equal((char *)secret.data, row->expect);
	assert_int_equal(secret.len, strlen(row->expect));
	kw_secret_clear(&secret);
	kw_json_free(root);
}

static const struct secret_row {
	const char *name, *text, *says;
} secret_rows[] = {
	{ "given no such member, it is refused", "{\"t\":\"x\"}", "member 's' is missing" },
	{ "given it further in only, it is refused", "{\"t\":{\"s\":\"x\"}}", "is missing" },
	{ "given it in an array, it is refused", "[{\"s\":\"x\"}]", "is missing" },
	{ "given another case, it is refused", "{\"S\":\"x\"}", "is missing" },
	{ "given a number, it is refused", "{\"s\":1}", "member 's' is not a string" },
	{ "given an object, it is refused", "{\"s\":{\"s\":\"x\"}}", "is not a string" },
	{ "given an array, it is refused", "{\"s\":[\"x\"]}", "is not a string" },
	{ "given null, it is refused", "{\"s\":null}", "is not a string" },
	{ "given it twice, it is refused", "{\"s\":\"a\",\"s\":\"b\"}", "two members" },
	{ "given something behind, it is refused", "{\"s\":\"a\"}x", "something behind" },
	{ "given a cut text, it is refused", "{\"s\":\"a", "a string without an end" },
};

static void secrets_are_refused_as_expected(void **state)
{
	const struct secret_row *row = *state;
	struct kw_secret secret = { 0 };
	struct kw_error err = { 0 };

	assert_int_equal(
		kw_json_secret(kw_bytes_text(row->text), "s", KW_E_IDN_ANSWER, &secret, &err), -1);
	assert_true(kw_error_is(&err, KW_E_IDN_ANSWER));
	assert_non_null(strstr(err.detail, row->says));
	assert_null(secret.data);
	assert_int_equal(kw_arena_state().used, 0);
}

static const struct secret_int_row {
	const char *name, *text;
	bool good;
	int64_t expect;
} secret_int_rows[] = {
	{ "given a number", "{\"n\":3599}", true, 3599 },
	{ "given a string of digits", "{\"n\":\"1506484173\"}", true, 1506484173 },
	{ "given zero", "{\"n\" : 0 }", true, 0 },
	{ "given 2^53", "{\"n\":9007199254740992}", true, 9007199254740992 },
	{ "given more than 2^53, it is refused", "{\"n\":9007199254740993}", false, 0 },
	{ "given an empty string, it is refused", "{\"n\":\"\"}", false, 0 },
	{ "given a string with a blank, it is refused", "{\"n\":\" 1\"}", false, 0 },
	{ "given an escaped digit, it is refused", "{\"n\":\"\\u0031\"}", false, 0 },
	{ "given a negative number, it is refused", "{\"n\":-1}", false, 0 },
	{ "given a fraction, it is refused", "{\"n\":1.5}", false, 0 },
	{ "given an array, it is refused", "{\"n\":[1]}", false, 0 },
	{ "given no such member, it is refused", "{\"m\":1}", false, 0 },
	{ "given a text that is not JSON, it is refused", "{\"n\":1", false, 0 },
};

static void numbers_beside_secrets_read_as_expected(void **state)
{
	const struct secret_int_row *row = *state;
	int64_t number = -7;

	assert_int_equal(kw_json_secret_int(kw_bytes_text(row->text), "n", &number), row->good);
	assert_int_equal(number, row->good ? row->expect : -7);
}

/* `expect` is member "a" as printed; NULL: refused. */
static const struct lenient_row {
	const char *name, *text, *expect;
} lenient_rows[] = {
	{ "given what strict takes", "{\"a\":1}", "1" },
	{ "given one name twice, the last wins", "{\"a\":1,\"b\":0,\"a\":2}", "2" },
	{ "given something behind, it is ignored", "{\"a\":1} trailing", "1" },
	{ "given brackets behind, they are ignored", "{\"a\":1}" DEEP_17, "1" },
	{ "given bad bytes behind, they are ignored", "{\"a\":1}\xff", "1" },
	{ "given brackets in a string, they do not count", "{\"a\":\"}]{{\\\"[\"}",
	  "\"}]{{\\\"[\"" },
	{ "given 16 levels", "{\"a\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}",
	  "[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]" },
	{ "given 17 levels, it is refused", "{\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}", NULL },
	{ "given bytes that are not UTF-8, it is refused", "{\"a\":\"\xe4\"}", NULL },
	{ "given a NUL escape, it is refused", "{\"a\":\"x\\u0000y\"}", NULL },
	{ "given an escaped backslash before u0000", "{\"a\":\"\\\\u0000\"}", "\"\\\\u0000\"" },
	{ "given a cut text, it is refused", "{\"a\":", NULL },
	{ "given nothing, it is refused", "", NULL },
	{ "given no JSON, it is refused", "hello", NULL },
	{ "given a closing bracket, it is refused", "}{", NULL },
};

static void lenient_judges_as_expected(void **state)
{
	const struct lenient_row *row = *state;
	struct kw_json *root = NULL;
	struct kw_error err = { 0 };
	int r = kw_json_parse(kw_bytes_text(row->text), KW_JSON_LENIENT, KW_E_SRV_BODY, &root,
			      &err);

	assert_int_equal(r, row->expect ? 0 : -1);
	if (!row->expect) {
		assert_true(kw_error_is(&err, KW_E_SRV_BODY));
		assert_null(root);
		return;
	}
	char *printed = kw_json_print(kw_json_get(root, "a"));
	assert_string_equal(printed, row->expect);
	free(printed);
	kw_json_free(root);
}

static void nul_bytes_are_refused_in_both_modes(void **state)
{
	static const uint8_t in_string[] = "{\"a\":\"x\0y\"}", behind[] = "{}\0";
	struct kw_bytes within = { in_string, sizeof(in_string) - 1 },
			after = { behind, sizeof(behind) - 1 };
	struct kw_json *root = NULL;
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_json_parse(within, KW_JSON_STRICT, KW_E_SYS_DATA, &root, &err), -1);
	assert_int_equal(kw_json_parse(within, KW_JSON_LENIENT, KW_E_SYS_DATA, &root, &err), -1);
	assert_int_equal(kw_json_parse(after, KW_JSON_STRICT, KW_E_SYS_DATA, &root, &err), -1);
	assert_null(root);
}

static void the_size_is_capped(void **state)
{
	struct kw_blob text = kw_blob_new(KW_JSON_SIZE_MAX + 1);
	struct kw_bytes fits = { text.data, KW_JSON_SIZE_MAX };
	struct kw_json *root = NULL;
	struct kw_error err = { 0 };

	(void)state;
	memset(text.data, ' ', text.len);
	memcpy(text.data, "[1]", 3);
	for (enum kw_json_mode mode = KW_JSON_STRICT; mode <= KW_JSON_LENIENT; mode++) {
		assert_int_equal(kw_json_parse(fits, mode, KW_E_SYS_DATA, &root, &err), 0);
		kw_json_free(root);
		root = NULL;
		assert_int_equal(
			kw_json_parse(kw_blob_bytes(&text), mode, KW_E_SYS_DATA, &root, &err), -1);
		assert_non_null(strstr(err.detail, "more than 4 MiB"));
	}
	kw_blob_clear(&text);
}

/* Some 300,000 members with names of one hash-friendly form; the last repeats the first. */
static void a_hostile_object_is_judged(void **state)
{
	enum { N = 300000, MEMBER = 13 };
	struct kw_blob text = kw_blob_new(N * MEMBER + 1);
	char member[MEMBER + 1];
	struct kw_json *root = NULL;
	struct kw_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < N; i++) {
		(void)snprintf(member, sizeof(member), "%c\"%08zx\":1", i ? ',' : '{',
			       i * 2654435761 % 0xffffffff);
		memcpy(text.data + i * MEMBER, member, MEMBER);
	}
	text.data[N * MEMBER] = '}';
	struct kw_bytes all = kw_blob_bytes(&text);
	assert_int_equal(kw_json_parse(all, KW_JSON_STRICT, KW_E_SYS_DATA, &root, &err), 0);
	assert_int_equal(kw_json_count(root), N);
	kw_json_free(root);
	root = NULL;
	memcpy(text.data + (N - 1) * MEMBER + 1, text.data + 1, 10);
	assert_int_equal(kw_json_parse(all, KW_JSON_STRICT, KW_E_SYS_DATA, &root, &err), -1);
	assert_non_null(strstr(err.detail, "two members of one name"));
	kw_blob_clear(&text);
}

static void a_secret_that_does_not_fit_says_so(void **state)
{
	struct kw_secret all = { 0 }, secret = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_secret_new(kw_arena_state().size - 1, &all, &err), 0);
	assert_int_equal(
		kw_json_secret(kw_bytes_text("{\"s\":\"x\"}"), "s", KW_E_SYS_DATA, &secret, &err),
		-1);
	assert_true(kw_error_is(&err, KW_E_SEC_FULL));
	kw_secret_clear(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nul_bytes_are_refused_in_both_modes),
		cmocka_unit_test(the_size_is_capped),
		cmocka_unit_test(a_hostile_object_is_judged),
		cmocka_unit_test(a_secret_that_does_not_fit_says_so),
	};
	return KW_ROWS_RUN(strict_rows, strict_judges_as_expected)
	       + KW_ROWS_RUN(string_rows, strings_read_as_expected)
	       + KW_ROWS_RUN(secret_rows, secrets_are_refused_as_expected)
	       + KW_ROWS_RUN(secret_int_rows, numbers_beside_secrets_read_as_expected)
	       + KW_ROWS_RUN(lenient_rows, lenient_judges_as_expected)
	       + cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
