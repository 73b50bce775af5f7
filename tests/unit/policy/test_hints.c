/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include "policy/hints.h"
#include "policy/tree.h"

#include <stdio.h>

#define POLICY(condition)                                             \
	"{\"version\":\"1.0.0\",\"anyOf\":[{\"authority\":\"https://" \
	"a.example\",\"allOf\":[" condition "]}]}"
#define C(path, value) POLICY("{\"claim\":\"" path "\",\"equals\":" value "}")

#define KEY "{\"kty\":\"RSA\",\"kid\":\"k\",\"key_ops\":[\"encrypt\"]}"
#define CLAIMS                                                                                 \
	"{\"iss\":\"https://a.example\",\"exp\":1000,\"word\":\"Word\",\"url\":\"https://u\"," \
	"\"yes\":true,\"text\":\"true\",\"n\":\"3\",\"type\":\"azurevm\",\"top\":1,"           \
	"\"x-ms-runtime\":{\"keys\":[" KEY "],\"client-payload\":{\"nonce\":\"Word\"}},"       \
	"\"x-ms-isolation-tee\":{\"type\":\"sevsnpvm\",\"in\":{\"deep\":false}}}"

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

static const struct test_row {
	const char *name, *policy;
	unsigned hints;
} test_rows[] = {
	{ "given the value, there is nothing to say", C("word", "\"Word\""), 0 },
	{ "given another case, it says so", C("word", "\"wORD\""), KW_HINT_CASE },
	{ "given another word, it says nothing", C("word", "\"Wort\""), 0 },
	{ "given a slash too many, it says so", C("url", "\"https://u/\""), KW_HINT_SLASH },
	{ "given a letter too many, it says nothing", C("url", "\"https://us\""), 0 },
	{ "given two slashes too many, it says nothing", C("url", "\"https://u//\""), 0 },
	{ "given a flat path to a nested claim, the prefix is missing", C("in.deep", "\"false\""),
	  KW_HINT_PREFIX_MISSING },
	{ "given a flat path whose nested value is the one, the prefix is missing",
	  C("type", "\"sevsnpvm\""), KW_HINT_PREFIX_MISSING },
	{ "given a flat path whose nested value is another, it says nothing",
	  C("type", "\"tdxvm\""), 0 },
	{ "given a nested path to a flat claim, the prefix is too much",
	  C("x-ms-isolation-tee.top", "1"), KW_HINT_PREFIX_EXTRA },
	{ "given a nested path whose flat value is another, it says nothing",
	  C("x-ms-isolation-tee.type", "\"tdxvm\""), 0 },
	{ "given a claim that is nowhere, it says nothing", C("gone", "1"), 0 },
	{ "given true for a text, it names the type", C("text", "true"), KW_HINT_TYPE },
	{ "given a number for a text, it names the type", C("n", "3"), KW_HINT_TYPE },
	{ "given a text for true, as templates do, it says nothing", C("yes", "\"true\""), 0 },
	{ "given true for true, it says nothing", C("yes", "true"), 0 },
	{ "given the client payload, it says nothing",
	  C("x-ms-runtime.client-payload.nonce", "\"word\""), 0 },
	{ "given an operator that is not judged, it says nothing",
	  POLICY("{\"claim\":\"word\",\"notEquals\":\"word\"}"), 0 },
};

static void hints_at(void **state)
{
	const struct test_row *row = *state;
	KW_CLEANUP(kw_policy_freep) struct kw_policy *policy = policy_of(row->policy);
	KW_CLEANUP(kw_json_freep) struct kw_json *claims = json_of(CLAIMS);
	KW_CLEANUP(kw_policy_result_freep)
	struct kw_policy_result *result = kw_policy_evaluate(policy, claims);

	assert_int_equal(result->first->first->hints, row->hints);
}

static const struct token_row {
	const char *name, *claims;
	int64_t now_s;
	unsigned hints;
} token_rows[] = {
	{ "given a good token, there is nothing to say", CLAIMS, 999, 0 },
	{ "given the second of its expiry, it has expired", CLAIMS, 1000, KW_HINT_EXPIRED },
	{ "given no expiry, it says so",
	  "{\"iss\":\"https://a.example\",\"x-ms-runtime\":{\"keys\":[" KEY "]}}", 1,
	  KW_HINT_EXPIRED },
	{ "given another issuer, it says so",
	  "{\"iss\":\"https://b.example\",\"exp\":9,\"x-ms-runtime\":{\"keys\":[" KEY "]}}", 1,
	  KW_HINT_ISSUER },
	{ "given no runtime data, there is no key", "{\"iss\":\"https://a.example\",\"exp\":9}", 1,
	  KW_HINT_NO_KEY },
	{ "given the key below x-ms-isolation-tee alone, there is none",
	  "{\"iss\":\"https://a.example\",\"exp\":9,\"x-ms-isolation-tee\":{\"x-ms-runtime\":"
	  "{\"keys\":[" KEY "]}}}",
	  1, KW_HINT_NO_KEY },
	{ "given a key without kid, there is none",
	  "{\"iss\":\"https://a.example\",\"exp\":9,\"x-ms-runtime\":{\"keys\":["
	  "{\"kty\":\"RSA\",\"key_ops\":[\"encrypt\"]}]}}",
	  1, KW_HINT_NO_KEY },
	{ "given a key that signs, there is none",
	  "{\"iss\":\"https://a.example\",\"exp\":9,\"x-ms-runtime\":{\"keys\":["
	  "{\"kty\":\"RSA\",\"kid\":\"k\",\"use\":\"sig\"}]}}",
	  1, KW_HINT_NO_KEY },
	{ "given the second key for encryption, there is one",
	  "{\"iss\":\"https://a.example\",\"exp\":9,\"x-ms-runtime\":{\"keys\":["
	  "{\"kty\":\"EC\",\"kid\":\"e\",\"use\":\"enc\"},"
	  "{\"kty\":\"RSA\",\"kid\":\"k\",\"use\":\"enc\"}]}}",
	  1, 0 },
};

static void hints_for_token(void **state)
{
	const struct token_row *row = *state;
	KW_CLEANUP(kw_policy_freep) struct kw_policy *policy = policy_of(C("word", "1"));
	KW_CLEANUP(kw_json_freep) struct kw_json *claims = json_of(row->claims);
	KW_CLEANUP(kw_policy_result_freep)
	struct kw_policy_result *result = kw_policy_evaluate(policy, claims);

	assert_int_equal(kw_policy_token_hints(result, claims, row->now_s), row->hints);
}

#define HEX32 "0123456789abcdef0123456789abcdef"
static const struct redact_row {
	const char *name, *text, *redacted;
} redact_rows[] = {
	{ "given words, they stay", "azure-compliant-cvm", "azure-compliant-cvm" },
	{ "given a host, it stays", "https://sharedweu.weu.attest.azure.net",
	  "https://sharedweu.weu.attest.azure.net" },
	{ "given a GUID, it goes", "2dedc52a-6832-46CE-9910-E8C9980BF5A7",
	  "(GUID of 36 characters)" },
	{ "given a GUID in a text, it goes", "id 2dedc52a-6832-46ce-9910-e8c9980bf5a7.",
	  "id (GUID of 36 characters)." },
	{ "given 32 digits, they go", HEX32, "(hex of 32 characters)" },
	{ "given 31 digits, they stay", "123456789abcdef0123456789abcdef",
	  "123456789abcdef0123456789abcdef" },
	{ "given a digest in base64url, it goes", "Zm9vYmFyLWJhcl9mb28tbW9yZS1vZi10aGlzLWFuZC4",
	  "(base64 of 43 characters)" },
	{ "given an escape, it is cleaned", "a\x1b[1m", "a?[1m" },
};

static void redacts(void **state)
{
	const struct redact_row *row = *state;
	KW_CLEANUP(freep) char *text = kw_policy_redacted(row->text);

	assert_string_equal(text, row->redacted);
}

static const struct tree_row {
	const char *name, *policy, *json;
	bool redact;
} tree_rows[] = {
	{ "given a denial, the tree tells why", C("word", "\"word\""),
	  "{\"verdict\":\"denied\",\"authorities\":[{\"authority\":\"https://a.example\","
	  "\"issuer\":\"https://a.example\",\"matches\":true,\"verdict\":\"false\",\"allOf\":["
	  "{\"claim\":\"word\",\"operator\":\"equals\",\"expected\":\"word\",\"found\":\"Word\","
	  "\"state\":\"value\",\"verdict\":\"false\",\"hints\":[\"differs only in case\"]}]}],"
	  "\"hints\":[\"the token has expired, or has no expiry\"]}",
	  false },
	{ "given a nested selector, it has its own list",
	  POLICY("{\"anyOf\":[{\"claim\":\"no.more\",\"equals\":1}]}"),
	  "{\"verdict\":\"denied\",\"authorities\":[{\"authority\":\"https://a.example\","
	  "\"issuer\":\"https://a.example\",\"matches\":true,\"verdict\":\"false\",\"allOf\":["
	  "{\"verdict\":\"false\",\"anyOf\":[{\"claim\":\"no.more\",\"operator\":\"equals\","
	  "\"expected\":\"1\",\"found\":\"missing at 'no'\",\"state\":\"missing\","
	  "\"verdict\":\"false\",\"hints\":[]}]}]}],"
	  "\"hints\":[\"the token has expired, or has no expiry\"]}",
	  false },
	{ "given the client payload, it is not shown",
	  C("x-ms-runtime.client-payload.nonce", "\"" HEX32 "\""),
	  "{\"verdict\":\"denied\",\"authorities\":[{\"authority\":\"https://a.example\","
	  "\"issuer\":\"https://a.example\",\"matches\":true,\"verdict\":\"false\",\"allOf\":["
	  "{\"claim\":\"x-ms-runtime.client-payload.nonce\",\"operator\":\"equals\","
	  "\"expected\":\"(hex of 32 characters)\",\"found\":\"(not shown)\",\"state\":\"hidden\","
	  "\"verdict\":\"false\",\"hints\":[]}]}],"
	  "\"hints\":[\"the token has expired, or has no expiry\"]}",
	  true },
};

static void makes_a_tree(void **state)
{
	const struct tree_row *row = *state;
	KW_CLEANUP(kw_policy_freep) struct kw_policy *policy = policy_of(row->policy);
	KW_CLEANUP(kw_json_freep) struct kw_json *claims = json_of(CLAIMS);
	KW_CLEANUP(kw_policy_result_freep)
	struct kw_policy_result *result = kw_policy_evaluate(policy, claims);
	KW_CLEANUP(kw_json_freep)
	struct kw_json *tree = kw_policy_tree_json(result, KW_HINT_EXPIRED, row->redact);
	KW_CLEANUP(freep) char *text = kw_json_print(tree);

	assert_string_equal(text, row->json);
}

int main(void)
{
	return KW_ROWS_RUN(test_rows, hints_at) + KW_ROWS_RUN(token_rows, hints_for_token)
	       + KW_ROWS_RUN(redact_rows, redacts) + KW_ROWS_RUN(tree_rows, makes_a_tree);
}
