/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include "policy/policy.h"

#include <stdio.h>

#define A "\"authority\":\"https://a.example\""
#define C(path, value) "{\"claim\":\"" path "\",\"equals\":" value "}"
#define T C("yes", "true")
#define F C("yes", "false")
#define U "{\"claim\":\"yes\",\"notEquals\":false}"
#define POLICY(authorities) "{\"version\":\"1.0.0\",\"anyOf\":[" authorities "]}"
#define ALL(conditions) POLICY("{" A ",\"allOf\":[" conditions "]}")
#define ANY(conditions) POLICY("{" A ",\"anyOf\":[" conditions "]}")
#define OF(url) POLICY("{\"authority\":\"" url "\",\"allOf\":[" T "]}")

#define CLAIMS                                                                                  \
	"{\"iss\":\"https://a.example\",\"yes\":true,\"word\":\"Word\",\"zero\":0,\"big\":1e3," \
	"\"half\":0.5,\"null\":null,\"empty\":\"\",\"list\":[1,{\"in\":2}],"                    \
	"\"one\":{\"two\":{\"three\":3},\"text\":\"t\"},"                                       \
	"\"x-ms-runtime\":{\"client-payload\":{\"nonce\":\"bg==\"},"                            \
	"\"client-payload-not\":\"seen\"}}"

static struct kw_json *json_of(const char *text)
{
	struct kw_json *json = NULL;
	struct kw_error err = { 0 };

	if (kw_json_parse(kw_bytes_text(text), KW_JSON_STRICT, KW_E_SYS_DATA, &json, &err) < 0)
		fail_msg("%s", err.detail);
	return json;
}

static struct kw_policy *policy_of(const char *text)
{
	struct kw_policy *policy = NULL;
	struct kw_error err = { 0 };

	if (kw_policy_parse(kw_bytes_text(text), &policy, &err) < 0)
		fail_msg("%s", err.detail);
	return policy;
}

static const struct verdict_row {
	const char *name, *policy;
	enum kw_policy_verdict verdict;
} verdict_rows[] = {
	{ "given all true, allOf is true", ALL(T "," T), KW_POLICY_TRUE },
	{ "given one false, allOf is false", ALL(T "," F), KW_POLICY_FALSE },
	{ "given true and unknown, allOf is unknown", ALL(T "," U), KW_POLICY_UNKNOWN },
	{ "given false and unknown, allOf is false", ALL(U "," F), KW_POLICY_FALSE },
	{ "given one true, anyOf is true", ANY(F "," T), KW_POLICY_TRUE },
	{ "given all false, anyOf is false", ANY(F "," F), KW_POLICY_FALSE },
	{ "given false and unknown, anyOf is unknown", ANY(F "," U), KW_POLICY_UNKNOWN },
	{ "given true and unknown, anyOf is true", ANY(U "," T), KW_POLICY_TRUE },
	{ "given a nested anyOf with one true, allOf is true", ALL(T ",{\"anyOf\":[" F "," T "]}"),
	  KW_POLICY_TRUE },
	{ "given a nested allOf with one false, anyOf is false",
	  ANY(F ",{\"allOf\":[" T "," F "]}"), KW_POLICY_FALSE },
	{ "given a nested unknown, it comes through", ALL(T ",{\"anyof\":[" F "," U "]}"),
	  KW_POLICY_UNKNOWN },

	{ "given the second authority, it is enough",
	  POLICY("{\"authority\":\"https://b.example\",\"allOf\":[" T "]},{" A ",\"allOf\":[" T
		 "]}"),
	  KW_POLICY_TRUE },
	{ "given true conditions of a foreign authority, it is false",
	  POLICY("{\"authority\":\"https://b.example\",\"allOf\":[" T "]},{" A ",\"allOf\":[" F
		 "]}"),
	  KW_POLICY_FALSE },
	{ "given unknown conditions of a foreign authority, it is false",
	  POLICY("{\"authority\":\"https://b.example\",\"allOf\":[" U "]}"), KW_POLICY_FALSE },

	{ "given a foreign member of a test, it is unknown",
	  ALL("{\"claim\":\"yes\",\"equals\":true,\"note\":1}"), KW_POLICY_UNKNOWN },
	{ "given a foreign member of a selector, it is unknown",
	  ALL("{\"note\":1,\"anyOf\":[" T "]}"), KW_POLICY_UNKNOWN },
	{ "given a foreign member of the authority, it is unknown",
	  POLICY("{" A ",\"note\":1,\"allOf\":[" T "]}"), KW_POLICY_UNKNOWN },
	{ "given a foreign member on top, it is unknown",
	  "{\"version\":\"1.0.0\",\"note\":1,\"anyOf\":[{" A ",\"allOf\":[" T "]}]}",
	  KW_POLICY_UNKNOWN },
	{ "given every other documented operator, it is unknown",
	  ANY("{\"claim\":\"zero\",\"less\":1},{\"claim\":\"zero\",\"lessOrEquals\":0},"
	      "{\"claim\":\"big\",\"greater\":1},{\"claim\":\"big\",\"greaterOrEquals\":1},"
	      "{\"claim\":\"big\",\"exists\":true}"),
	  KW_POLICY_UNKNOWN },
};

static void concludes(void **state)
{
	const struct verdict_row *row = *state;
	KW_CLEANUP(kw_policy_freep) struct kw_policy *policy = policy_of(row->policy);
	KW_CLEANUP(kw_json_freep) struct kw_json *claims = json_of(CLAIMS);
	KW_CLEANUP(kw_policy_result_freep)
	struct kw_policy_result *result = kw_policy_evaluate(policy, claims);

	assert_int_equal(result->verdict, row->verdict);
	assert_ptr_equal(result->node, policy->root);
}

static const struct test_row {
	const char *name, *condition;
	enum kw_policy_verdict verdict;
	enum kw_policy_found found;
	const char *actual;
} test_rows[] = {
	{ "given the string, it is equal", C("word", "\"Word\""), KW_POLICY_TRUE, KW_FOUND_VALUE,
	  "Word" },
	{ "given another case, it is not", C("word", "\"word\""), KW_POLICY_FALSE, KW_FOUND_VALUE,
	  "Word" },
	{ "given an empty string, it is equal", C("empty", "\"\""), KW_POLICY_TRUE, KW_FOUND_VALUE,
	  "" },
	{ "given true as text, it is equal", C("yes", "\"true\""), KW_POLICY_TRUE, KW_FOUND_VALUE,
	  "true" },
	{ "given True as text, it is not", C("yes", "\"True\""), KW_POLICY_FALSE, KW_FOUND_VALUE,
	  "true" },
	{ "given 1 for true, it is not", C("yes", "1"), KW_POLICY_FALSE, KW_FOUND_VALUE, "true" },
	{ "given zero as text, it is equal", C("zero", "\"0\""), KW_POLICY_TRUE, KW_FOUND_VALUE,
	  "0" },
	{ "given zero as number, it is equal", C("zero", "0"), KW_POLICY_TRUE, KW_FOUND_VALUE,
	  "0" },
	{ "given an exponent, the digits are equal", C("big", "\"1000\""), KW_POLICY_TRUE,
	  KW_FOUND_VALUE, "1000" },
	{ "given an exponent as text, it is not", C("big", "\"1e3\""), KW_POLICY_FALSE,
	  KW_FOUND_VALUE, "1000" },
	{ "given a fraction in the claims, it is unknown", C("half", "\"0.5\""), KW_POLICY_UNKNOWN,
	  KW_FOUND_INEXACT, NULL },
	{ "given a fraction in the policy, it is unknown", C("zero", "0.5"), KW_POLICY_UNKNOWN,
	  KW_FOUND_VALUE, "0" },
	{ "given null in the claims, it equals nothing", C("null", "\"null\""), KW_POLICY_FALSE,
	  KW_FOUND_VALUE, "null" },

	{ "given a path, it leads through objects", C("one.two.three", "3"), KW_POLICY_TRUE,
	  KW_FOUND_VALUE, "3" },
	{ "given a missing claim, it is named", C("gone", "\"\""), KW_POLICY_FALSE,
	  KW_FOUND_MISSING, "gone" },
	{ "given a missing segment, it is named", C("one.gone.three", "3"), KW_POLICY_FALSE,
	  KW_FOUND_MISSING, "gone" },
	{ "given a path through a text, the next segment is missing", C("word.more", "\"Word\""),
	  KW_POLICY_FALSE, KW_FOUND_MISSING, "more" },
	{ "given another case in the path, it is missing", C("One.text", "\"t\""), KW_POLICY_FALSE,
	  KW_FOUND_MISSING, "One" },
	{ "given a dot at the end, nothing is behind it", C("word.", "\"Word\""), KW_POLICY_FALSE,
	  KW_FOUND_MISSING, "" },
	{ "given a path to an object, it says so", C("one.two", "\"3\""), KW_POLICY_FALSE,
	  KW_FOUND_OBJECT, NULL },
	{ "given a path to a list, it says so", C("list", "1"), KW_POLICY_FALSE, KW_FOUND_ARRAY,
	  NULL },
	{ "given a path into a list by number, it is missing", C("list.0", "1"), KW_POLICY_FALSE,
	  KW_FOUND_MISSING, "0" },
	{ "given a path through a list, it is missing", C("list.in", "2"), KW_POLICY_FALSE,
	  KW_FOUND_MISSING, "in" },

	{ "given the client payload, it is compared and not shown",
	  C("x-ms-runtime.client-payload.nonce", "\"bg==\""), KW_POLICY_TRUE, KW_FOUND_HIDDEN,
	  NULL },
	{ "given a name that only begins so, it is shown",
	  C("x-ms-runtime.client-payload-not", "\"seen\""), KW_POLICY_TRUE, KW_FOUND_VALUE,
	  "seen" },
};

static void tests_one_claim(void **state)
{
	const struct test_row *row = *state;
	char text[512];
	KW_CLEANUP(kw_policy_freep) struct kw_policy *policy = NULL;
	KW_CLEANUP(kw_json_freep) struct kw_json *claims = json_of(CLAIMS);
	KW_CLEANUP(kw_policy_result_freep) struct kw_policy_result *result = NULL;

	snprintf(text, sizeof(text), ALL("%s"), row->condition);
	policy = policy_of(text);
	result = kw_policy_evaluate(policy, claims);
	const struct kw_policy_result *test = result->first->first;
	assert_int_equal(test->verdict, row->verdict);
	assert_int_equal(test->found, row->found);
	assert_int_equal(test->actual != NULL, row->actual != NULL);
	if (row->actual)
		assert_string_equal(test->actual, row->actual);
	assert_int_equal(result->verdict, row->verdict);
}

static const struct authority_row {
	const char *name, *policy, *claims;
	bool matches;
	enum kw_policy_found found;
} authority_rows[] = {
	{ "given the issuer, it matches", OF("https://a.example"),
	  "{\"iss\":\"https://a.example\",\"yes\":true}", true, KW_FOUND_VALUE },
	{ "given a slash in the policy, it matches", OF("https://a.example/"),
	  "{\"iss\":\"https://a.example\",\"yes\":true}", true, KW_FOUND_VALUE },
	{ "given a slash in the token, it matches", OF("https://a.example"),
	  "{\"iss\":\"https://a.example/\",\"yes\":true}", true, KW_FOUND_VALUE },
	{ "given two slashes in the policy, it does not", OF("https://a.example//"),
	  "{\"iss\":\"https://a.example\",\"yes\":true}", false, KW_FOUND_VALUE },
	{ "given another case of the host, it matches", OF("HTTPS://A.Example"),
	  "{\"iss\":\"https://a.example\",\"yes\":true}", true, KW_FOUND_VALUE },
	{ "given a path, it matches itself", OF("https://A.example/p"),
	  "{\"iss\":\"https://a.example/p/\",\"yes\":true}", true, KW_FOUND_VALUE },
	{ "given another case of the path, it does not", OF("https://a.example/P"),
	  "{\"iss\":\"https://a.example/p\",\"yes\":true}", false, KW_FOUND_VALUE },
	{ "given a port, it does not", OF("https://a.example:8443"),
	  "{\"iss\":\"https://a.example\",\"yes\":true}", false, KW_FOUND_VALUE },
	{ "given a longer host, it does not", OF("https://a.example"),
	  "{\"iss\":\"https://a.example.evil\",\"yes\":true}", false, KW_FOUND_VALUE },
	{ "given the host alone, it does not", OF("https://a.example"),
	  "{\"iss\":\"a.example\",\"yes\":true}", false, KW_FOUND_VALUE },
	{ "given an empty issuer, it does not", OF("https://a.example"),
	  "{\"iss\":\"\",\"yes\":true}", false, KW_FOUND_VALUE },
	{ "given no issuer, it does not", OF("https://a.example"), "{\"yes\":true}", false,
	  KW_FOUND_MISSING },
	{ "given a list as issuer, it does not", OF("https://a.example"),
	  "{\"iss\":[\"https://a.example\"],\"yes\":true}", false, KW_FOUND_ARRAY },
	{ "given true as issuer, it does not", OF("https://a.example"),
	  "{\"iss\":true,\"yes\":true}", false, KW_FOUND_VALUE },
	{ "given claims that are no object, it does not", OF("https://a.example"), "[]", false,
	  KW_FOUND_MISSING },
};

static void matches_the_issuer(void **state)
{
	const struct authority_row *row = *state;
	KW_CLEANUP(kw_policy_freep) struct kw_policy *policy = policy_of(row->policy);
	KW_CLEANUP(kw_json_freep) struct kw_json *claims = json_of(row->claims);
	KW_CLEANUP(kw_policy_result_freep)
	struct kw_policy_result *result = kw_policy_evaluate(policy, claims);

	assert_int_equal(result->first->authority_matches, row->matches);
	assert_int_equal(result->first->found, row->found);
	assert_int_equal(result->verdict, row->matches ? KW_POLICY_TRUE : KW_POLICY_FALSE);
	/* Its conditions are evaluated all the same. */
	assert_int_equal(result->first->first->found != KW_FOUND_NOTHING, true);
}

int main(void)
{
	return KW_ROWS_RUN(verdict_rows, concludes) + KW_ROWS_RUN(test_rows, tests_one_claim)
	       + KW_ROWS_RUN(authority_rows, matches_the_issuer);
}
