/* SPDX-License-Identifier: Apache-2.0 */
/* Reading, comparing and building values; what is accepted at all is tested in test_json.c. */
#include "rows.h"
#include "util/base64.h"
#include "util/cleanup.h"
#include "util/json.h"

static struct kw_json *parse(const char *text)
{
	struct kw_json *root = NULL;
	struct kw_error err = { 0 };

	assert_int_equal(
		kw_json_parse(kw_bytes_text(text), KW_JSON_LENIENT, KW_E_SYS_DATA, &root, &err), 0);
	return root;
}

static const struct int_row {
	const char *name, *text;
	bool fits;
	int64_t expect;
} int_rows[] = {
	{ "given zero", "[0]", true, 0 },
	{ "given minus zero", "[-0]", true, 0 },
	{ "given more than 32 bits", "[4294967296]", true, 4294967296 },
	{ "given a whole number with exponent", "[1e3]", true, 1000 },
	{ "given 2^53", "[9007199254740992]", true, 9007199254740992 },
	{ "given -2^53", "[-9007199254740992]", true, -9007199254740992 },
	{ "given 2^53 + 2, it is refused", "[9007199254740994]", false, 0 },
	{ "given -2^53 - 2, it is refused", "[-9007199254740994]", false, 0 },
	{ "given a fraction, it is refused", "[1.5]", false, 0 },
	{ "given a large number, it is refused", "[1e300]", false, 0 },
	{ "given one that is infinite, it is refused", "[1e999]", false, 0 },
	{ "given a string, it is refused", "[\"1\"]", false, 0 },
	{ "given true, it is refused", "[true]", false, 0 },
	{ "given nothing, it is refused", "[]", false, 0 },
};

static void whole_numbers_read_as_expected(void **state)
{
	const struct int_row *row = *state;
	KW_CLEANUP(kw_json_freep) struct kw_json *root = parse(row->text);
	int64_t number = 7;

	assert_int_equal(kw_json_int(kw_json_at(root, 0), &number), row->fits);
	assert_true(number == (row->fits ? row->expect : 7));
}

static const struct equal_row {
	const char *name, *a, *b;
	bool equal;
} equal_rows[] = {
	{ "given the same", "{\"a\":[1,\"x\",null,true]}", "{\"a\":[1,\"x\",null,true]}", true },
	{ "given members in another order", "{\"a\":1,\"b\":{\"c\":2,\"d\":3}}",
	  "{\"b\":{\"d\":3,\"c\":2},\"a\":1}", true },
	{ "given a number written otherwise", "[100]", "[1e2]", true },
	{ "given a string written otherwise", "[\"a\"]", "[\"\\u0061\"]", true },
	{ "given elements in another order, it differs", "[1,2]", "[2,1]", false },
	{ "given a member more, it differs", "{\"a\":1}", "{\"a\":1,\"b\":2}", false },
	{ "given another name, it differs", "{\"a\":1}", "{\"b\":1}", false },
	{ "given another case of the name, it differs", "{\"a\":1}", "{\"A\":1}", false },
	{ "given another value further in, it differs", "[{\"a\":[1]}]", "[{\"a\":[2]}]", false },
	{ "given another number close by, it differs", "[1]", "[1.0000000000000002]", false },
	{ "given true and false, they differ", "[true]", "[false]", false },
	{ "given null and false, they differ", "[null]", "[false]", false },
	{ "given a number and its text, they differ", "[1]", "[\"1\"]", false },
	{ "given an empty array and object, they differ", "[[]]", "[{}]", false },
	{ "given another string, it differs", "[\"a\"]", "[\"ab\"]", false },
};

static void compares_as_expected(void **state)
{
	const struct equal_row *row = *state;
	KW_CLEANUP(kw_json_freep) struct kw_json *a = parse(row->a);
	KW_CLEANUP(kw_json_freep) struct kw_json *b = parse(row->b);
	KW_CLEANUP(kw_json_freep) struct kw_json *copy = kw_json_copy(a);

	assert_int_equal(kw_json_equal(a, b), row->equal);
	assert_int_equal(kw_json_equal(b, a), row->equal);
	assert_true(kw_json_equal(a, copy));
	assert_false(kw_json_equal(a, NULL) || kw_json_equal(NULL, a));
	assert_true(kw_json_equal(NULL, NULL));
}

static void types_are_told_apart(void **state)
{
	static const enum kw_json_type types[] = { KW_JSON_NULL,   KW_JSON_BOOL,   KW_JSON_BOOL,
						   KW_JSON_NUMBER, KW_JSON_STRING, KW_JSON_ARRAY,
						   KW_JSON_OBJECT };
	KW_CLEANUP(kw_json_freep)
	struct kw_json *root = parse("[null,true,false,1.5,\"x\",[],{}]");
	double number = 0;
	bool yes = false;
	size_t i = 0;

	(void)state;
	for (const struct kw_json *v = kw_json_first(root); v; v = kw_json_next(v))
		assert_int_equal(kw_json_type(v), types[i++]);
	assert_int_equal(i, 7);
	assert_int_equal(kw_json_count(root), 7);
	assert_true(kw_json_bool(kw_json_at(root, 1), &yes) && yes);
	assert_true(kw_json_bool(kw_json_at(root, 2), &yes) && !yes);
	assert_true(kw_json_number(kw_json_at(root, 3), &number) && number == 1.5);
	assert_string_equal(kw_json_string(kw_json_at(root, 4)), "x");
	assert_null(kw_json_at(root, 7));
}

static void the_wrong_type_answers_nothing(void **state)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *root = parse("[1]");
	const struct kw_json *cases[] = { NULL, root };
	double number = 7;
	int64_t whole = 7;
	bool yes = true;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		const struct kw_json *v = cases[i];
		assert_null(kw_json_get(v, "a"));
		assert_null(kw_json_get_nocase(v, "a"));
		assert_null(kw_json_string(v));
		assert_null(kw_json_name(v));
		assert_null(kw_json_next(v));
		assert_false(kw_json_int(v, &whole) || kw_json_number(v, &number)
			     || kw_json_bool(v, &yes));
	}
	assert_true(whole == 7 && number == 7 && yes);
	assert_int_equal(kw_json_type(NULL), KW_JSON_NULL);
	assert_null(kw_json_at(NULL, 0));
	assert_null(kw_json_first(NULL));
	assert_null(kw_json_first(kw_json_at(root, 0)));
	assert_int_equal(kw_json_count(NULL), 0);
	kw_json_free(NULL);
}

static void the_last_member_of_a_name_wins(void **state)
{
	KW_CLEANUP(kw_json_freep)
	struct kw_json *root = parse("{\"Maa\":\"1\",\"maa\":\"2\",\"maa\":\"3\",\"MAA\":\"4\"}");

	(void)state;
	assert_string_equal(kw_json_string(kw_json_get(root, "maa")), "3");
	assert_string_equal(kw_json_string(kw_json_get(root, "Maa")), "1");
	assert_null(kw_json_get(root, "mAA"));
	assert_string_equal(kw_json_string(kw_json_get_nocase(root, "maa")), "3"); /* exact first */
	assert_string_equal(kw_json_string(kw_json_get_nocase(root, "mAA")), "4");
	assert_string_equal(kw_json_name(kw_json_first(root)), "Maa");
}

static void wanted_members_are_named_when_missing(void **state)
{
	KW_CLEANUP(kw_json_freep)
	struct kw_json *root = parse("{\"s\":\"Zm9v\",\"n\":1,\"bad\":\"Zm9\"}");
	KW_CLEANUP(kw_blob_clear) struct kw_blob blob = { 0 };
	const char *text = NULL;
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_json_want_string(root, "s", KW_E_COL_ANSWER, &text, &err), 0);
	assert_string_equal(text, "Zm9v");
	assert_int_equal(kw_json_want_string(root, "n", KW_E_COL_ANSWER, &text, &err), -1);
	assert_string_equal(err.detail, "member 'n' is not a string");
	assert_int_equal(kw_json_want_string(NULL, "x", KW_E_COL_ANSWER, &text, &err), -1);
	assert_string_equal(err.detail, "member 'x' is missing");
	assert_true(kw_error_is(&err, KW_E_COL_ANSWER));
	assert_int_equal(kw_json_want_base64(root, "bad", KW_BASE64, KW_E_SYS_DATA, &blob, &err),
			 -1);
	assert_string_equal(err.detail, "member 'bad' is not base64 of the expected form");
	assert_int_equal(kw_json_want_base64(root, "n", KW_BASE64, KW_E_SYS_DATA, &blob, &err), -1);
	assert_null(blob.data);
	assert_int_equal(kw_json_want_base64(root, "s", KW_BASE64, KW_E_SYS_DATA, &blob, &err), 0);
	assert_string_equal((char *)blob.data, "foo");
}

static void what_is_built_is_printed(void **state)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *root = kw_json_new_object();
	struct kw_json *list = kw_json_add_array(root, "list"), *inner = NULL;

	(void)state;
	kw_json_add_string(root, "text", "a\"b\n");
	kw_json_add_string(root, "none", NULL);
	kw_json_add_int(root, "time", 1767225600);
	kw_json_add_int(root, "late", 4102444800);
	kw_json_add_bool(root, "yes", true);
	kw_json_add_null(root, "null");
	kw_json_add_int(list, NULL, -1);
	kw_json_add_number(list, NULL, 0.5);
	inner = kw_json_add_object(list, NULL);
	kw_json_add(inner, "x", kw_json_new_array());
	KW_CLEANUP(freep) char *text = kw_json_print(root);
	assert_string_equal(text, "{\"list\":[-1,0.5,{\"x\":[]}],\"text\":\"a\\\"b\\n\",\"none\":"
				  "null,\"time\":1767225600,\"late\":4102444800,\"yes\":true,"
				  "\"null\":null}");
	KW_CLEANUP(freep) char *pretty = kw_json_print_pretty(root);
	assert_non_null(strchr(pretty, '\n'));
	KW_CLEANUP(kw_json_freep) struct kw_json *back = parse(pretty);
	assert_true(kw_json_equal(root, back));
}

static void whole_numbers_come_back(void **state)
{
	static const int64_t numbers[] = {
		0, -1, 2147483648, 999999999999999, 9007199254740991, -9007199254740992
	};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		KW_CLEANUP(kw_json_freep) struct kw_json *root = kw_json_new_array();
		int64_t number = 7;
		kw_json_add_int(root, NULL, numbers[i]);
		assert_true(kw_json_int(kw_json_at(root, 0), &number) && number == numbers[i]);
		KW_CLEANUP(freep) char *text = kw_json_print(root);
		KW_CLEANUP(kw_json_freep) struct kw_json *back = parse(text);
		KW_CLEANUP(kw_json_freep) struct kw_json *copy = kw_json_copy(root);
		assert_true(kw_json_equal(root, back) && kw_json_equal(copy, back));
		assert_true(kw_json_int(kw_json_at(back, 0), &number));
		assert_true(number == numbers[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_are_told_apart),
		cmocka_unit_test(the_wrong_type_answers_nothing),
		cmocka_unit_test(the_last_member_of_a_name_wins),
		cmocka_unit_test(wanted_members_are_named_when_missing),
		cmocka_unit_test(what_is_built_is_printed),
		cmocka_unit_test(whole_numbers_come_back),
	};
	return KW_ROWS_RUN(int_rows, whole_numbers_read_as_expected)
	       + KW_ROWS_RUN(equal_rows, compares_as_expected)
	       + cmocka_run_group_tests_name("json values", tests, NULL, NULL);
}
