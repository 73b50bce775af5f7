/* SPDX-License-Identifier: Apache-2.0 */
/* Release policies: grammar and evaluation (key release 5.2 to 5.4). */
#include "site.h"
#include "util/origin.h"
#include "util/text.h"
#include "vault.h"

#include <string.h>

static struct kw_json *parse(const char *text, struct lab_why *why)
{
	struct kw_json *policy = NULL;
	struct kw_error err = { 0 };

	if (kw_json_parse(kw_bytes_text(text), KW_JSON_STRICT, KW_E_SYS_DATA, &policy, &err) == 0)
		return policy;
	lab_refuse(why, "the release policy: %s", err.detail);
	return NULL;
}

/* The conditions of a selector; `ret_all` says which of the two it is. NULL: it has none. */
static const struct kw_json *selector(const struct kw_json *node, bool *ret_all)
{
	static const struct {
		const char *name;
		bool all;
	} names[] = {
		{ "allOf", true }, { "allof", true }, { "anyOf", false }, { "anyof", false }
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct kw_json *list = kw_json_get(node, names[i].name);

		*ret_all = names[i].all;
		if (list != NULL)
			return list;
	}
	return NULL;
}

/* The value that a claim is compared with, in the form of today or of older samples. */
static const struct kw_json *wanted_value(const struct kw_json *test)
{
	const char *condition = kw_json_string(kw_json_get(test, "condition"));

	if (kw_json_get(test, "equals") != NULL)
		return kw_json_get(test, "equals");
	return condition != NULL && strcmp(condition, "equals") == 0 ? kw_json_get(test, "value")
								     : NULL;
}

/* A scalar as the text that is compared; false: it is none. */
static bool scalar_text(const struct kw_json *value, char *ret, size_t size)
{
	const char *text = kw_json_string(value);
	int64_t number = 0;
	bool yes = false;

	if (text != NULL)
		return (size_t)snprintf(ret, size, "%s", text) < size;
	if (kw_json_bool(value, &yes))
		return snprintf(ret, size, "%s", yes ? "true" : "false") > 0;
	return kw_json_int(value, &number) && snprintf(ret, size, "%lld", (long long)number) > 0;
}

static bool check_list(const struct kw_json *list, struct lab_why *why);

static bool check_condition(const struct kw_json *node, struct lab_why *why)
{
	char text[1024];
	bool all;
	const struct kw_json *nested = selector(node, &all);

	if (nested != NULL)
		return kw_json_count(node) == 1
			       ? check_list(nested, why)
			       : lab_refuse(why, "a nested selector has other members beside it");
	if (kw_json_string(kw_json_get(node, "claim")) == NULL)
		return lab_refuse(why, "a condition has no claim");
	if (!scalar_text(wanted_value(node), text, sizeof(text)))
		return lab_refuse(why, "a condition does not compare with 'equals' and a scalar");
	return true;
}

static bool check_list(const struct kw_json *list, struct lab_why *why)
{
	if (kw_json_type(list) != KW_JSON_ARRAY || kw_json_count(list) == 0)
		return lab_refuse(why, "a selector is not a list with members");
	for (const struct kw_json *one = kw_json_first(list); one != NULL; one = kw_json_next(one))
		if (!check_condition(one, why))
			return false;
	return true;
}

static bool check_authority(const struct kw_json *authority, struct lab_why *why)
{
	const char *url = kw_json_string(kw_json_get(authority, "authority"));
	bool all;
	const struct kw_json *list = selector(authority, &all);

	if (url == NULL || strncmp(url, "https://", 8) != 0)
		return lab_refuse(why, "an authority is not an https URL");
	if (list == NULL || kw_json_count(authority) != 2)
		return lab_refuse(why, "an authority does not have exactly one of allOf and anyOf");
	return check_list(list, why);
}

bool lab_policy_check(const char *text, struct lab_why *why)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *policy = parse(text, why);
	const struct kw_json *list = kw_json_get(policy, "anyOf");

	if (policy == NULL)
		return false;
	if (kw_json_string(kw_json_get(policy, "version")) == NULL)
		return lab_refuse(why, "the release policy has no version");
	if (kw_json_type(list) != KW_JSON_ARRAY || kw_json_count(list) == 0)
		return lab_refuse(why, "the release policy has no authorities in 'anyOf'");
	for (const struct kw_json *one = kw_json_first(list); one != NULL; one = kw_json_next(one))
		if (!check_authority(one, why))
			return false;
	return true;
}

/* 5.4: one trailing slash, and the case of scheme and host, do not matter. */
static bool authority_is(const struct kw_json *authority, const char *issuer)
{
	const char *url = kw_json_string(kw_json_get(authority, "authority"));
	struct kw_origin a, b;
	const char *rest_a = "", *rest_b = "";

	if (url == NULL || !kw_origin_parse(url, &a, &rest_a)
	    || !kw_origin_parse(issuer, &b, &rest_b) || !kw_origin_equal(&a, &b))
		return false;
	return strcmp(strcmp(rest_a, "/") == 0 ? "" : rest_a,
		      strcmp(rest_b, "/") == 0 ? "" : rest_b)
	       == 0;
}

bool lab_policy_names(const char *policy_text, const char *issuer)
{
	struct lab_why why = { "" };
	KW_CLEANUP(kw_json_freep) struct kw_json *policy = parse(policy_text, &why);
	const struct kw_json *list = kw_json_get(policy, "anyOf");

	for (const struct kw_json *one = kw_json_first(list); one != NULL; one = kw_json_next(one))
		if (authority_is(one, issuer))
			return true;
	return false;
}

/* Dots lead into objects; arrays cannot be entered. NULL: nothing is there. */
static const struct kw_json *follow(const struct kw_json *claims, const char *path)
{
	const struct kw_json *at = claims;

	while (at != NULL && kw_json_type(at) == KW_JSON_OBJECT) {
		size_t len = strcspn(path, ".");
		KW_CLEANUP(freep) char *name = kw_format("%.*s", (int)len, path);

		at = kw_json_get(at, name);
		if (path[len] == '\0')
			return at;
		path += len + 1;
	}
	return NULL;
}

static bool test(const struct kw_json *node, const struct kw_json *claims, struct lab_why *why)
{
	const char *path = kw_json_string(kw_json_get(node, "claim"));
	char expected[1024], actual[1024];

	if (!scalar_text(wanted_value(node), expected, sizeof(expected)))
		return lab_refuse(why, "the condition on '%s' is not understood", path);
	if (!scalar_text(follow(claims, path), actual, sizeof(actual)))
		return lab_refuse(why, "claim '%s' is missing or not a scalar, expected '%s'", path,
				  expected);
	return strcmp(expected, actual) == 0
	       || lab_refuse(why, "claim '%s' is '%.100s', expected '%.100s'", path, actual,
			     expected);
}

static bool holds(const struct kw_json *node, const struct kw_json *claims, struct lab_why *why)
{
	bool all;
	const struct kw_json *list = selector(node, &all);

	if (list == NULL)
		return test(node, claims, why);
	for (const struct kw_json *one = kw_json_first(list); one != NULL; one = kw_json_next(one))
		if (holds(one, claims, why) != all)
			return !all;
	return all;
}

bool lab_policy_allows(const char *policy_text, const char *issuer, const struct kw_json *claims,
		       struct lab_why *why)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *policy = parse(policy_text, why);
	const struct kw_json *list = kw_json_get(policy, "anyOf");

	for (const struct kw_json *one = kw_json_first(list); one != NULL; one = kw_json_next(one))
		if (authority_is(one, issuer) && holds(one, claims, why))
			return true;
	return false;
}

char *lab_policy_default(void)
{
	return kw_format("{\"version\":\"1.0.0\",\"anyOf\":[{\"authority\":\"%s\",\"allOf\":["
			 "{\"claim\":\"x-ms-isolation-tee.x-ms-attestation-type\","
			 "\"equals\":\"sevsnpvm\"},"
			 "{\"claim\":\"x-ms-isolation-tee.x-ms-compliance-status\","
			 "\"equals\":\"azure-compliant-cvm\"}]}]}",
			 lab_site.maa);
}
