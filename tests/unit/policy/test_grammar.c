/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include "policy/policy.h"

#include <stdio.h>

#define A "\"authority\":\"https://a.example\""
#define T "{\"claim\":\"c\",\"equals\":\"v\"}"
#define POLICY(authorities) "{\"version\":\"1.0.0\",\"anyOf\":[" authorities "]}"
#define ONE(condition) POLICY("{" A ",\"allOf\":[" condition "]}")
/* Three selectors inside each other. */
#define NEST3(inner) "{\"anyOf\":[{\"allOf\":[{\"anyOf\":[" inner "]}]}]}"
#define NEST5(inner) "{\"allOf\":[{\"allOf\":[" NEST3(inner) "]}]}"
#define NEST6(inner) "{\"allOf\":[" NEST5(inner) "]}"

static const struct refused_row {
	const char *name, *policy, *says;
} refused_rows[] = {
	{ "given no JSON, it is refused", "{", "JSON" },
	{ "given a list, it is refused", "[]", "not an object" },
	{ "given a member twice, it is refused", "{\"version\":\"1\",\"version\":\"1\"}", "JSON" },
	{ "given bytes behind it, it is refused", ONE(T) "x", "JSON" },
	{ "given no version, it is refused", "{\"anyOf\":[{" A ",\"allOf\":[" T "]}]}", "version" },
	{ "given a number as version, it is refused",
	  "{\"version\":1,\"anyOf\":[{" A ",\"allOf\":[" T "]}]}", "version" },
	{ "given no anyOf, it is refused", "{\"version\":\"1.0.0\"}", "one authority or more" },
	{ "given allOf on top, it is refused",
	  "{\"version\":\"1.0.0\",\"allOf\":[{" A ",\"allOf\":[" T "]}]}",
	  "one authority or more" },
	{ "given anyof on top, it is refused",
	  "{\"version\":\"1.0.0\",\"anyof\":[{" A ",\"allOf\":[" T "]}]}",
	  "one authority or more" },
	{ "given an empty anyOf, it is refused", POLICY(""), "one authority or more" },
	{ "given an object as anyOf, it is refused", "{\"version\":\"1.0.0\",\"anyOf\":{}}",
	  "one authority or more" },
	{ "given a text as authority, it is refused", POLICY("\"https://a.example\""),
	  "authority 1 is not an object" },
	{ "given no authority, it is refused", POLICY("{\"allOf\":[" T "]}"),
	  "authority 1: member 'authority'" },
	{ "given an authority over http, it is refused",
	  POLICY("{\"authority\":\"http://a.example\",\"allOf\":[" T "]}"), "an https URL" },
	{ "given an authority that is no URL, it is refused",
	  POLICY("{\"authority\":\"a.example\",\"allOf\":[" T "]}"), "an https URL" },
	{ "given neither allOf nor anyOf, it is refused", POLICY("{" A "}"),
	  "0 of allOf and anyOf, expected one" },
	{ "given both, it is refused", POLICY("{" A ",\"allOf\":[" T "],\"anyOf\":[" T "]}"),
	  "2 of allOf and anyOf" },
	{ "given allOf in two spellings, it is refused",
	  POLICY("{" A ",\"allOf\":[" T "],\"allof\":[" T "]}"), "2 of allOf and anyOf" },
	{ "given a third spelling, it is refused", POLICY("{" A ",\"AllOf\":[" T "]}"),
	  "0 of allOf and anyOf" },
	{ "given an empty allOf, it is refused", ONE(""), "authority 1: there is no list" },
	{ "given a bad second authority, it says so",
	  POLICY("{" A ",\"allOf\":[" T "]},{" A ",\"anyOf\":[]}"), "authority 2: there is no" },
	{ "given an empty nested anyOf, it is refused", ONE(T ",{\"anyOf\":[]}"),
	  "authority 1: condition 2: there is no list of one condition or more" },
	{ "given a number as condition, it is refused", ONE("1"), "condition 1 is not an object" },
	{ "given an empty condition, it is refused", ONE("{}"), "0 of allOf and anyOf" },
	{ "given a test with a list, it is refused",
	  ONE("{\"claim\":\"c\",\"equals\":\"v\",\"anyOf\":[" T "]}"), "both a test and a list" },
	{ "given a claim alone, it is refused", ONE("{\"claim\":\"c\"}"), "compared with nothing" },
	{ "given an empty claim, it is refused", ONE("{\"claim\":\"\",\"equals\":\"v\"}"),
	  "'claim' is empty" },
	{ "given a number as claim, it is refused", ONE("{\"claim\":1,\"equals\":\"v\"}"),
	  "'claim' is not a string" },
	{ "given null to compare with, it is refused", ONE("{\"claim\":\"c\",\"equals\":null}"),
	  "'equals' is not a string, a number, true or false" },
	{ "given a list to compare with, it is refused", ONE("{\"claim\":\"c\",\"equals\":[]}"),
	  "'equals' is not" },
	{ "given an object to compare with, it is refused", ONE("{\"claim\":\"c\",\"equals\":{}}"),
	  "'equals' is not" },
	{ "given six nested selectors, it is refused", ONE(NEST6(T)), "JSON" },
};

static void refuses(void **state)
{
	const struct refused_row *row = *state;
	struct kw_policy *policy = NULL;
	struct kw_error err = { 0 };

	assert_int_equal(kw_policy_parse(kw_bytes_text(row->policy), &policy, &err), -1);
	assert_true(kw_error_is(&err, KW_E_REL_GRAMMAR));
	if (!strstr(err.detail, row->says))
		fail_msg("'%s' does not say '%s'", err.detail, row->says);
	assert_null(policy);
}

static const struct taken_row {
	const char *name, *policy, *version;
	bool version_known;
	const char *shape; /* as describe() writes it */
} taken_rows[] = {
	{ "given the sample of the documentation, it is read", ONE(T), "1.0.0", true,
	  "any(https://a.example=all(c equals v))" },
	{ "given an older version, it is noted",
	  "{\"version\":\"0.2\",\"anyOf\":[{" A ",\"allOf\":[" T "]}]}", "0.2", true,
	  "any(https://a.example=all(c equals v))" },
	{ "given a version nobody has seen, that is noted",
	  "{\"version\":\"7\",\"anyOf\":[{" A ",\"allOf\":[" T "]}]}", "7", false,
	  "any(https://a.example=all(c equals v))" },
	{ "given two authorities, their order stays",
	  POLICY("{" A ",\"anyOf\":[" T "]},{\"authority\":\"https://B.example/\",\"allOf\":[" T
		 "," T "]}"),
	  "1.0.0", true,
	  "any(https://a.example=any(c equals v) https://B.example/=all(c equals v c equals v))" },
	{ "given lower-case selectors, they are read",
	  POLICY("{" A ",\"allof\":[{\"anyof\":[" T "]}," T "]}"), "1.0.0", true,
	  "any(https://a.example=all(any(c equals v) c equals v))" },
	{ "given five nested selectors, they are read", ONE(NEST5(T)), "1.0.0", true,
	  "any(https://a.example=all(all(all(any(all(any(c equals v)))))))" },
	{ "given booleans and numbers, they are text",
	  ONE("{\"claim\":\"a\",\"equals\":true},{\"claim\":\"b\",\"equals\":0},"
	      "{\"claim\":\"d\",\"equals\":-1e3}"),
	  "1.0.0", true, "any(https://a.example=all(a equals true b equals 0 d equals -1000))" },
	{ "given a fraction, it is foreign", ONE("{\"claim\":\"a\",\"equals\":1.5}"), "1.0.0", true,
	  "any(https://a.example=all(a equals -?))" },
	{ "given 2^53, it is exact", ONE("{\"claim\":\"a\",\"equals\":9007199254740992}"), "1.0.0",
	  true, "any(https://a.example=all(a equals 9007199254740992))" },
	{ "given twice that, it is foreign", ONE("{\"claim\":\"a\",\"equals\":18014398509481984}"),
	  "1.0.0", true, "any(https://a.example=all(a equals -?))" },
	{ "given an operator that is not in effect, it is foreign",
	  ONE("{\"claim\":\"a\",\"greaterOrEquals\":3}"), "1.0.0", true,
	  "any(https://a.example=all(a greaterOrEquals 3?))" },
	{ "given an operator with a list, it is foreign", ONE("{\"claim\":\"a\",\"in\":[1,2]}"),
	  "1.0.0", true, "any(https://a.example=all(a in -?))" },
	{ "given the form of old samples, it is foreign",
	  ONE("{\"claim\":\"a\",\"condition\":\"equals\",\"value\":\"v\"}"), "1.0.0", true,
	  "any(https://a.example=all(a condition equals?))" },
	{ "given a member beside equals, the test is foreign",
	  ONE("{\"note\":\"n\",\"claim\":\"a\",\"equals\":\"v\"}"), "1.0.0", true,
	  "any(https://a.example=all(a equals v?))" },
	{ "given a member beside allOf, the authority is foreign",
	  POLICY("{" A ",\"note\":1,\"allOf\":[" T "]}"), "1.0.0", true,
	  "any(https://a.example=all(c equals v)?)" },
	{ "given a member beside a nested anyOf, that is foreign",
	  ONE("{\"note\":1,\"anyOf\":[" T "]}"), "1.0.0", true,
	  "any(https://a.example=all(any(c equals v)?))" },
	{ "given a member on top, all is foreign",
	  "{\"version\":\"1.0.0\",\"note\":1,\"anyOf\":[{" A ",\"allOf\":[" T "]}]}", "1.0.0", true,
	  "any(https://a.example=all(c equals v))?" },
};

static void describe(const struct kw_policy_node *node, FILE *out)
{
	static const char *const words[] = {
		[KW_POLICY_ANY_OF] = "any", [KW_POLICY_ALL_OF] = "all"
	};

	if (node->authority)
		fprintf(out, "%s=", node->authority);
	if (node->kind == KW_POLICY_TEST) {
		fprintf(out, "%s %s %s", node->claim, node->operator_name,
			node->expected ? node->expected : "-");
	} else {
		fprintf(out, "%s(", words[node->kind]);
		for (const struct kw_policy_node *at = node->first; at; at = at->next) {
			describe(at, out);
			fputs(at->next ? " " : "", out);
		}
		fputc(')', out);
	}
	fputs(node->foreign ? "?" : "", out);
}

static void reads(void **state)
{
	const struct taken_row *row = *state;
	KW_CLEANUP(kw_policy_freep) struct kw_policy *policy = NULL;
	KW_CLEANUP(freep) char *shape = NULL;
	struct kw_error err = { 0 };
	size_t size = 0;

	if (kw_policy_parse(kw_bytes_text(row->policy), &policy, &err) < 0)
		fail_msg("%s", err.detail);
	assert_string_equal(policy->version, row->version);
	assert_int_equal(policy->version_known, row->version_known);
	FILE *out = open_memstream(&shape, &size);
	assert_non_null(out);
	describe(policy->root, out);
	fclose(out);
	assert_string_equal(shape, row->shape);
}

static const struct size_row {
	const char *name;
	size_t size;
	int result;
} size_rows[] = {
	{ "given as many bytes as allowed, it is read", KW_POLICY_SIZE_MAX, 0 },
	{ "given one byte more, it is refused", KW_POLICY_SIZE_MAX + 1, -1 },
};

static void limits_size(void **state)
{
	const struct size_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = kw_blob_new(row->size);
	KW_CLEANUP(kw_policy_freep) struct kw_policy *policy = NULL;
	struct kw_error err = { 0 };

	memset(text.data, ' ', text.len);
	memcpy(text.data, ONE(T), strlen(ONE(T)));
	assert_int_equal(kw_policy_parse(kw_blob_bytes(&text), &policy, &err), row->result);
	assert_int_equal(kw_error_is(&err, KW_E_REL_GRAMMAR), row->result < 0);
}

int main(void)
{
	return KW_ROWS_RUN(refused_rows, refuses) + KW_ROWS_RUN(taken_rows, reads)
	       + KW_ROWS_RUN(size_rows, limits_size);
}
