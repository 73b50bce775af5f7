/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile and broken YAML; what a good tree looks like; the limits at N and N + 1. */
#include "config/yaml_tree.h"
#include "rows.h"

#include <stdio.h>

#define TEXT(literal) literal, sizeof(literal) - 1

static const struct row {
	const char *name, *text;
	size_t len;
	enum kw_error_name expect;
	const char *says;
} rows[] = {
	{ "given a map, it parses", TEXT("a: 1\n"), KW_OK, "" },
	{ "given a document mark, it parses", TEXT("---\na: 1\n...\n"), KW_OK, "" },
	{ "given a byte order mark, it parses",
	  TEXT("\xef\xbb\xbf"
	       "a: 1\n"),
	  KW_OK, "" },
	{ "given CRLF, it parses", TEXT("a: 1\r\nb: 2\r\n"), KW_OK, "" },
	{ "given UTF-8, it parses", TEXT("a: \xc3\xa9\n"), KW_OK, "" },
	{ "given nothing, it is refused", TEXT(""), KW_E_CFG_SYNTAX, "f:1:1: the file is empty" },
	{ "given comments alone, it is refused", TEXT("# a\n# b\n"), KW_E_CFG_SYNTAX, "is empty" },
	{ "given a second document, it is refused", TEXT("a: 1\n---\nb: 2\n"), KW_E_CFG_SYNTAX,
	  "f:2:1: a second document" },
	{ "given an alias, it is refused", TEXT("a: &x 1\nb: *x\n"), KW_E_CFG_SYNTAX,
	  "f:1:4: an anchor is not allowed here" },
	{ "given an alias without anchor, it is refused", TEXT("b: *x\n"), KW_E_CFG_SYNTAX,
	  "f:1:4: an alias is not allowed here" },
	{ "given an alias bomb, it is refused at its first anchor",
	  TEXT("a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
	       "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c, *c, *c, *c]\n"),
	  KW_E_CFG_SYNTAX, "f:1:4: an anchor" },
	{ "given an anchored map, it is refused", TEXT("a: &x {b: 1}\n"), KW_E_CFG_SYNTAX,
	  "an anchor" },
	{ "given an anchored name, it is refused", TEXT("&x a: 1\n"), KW_E_CFG_SYNTAX,
	  "f:1:1: a name is expected here" },
	{ "given a tag, it is refused", TEXT("a: !!str 1\n"), KW_E_CFG_SYNTAX,
	  "f:1:4: a tag is not allowed here" },
	{ "given a tagged list, it is refused", TEXT("a: !x [1]\n"), KW_E_CFG_SYNTAX, "a tag" },
	{ "given a version directive, it is refused", TEXT("%YAML 1.1\n---\na: 1\n"),
	  KW_E_CFG_SYNTAX, "directives are not allowed" },
	{ "given a tag directive, it is refused", TEXT("%TAG ! tag:x,2000:\n---\na: 1\n"),
	  KW_E_CFG_SYNTAX, "directives are not allowed" },
	{ "given a merge key, it is a name like others", TEXT("<<: 1\n<<: 2\n"), KW_E_CFG_FIELD,
	  "field '<<' is repeated" },
	{ "given a list for a name, it is refused", TEXT("[a]: 1\n"), KW_E_CFG_SYNTAX,
	  "f:1:1: a name is expected here" },
	{ "given a name twice, it is refused", TEXT("a: 1\nb: 2\na: 3\n"), KW_E_CFG_FIELD,
	  "f:3:1: field 'a' is repeated; first on line 1" },
	{ "given a name twice, once quoted, it is refused", TEXT("{a: 1, \"\\x61\": 2}\n"),
	  KW_E_CFG_FIELD, "f:1:8: field 'a' is repeated" },
	{ "given a NUL, it is refused", TEXT("a: b\0c\n"), KW_E_CFG_SYNTAX,
	  "f:1:5: control characters are not allowed" },
	{ "given an escaped NUL, it is refused", TEXT("a: \"b\\0c\"\n"), KW_E_CFG_SYNTAX,
	  "f:1:4: the text has a control character (0x00)" },
	{ "given an escaped NUL in a name, it is refused", TEXT("\"a\\0b\": 1\n"), KW_E_CFG_SYNTAX,
	  "control character (0x00)" },
	{ "given an escape, it is refused", TEXT("a: \"\\e[31m\"\n"), KW_E_CFG_SYNTAX,
	  "control character (0x1b)" },
	{ "given a text of two lines, it is refused", TEXT("a: |\n  b\n  c\n"), KW_E_CFG_SYNTAX,
	  "control character (0x0a)" },
	{ "given a bell, it is refused", TEXT("a: 1\nb: \a\n"), KW_E_CFG_SYNTAX,
	  "f:2:4: control characters" },
	{ "given a lone continuation byte, it is refused", TEXT("a: 1\nb: \x80\n"), KW_E_CFG_SYNTAX,
	  "f:2:4: invalid leading UTF-8 octet" },
	{ "given a cut character, it is refused", TEXT("a: \xc3"), KW_E_CFG_SYNTAX,
	  "f:1:4: incomplete UTF-8 octet sequence" },
	{ "given a surrogate, it is refused", TEXT("a: \xed\xa0\x80\n"), KW_E_CFG_SYNTAX,
	  "invalid Unicode character" },
	{ "given an overlong character, it is refused", TEXT("a: \xc0\xaf\n"), KW_E_CFG_SYNTAX,
	  "UTF-8" },
	{ "given UTF-16, it is refused",
	  TEXT("\xff\xfe"
	       "a\0:\0 \0"
	       "1\0"),
	  KW_E_CFG_SYNTAX, "invalid leading UTF-8 octet" },
	{ "given a tab for indentation, it is refused", TEXT("a:\n\tb: 1\n"), KW_E_CFG_SYNTAX,
	  "f:2:1: found character that cannot start any token" },
	{ "given an open list, it is refused", TEXT("a: [1, 2\n"), KW_E_CFG_SYNTAX, "f:2:1: " },
	{ "given an open text, it is refused", TEXT("a: \"b\n"), KW_E_CFG_SYNTAX,
	  "unexpected end of stream while scanning a quoted scalar" },
	{ "given a list member beside a map, it is refused", TEXT("a: 1\n- b\n"), KW_E_CFG_SYNTAX,
	  "f:2:1: " },
};

static void parses_as_expected(void **state)
{
	KW_CLEANUP(kw_yaml_freep) struct kw_yaml *root = NULL;
	const struct row *row = *state;
	struct kw_error err = { 0 };
	int r = kw_yaml_parse("f", (struct kw_bytes){ (const uint8_t *)row->text, row->len }, &root,
			      &err);

	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_int_equal(r, row->expect == KW_OK ? 0 : -1);
	if (!strstr(err.detail, row->says))
		fail_msg("'%s' does not say '%s'", err.detail, row->says);
	assert_int_equal(root != NULL, r == 0);
}

/* `head`, then `unit` n times, then `tail`: a document as large as a limit. */
struct repeated {
	const char *name, *head, *unit, *tail;
	size_t n;
	enum kw_error_name expect;
	const char *says;
};

static const struct repeated repeated[] = {
	{ "given lists to the deepest level, only their ends are missed", "", "[", "",
	  KW_YAML_DEPTH_MAX, KW_E_CFG_SYNTAX, "did not find expected node content" },
	{ "given one level more, it is refused at once", "", "[", "", KW_YAML_DEPTH_MAX + 1,
	  KW_E_CFG_SYNTAX, "nested deeper than 16" },
	{ "given maps one level too deep, they are refused", "", "{a: ", "", KW_YAML_DEPTH_MAX + 1,
	  KW_E_CFG_SYNTAX, "nested deeper than 16" },
	{ "given a hundred thousand levels, they are refused", "", "[", "", 100000, KW_E_CFG_SYNTAX,
	  "nested deeper than 16" },
	{ "given block lists too deep, they are refused", "", "- ", "x\n", KW_YAML_DEPTH_MAX + 1,
	  KW_E_CFG_SYNTAX, "nested deeper than 16" },
	{ "given as many values as are allowed, they parse", "- x\n", "- x\n", "",
	  KW_YAML_NODES_MAX - 2, KW_OK, "" },
	{ "given one value more, it is refused", "- x\n", "- x\n", "", KW_YAML_NODES_MAX - 1,
	  KW_E_CFG_SYNTAX, "more than 100000 values" },
	{ "given a text as long as a file may be, it parses", "", "x", "", KW_YAML_SIZE_MAX, KW_OK,
	  "" },
	{ "given one byte more, it is refused", "", "x", "", KW_YAML_SIZE_MAX + 1, KW_E_CFG_SYNTAX,
	  "f:1:1: 1048577 bytes, at most 1048576 are read" },
};

static void is_limited(void **state)
{
	KW_CLEANUP(kw_yaml_freep) struct kw_yaml *root = NULL;
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };
	const struct repeated *row = *state;
	struct kw_error err = { 0 };
	size_t head = strlen(row->head), unit = strlen(row->unit), tail = strlen(row->tail);

	text = kw_blob_new(head + row->n * unit + tail);
	memcpy(text.data, row->head, head);
	for (size_t i = 0; i < row->n; i++)
		memcpy(text.data + head + i * unit, row->unit, unit);
	memcpy(text.data + head + row->n * unit, row->tail, tail);
	(void)!kw_yaml_parse("f", kw_blob_bytes(&text), &root, &err);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	if (!strstr(err.detail, row->says))
		fail_msg("'%s' does not say '%s'", err.detail, row->says);
}

static int parse_members(unsigned n, struct kw_error *err)
{
	KW_CLEANUP(kw_yaml_freep) struct kw_yaml *root = NULL;
	char text[1024];
	size_t len = 0;

	for (unsigned i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "m%u: 1\n", i);
	return kw_yaml_parse("f", (struct kw_bytes){ (const uint8_t *)text, len }, &root, err);
}

static void the_members_of_a_map_are_limited(void **state)
{
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(parse_members(KW_YAML_MEMBERS_MAX, &err), 0);
	assert_int_equal(parse_members(KW_YAML_MEMBERS_MAX + 1, &err), -1);
	assert_non_null(strstr(err.detail, "f:65:1: more than 64 names in one map"));
}

static void places_and_paths_are_found(void **state)
{
	static const char text[] = "a: 1\nkeys:\n  - name: x\n    url: y\n  - name: 'z'\n";
	KW_CLEANUP(kw_yaml_freep) struct kw_yaml *root = NULL;
	struct kw_error err = { 0 };
	const struct kw_yaml *node;

	(void)state;
	assert_int_equal(kw_yaml_parse("f", kw_bytes_text(text), &root, &err), 0);
	node = kw_yaml_find(root, "keys[1].name");
	assert_string_equal(node->text, "z");
	assert_true(node->quoted);
	assert_int_equal(node->at.line, 5);
	assert_int_equal(node->at.column, 11);
	assert_int_equal(node->name_at.column, 5);
	assert_int_equal(kw_yaml_find(root, "keys[1].url")->at.column, 5); /* the map around it */
	assert_int_equal(kw_yaml_find(root, "keys[7].url")->kind, KW_YAML_LIST);
	assert_ptr_equal(kw_yaml_find(root, "nothing.of.this"), root);
	assert_ptr_equal(kw_yaml_find(root, "a[0]"), kw_yaml_member(root, "a"));
	assert_null(kw_yaml_member(kw_yaml_member(root, "a"), "b"));
}

static void null_is_what_is_not_written(void **state)
{
	static const char text[] = "{a: , b: ~, c: null, d: NULL, e: '', f: 'null', g: nil, h: []}";
	KW_CLEANUP(kw_yaml_freep) struct kw_yaml *root = NULL;
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_yaml_parse("f", kw_bytes_text(text), &root, &err), 0);
	for (const struct kw_yaml *node = root->first; node; node = node->next)
		assert_int_equal(kw_yaml_is_null(node), *node->name <= 'd');
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_members_of_a_map_are_limited),
		cmocka_unit_test(places_and_paths_are_found),
		cmocka_unit_test(null_is_what_is_not_written),
	};
	int failed = KW_ROWS_RUN(rows, parses_as_expected);

	failed += KW_ROWS_RUN(repeated, is_limited);
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
