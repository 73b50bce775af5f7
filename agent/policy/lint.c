/* SPDX-License-Identifier: Apache-2.0 */
/* A policy as a whole: versions, authorities, selectors. Claims and keys have files of their own.
 */
#include "policy/lint.h"

#include "util/origin.h"
#include "util/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PLACE_SIZE = sizeof(((struct kw_lint_finding *)0)->place) };

const char *kw_lint_level_text(enum kw_lint_level level)
{
	switch (level) {
	case KW_LINT_NOTE:
		return "note";
	case KW_LINT_WARNING:
		return "warning";
	case KW_LINT_ERROR:
		return "error";
	}
	return "";
}

size_t kw_lint_count(const struct kw_lint *lint, enum kw_lint_level level)
{
	size_t n = 0;

	for (size_t i = 0; i < lint->n_rows; i++)
		n += lint->rows[i].level == level;
	return n;
}

void kw_lint_add(struct kw_lint *lint, enum kw_lint_level level, const char *rule,
		 const char *place, const char *fmt, ...)
{
	struct kw_lint_finding *row;
	char text[sizeof(row->text)];
	va_list args;

	if (lint->n_rows == KW_LINT_MAX && level != KW_LINT_ERROR)
		return;
	if (lint->n_rows < KW_LINT_MAX)
		lint->n_rows++;
	row = &lint->rows[lint->n_rows - 1];
	*row = (struct kw_lint_finding){ .level = level, .rule = rule };
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	kw_text_clean(kw_bytes_text(text), row->text, sizeof(row->text));
	kw_text_clean(kw_bytes_text(place), row->place, sizeof(row->place));
}

/* Selectors and tests. */

/* Within one allOf a claim that must have two values has none. */
static void lint_contradiction(const struct kw_policy_node *selector, const char *place,
			       struct kw_lint *ret)
{
	for (const struct kw_policy_node *a = selector->first; a; a = a->next)
		for (const struct kw_policy_node *b = a->next; b; b = b->next)
			if (a->claim && b->claim && a->expected && b->expected
			    && strcmp(a->claim, b->claim) == 0
			    && strcmp(a->expected, b->expected) != 0)
				kw_lint_add(ret, KW_LINT_ERROR, "contradiction", place,
					    "'%.60s' cannot be '%.40s' and '%.40s' at once",
					    a->claim, a->expected, b->expected);
}

static void lint_node(const struct kw_policy_node *node, const char *place, bool nested,
		      struct kw_lint *ret);

static void lint_children(const struct kw_policy_node *selector, const char *place,
			  struct kw_lint *ret)
{
	const char *word = selector->kind == KW_POLICY_ALL_OF ? "allOf" : "anyOf";
	size_t i = 0;

	for (const struct kw_policy_node *child = selector->first; child; child = child->next) {
		char inner[PLACE_SIZE];

		(void)snprintf(inner, sizeof(inner), "%.70s.%s[%zu]", place, word, i++);
		lint_node(child, inner, true, ret);
	}
}

/* Recursion ends with the depth that the grammar allows. */
static void lint_node(const struct kw_policy_node *node, const char *place, bool nested,
		      struct kw_lint *ret)
{
	if (node->kind == KW_POLICY_TEST) {
		kw_lint_claim(node, place, ret);
		return;
	}
	if (nested)
		kw_lint_add(ret, KW_LINT_WARNING, "nested", place,
			    "a selector inside a selector: documented, but an older page forbids "
			    "it");
	if (node->lower_case)
		kw_lint_add(ret, KW_LINT_WARNING, "spelling", place,
			    "write anyOf and allOf as all samples do");
	if (node->foreign)
		kw_lint_add(ret, KW_LINT_WARNING, "foreign-member", place,
			    "a member that the grammar does not name");
	if (node->kind == KW_POLICY_ALL_OF)
		lint_contradiction(node, place, ret);
	lint_children(node, place, ret);
}

/* Authorities. */

static bool tests_claim(const struct kw_policy_node *node, const char *ending)
{
	size_t len = strlen(ending);

	if (node->kind == KW_POLICY_TEST)
		return strlen(node->claim) >= len
		       && strcmp(node->claim + strlen(node->claim) - len, ending) == 0;
	for (const struct kw_policy_node *child = node->first; child; child = child->next)
		if (tests_claim(child, ending))
			return true;
	return false;
}

static bool ends_with(const char *text, const char *ending)
{
	size_t len = strlen(text), end_len = strlen(ending);

	return len > end_len && strcmp(text + len - end_len, ending) == 0;
}

static void lint_url(const char *url, const char *place, struct kw_lint *ret)
{
	static const char *const clouds[] = { ".attest.azure.net", ".attest.azure.us",
					      ".attest.azure.cn" };
	struct kw_origin origin;
	const char *rest = "";
	bool known = false;

	if (!kw_origin_parse(url, &origin, &rest))
		return; /* the grammar has seen to it */
	for (size_t i = 0; i < sizeof(clouds) / sizeof(clouds[0]); i++)
		known = known || ends_with(origin.host, clouds[i]);
	if (!known)
		kw_lint_add(ret, KW_LINT_NOTE, "authority-host", place,
			    "'%.100s' is no attestation service of Azure", origin.host);
	if (strcmp(rest, "/") == 0)
		kw_lint_add(ret, KW_LINT_NOTE, "authority-slash", place,
			    "issuers have no slash at the end");
	else if (rest[0] != '\0')
		kw_lint_add(ret, KW_LINT_WARNING, "authority-form", place,
			    "'%.60s' behind the host: issuers of attestation tokens have no path",
			    rest);
}

static void lint_authority(const struct kw_policy_node *node, const char *place,
			   struct kw_lint *ret)
{
	lint_url(node->authority, place, ret);
	if (!tests_claim(node, "x-ms-attestation-type"))
		kw_lint_add(ret, KW_LINT_WARNING, "any-machine", place,
			    "x-ms-attestation-type is not asked for: every machine that this "
			    "authority attests may pass");
	if (!tests_claim(node, "x-ms-sevsnpvm-is-debuggable")
	    && !tests_claim(node, "x-ms-compliance-status"))
		kw_lint_add(ret, KW_LINT_WARNING, "debug", place,
			    "neither is-debuggable nor compliance-status is asked for: a machine "
			    "that can be debugged may pass");
	lint_node(node, place, false, ret);
}

static void lint_repeated(const struct kw_policy *policy, struct kw_lint *ret)
{
	for (const struct kw_policy_node *a = policy->root->first; a; a = a->next)
		for (const struct kw_policy_node *b = a->next; b; b = b->next)
			if (strcmp(a->authority, b->authority) == 0)
				kw_lint_add(ret, KW_LINT_NOTE, "authority-twice", "anyOf",
					    "'%.100s' stands there twice: either is enough",
					    a->authority);
}

void kw_lint_policy(const struct kw_policy *policy, struct kw_lint *ret)
{
	size_t i = 0;

	if (!policy->version_known)
		kw_lint_add(ret, KW_LINT_WARNING, "version", "version",
			    "'%s' is none of those in use; write '1.0.0'", policy->version);
	else if (strcmp(policy->version, "1.0.0") != 0)
		kw_lint_add(ret, KW_LINT_NOTE, "version", "version",
			    "'%s' is of older samples; write '1.0.0'", policy->version);
	if (policy->root->foreign)
		kw_lint_add(ret, KW_LINT_WARNING, "foreign-member", "",
			    "a member that the grammar does not name");
	lint_repeated(policy, ret);
	for (const struct kw_policy_node *node = policy->root->first; node; node = node->next) {
		char place[PLACE_SIZE];

		(void)snprintf(place, sizeof(place), "anyOf[%zu]", i++);
		lint_authority(node, place, ret);
	}
}

void kw_policy_lint_document(const struct kw_policy_document *document, struct kw_lint *ret)
{
	KW_CLEANUP(kw_policy_freep) struct kw_policy *policy = NULL;
	struct kw_error err = { 0 };

	kw_lint_key(document, ret);
	if (!document->policy.data)
		return;
	if (kw_policy_parse(kw_blob_bytes(&document->policy), &policy, &err) < 0)
		kw_lint_add(ret, KW_LINT_ERROR, "grammar", "", "%s", err.detail);
	else
		kw_lint_policy(policy, ret);
}
