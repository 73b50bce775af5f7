/* SPDX-License-Identifier: Apache-2.0 */
/* A policy held against the claims of a token (key release 5.3, 5.4 and 6). */
#include "policy/policy.h"

#include "policy/hints.h"
#include "policy/scalar.h"
#include "util/memory.h"
#include "util/text.h"

#include <string.h>

/* 6, point 7: of all claims this one is not for people's eyes. */
#define HIDDEN_CLAIM "x-ms-runtime.client-payload"

/* Claims. */

const struct kw_json *kw_policy_claim(const struct kw_json *claims, const char *path,
				      char **ret_missing)
{
	const struct kw_json *at = claims;

	for (;;) {
		size_t len = strcspn(path, ".");
		KW_CLEANUP(freep) char *segment = kw_format("%.*s", (int)len, path);

		at = kw_json_get(at, segment);
		if (!at && ret_missing)
			*ret_missing = KW_STEAL(segment);
		if (!at || path[len] == '\0')
			return at;
		path += len + 1;
	}
}

static bool is_hidden(const char *path)
{
	size_t len = strlen(HIDDEN_CLAIM);

	return strncmp(path, HIDDEN_CLAIM, len) == 0 && (path[len] == '\0' || path[len] == '.');
}

static enum kw_policy_found kind_of(const struct kw_json *value, const char *text)
{
	switch (kw_json_type(value)) {
	case KW_JSON_OBJECT:
		return KW_FOUND_OBJECT;
	case KW_JSON_ARRAY:
		return KW_FOUND_ARRAY;
	case KW_JSON_NUMBER:
		return text ? KW_FOUND_VALUE : KW_FOUND_INEXACT;
	case KW_JSON_NULL:
	case KW_JSON_BOOL:
	case KW_JSON_STRING:
		return KW_FOUND_VALUE;
	}
	return KW_FOUND_VALUE;
}

/* The text at a path and what is said of it. NULL: nothing there has a text. */
static char *look_up(const struct kw_json *claims, const char *path, struct kw_policy_result *to)
{
	const struct kw_json *value = kw_policy_claim(claims, path, &to->actual);
	char *text = kw_policy_scalar_text(value);

	to->actual_type = kw_json_type(value);
	to->found = value ? kind_of(value, text) : KW_FOUND_MISSING;
	if (to->found == KW_FOUND_VALUE && is_hidden(path))
		to->found = KW_FOUND_HIDDEN;
	else if (to->found == KW_FOUND_VALUE)
		to->actual = kw_strdup(text ? text : "null");
	return text;
}

static enum kw_policy_verdict verdict_of(bool yes)
{
	return yes ? KW_POLICY_TRUE : KW_POLICY_FALSE;
}

static void evaluate_test(const struct kw_json *claims, struct kw_policy_result *to)
{
	KW_CLEANUP(freep) char *text = look_up(claims, to->node->claim, to);

	if (to->node->foreign || to->found == KW_FOUND_INEXACT)
		to->verdict = KW_POLICY_UNKNOWN;
	else
		to->verdict = verdict_of(text && strcmp(text, to->node->expected) == 0);
	to->hints = kw_policy_test_hints(to, claims);
}

/* Authorities. */

/* 5.4: without one trailing slash, scheme and host in lower case. Owned. */
static char *comparable(const char *url)
{
	char *text = kw_strdup(url);
	const char *authority = strstr(text, "://");
	size_t len = strlen(text), host_end = len;

	if (authority)
		host_end = (size_t)(authority - text) + 3 + strcspn(authority + 3, "/?#");
	for (size_t i = 0; i < host_end; i++)
		text[i] = kw_lower(text[i]);
	if (len > 0 && text[len - 1] == '/')
		text[len - 1] = '\0';
	return text;
}

static void match_authority(const struct kw_json *claims, struct kw_policy_result *to)
{
	KW_CLEANUP(freep) char *issuer = look_up(claims, "iss", to);
	KW_CLEANUP(freep) char *expected = comparable(to->node->authority);
	KW_CLEANUP(freep) char *found = issuer ? comparable(issuer) : NULL;

	to->authority_matches =
		found && to->actual_type == KW_JSON_STRING && strcmp(found, expected) == 0;
}

/* Selectors. */

static struct kw_policy_result *evaluate(const struct kw_policy_node *node,
					 const struct kw_json *claims);

/* 6, point 4: one true settles an anyOf, one false an allOf; else an unknown makes it unknown. */
static enum kw_policy_verdict evaluate_children(const struct kw_json *claims,
						struct kw_policy_result *to)
{
	const enum kw_policy_verdict settles = verdict_of(to->node->kind == KW_POLICY_ANY_OF);
	struct kw_policy_result **end = &to->first;
	bool settled = false, unknown = false;

	for (const struct kw_policy_node *child = to->node->first; child; child = child->next) {
		*end = evaluate(child, claims);
		settled = settled || (*end)->verdict == settles;
		unknown = unknown || (*end)->verdict == KW_POLICY_UNKNOWN;
		end = &(*end)->next;
	}
	if (settled)
		return settles;
	return unknown ? KW_POLICY_UNKNOWN : verdict_of(settles == KW_POLICY_FALSE);
}

static void evaluate_selector(const struct kw_json *claims, struct kw_policy_result *to)
{
	to->verdict = evaluate_children(claims, to);
	if (to->node->authority) {
		match_authority(claims, to);
		if (!to->authority_matches)
			to->verdict = KW_POLICY_FALSE;
	}
	if (to->node->foreign)
		to->verdict = KW_POLICY_UNKNOWN;
}

static struct kw_policy_result *evaluate(const struct kw_policy_node *node,
					 const struct kw_json *claims)
{
	struct kw_policy_result *result = kw_alloc(sizeof(*result));

	result->node = node;
	if (node->kind == KW_POLICY_TEST)
		evaluate_test(claims, result);
	else
		evaluate_selector(claims, result);
	return result;
}

struct kw_policy_result *kw_policy_evaluate(const struct kw_policy *policy,
					    const struct kw_json *claims)
{
	return evaluate(policy->root, claims);
}

void kw_policy_result_free(struct kw_policy_result *result)
{
	struct kw_policy_result *next = NULL;

	if (!result)
		return;
	for (struct kw_policy_result *child = result->first; child; child = next) {
		next = child->next;
		kw_policy_result_free(child);
	}
	free(result->actual);
	free(result);
}
