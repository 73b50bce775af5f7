/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/tree.h"

#include "policy/hints.h"
#include "util/text.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_SIZE = 512, GUID_LENGTH = 36, HEX_MIN_LENGTH = 32, BASE64_MIN_LENGTH = 40 };

const char *kw_policy_verdict_text(enum kw_policy_verdict verdict)
{
	switch (verdict) {
	case KW_POLICY_FALSE:
		return "denied";
	case KW_POLICY_TRUE:
		return "allowed";
	case KW_POLICY_UNKNOWN:
		return "unknown";
	}
	return "unknown";
}

const char *kw_policy_truth_text(enum kw_policy_verdict verdict)
{
	switch (verdict) {
	case KW_POLICY_FALSE:
		return "false";
	case KW_POLICY_TRUE:
		return "true";
	case KW_POLICY_UNKNOWN:
		return "unknown";
	}
	return "unknown";
}

/* Redaction. */

static size_t hex_run(const char *text)
{
	return strspn(text, "0123456789abcdefABCDEF");
}

/* 8-4-4-4-12 */
static bool is_guid(const char *text)
{
	static const size_t groups[] = { 8, 4, 4, 4, 12 };
	const size_t n = sizeof(groups) / sizeof(groups[0]);

	for (size_t i = 0; i < n; i++) {
		if (hex_run(text) < groups[i])
			return false;
		text += groups[i];
		if (i + 1 < n && *text++ != '-')
			return false;
	}
	return true;
}

static size_t base64_run(const char *text)
{
	return strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_+");
}

/* The length of what identifies somebody at the start of `text`; 0: nothing does. */
static size_t identifier_at(const char *text, const char **ret_kind)
{
	if (is_guid(text)) {
		*ret_kind = "GUID";
		return GUID_LENGTH;
	}
	if (hex_run(text) >= HEX_MIN_LENGTH) {
		*ret_kind = "hex";
		return hex_run(text);
	}
	*ret_kind = "base64";
	return base64_run(text) >= BASE64_MIN_LENGTH ? base64_run(text) : 0;
}

char *kw_policy_redacted(const char *text)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob out = { 0 };
	char clean[SHOWN_SIZE], word[64];
	const char *kind = NULL;

	kw_text_clean(kw_bytes_text(text), clean, sizeof(clean));
	for (const char *at = clean; *at;) {
		size_t len = identifier_at(at, &kind);

		if (len > 0)
			(void)snprintf(word, sizeof(word), "(%s of %zu characters)", kind, len);
		kw_blob_append(&out, len > 0 ? kw_bytes_text(word)
					     : (struct kw_bytes){ (const uint8_t *)at, 1 });
		at += len > 0 ? len : 1;
	}
	return kw_strdup(out.data ? (const char *)out.data : "");
}

static char *shown(const char *text, bool redact)
{
	char clean[SHOWN_SIZE];

	if (!text)
		return NULL;
	if (redact)
		return kw_policy_redacted(text);
	kw_text_clean(kw_bytes_text(text), clean, sizeof(clean));
	return kw_strdup(clean);
}

static void add_shown(struct kw_json *to, const char *name, const char *text, bool redact)
{
	KW_CLEANUP(freep) char *clean = shown(text, redact);

	kw_json_add_string(to, name, clean);
}

/* What was found. */

static const char *state_text(enum kw_policy_found found)
{
	switch (found) {
	case KW_FOUND_NOTHING:
		return "not looked for";
	case KW_FOUND_VALUE:
		return "value";
	case KW_FOUND_MISSING:
		return "missing";
	case KW_FOUND_OBJECT:
		return "object";
	case KW_FOUND_ARRAY:
		return "array";
	case KW_FOUND_INEXACT:
		return "inexact";
	case KW_FOUND_HIDDEN:
		return "hidden";
	}
	return "";
}

char *kw_policy_found_text(const struct kw_policy_result *result, bool redact)
{
	KW_CLEANUP(freep) char *actual = shown(result->actual, redact);

	switch (result->found) {
	case KW_FOUND_NOTHING:
		return kw_strdup("");
	case KW_FOUND_VALUE:
		return KW_STEAL(actual);
	case KW_FOUND_MISSING:
		return kw_format("missing at '%s'", actual);
	case KW_FOUND_OBJECT:
		return kw_strdup("is an object");
	case KW_FOUND_ARRAY:
		return kw_strdup("is an array");
	case KW_FOUND_INEXACT:
		return kw_strdup("a number without exact text");
	case KW_FOUND_HIDDEN:
		return kw_strdup("(not shown)");
	}
	return kw_strdup("");
}

/* As JSON. */

static void add_hints(struct kw_json *to, unsigned hints)
{
	struct kw_json *list = kw_json_add_array(to, "hints");

	for (unsigned bit = 0; bit < KW_POLICY_HINTS; bit++)
		if (hints >> bit & 1)
			kw_json_add_string(list, NULL,
					   kw_policy_hint_text((enum kw_policy_hint)(1U << bit)));
}

static void add_test(struct kw_json *to, const struct kw_policy_result *test, bool redact)
{
	KW_CLEANUP(freep) char *found = kw_policy_found_text(test, redact);

	add_shown(to, "claim", test->node->claim, false);
	add_shown(to, "operator", test->node->operator_name, false);
	add_shown(to, "expected", test->node->expected, redact);
	kw_json_add_string(to, "found", found);
	kw_json_add_string(to, "state", state_text(test->found));
	kw_json_add_string(to, "verdict", kw_policy_truth_text(test->verdict));
	add_hints(to, test->hints);
}

static void add_part(struct kw_json *to, const struct kw_policy_result *part, bool redact);

static void add_children(struct kw_json *to, const char *name, const struct kw_policy_result *of,
			 bool redact)
{
	struct kw_json *list = kw_json_add_array(to, name);

	for (const struct kw_policy_result *child = of->first; child; child = child->next)
		add_part(kw_json_add_object(list, NULL), child, redact);
}

/* As deep as the policy is, which its reader has limited. */
static void add_part(struct kw_json *to, const struct kw_policy_result *part, bool redact)
{
	const struct kw_policy_node *node = part->node;

	if (node->kind == KW_POLICY_TEST) {
		add_test(to, part, redact);
		return;
	}
	if (node->authority) {
		KW_CLEANUP(freep) char *issuer = kw_policy_found_text(part, redact);

		add_shown(to, "authority", node->authority, redact);
		kw_json_add_string(to, "issuer", issuer);
		kw_json_add_bool(to, "matches", part->authority_matches);
	}
	kw_json_add_string(to, "verdict", kw_policy_truth_text(part->verdict));
	add_children(to, node->kind == KW_POLICY_ALL_OF ? "allOf" : "anyOf", part, redact);
}

struct kw_json *kw_policy_tree_json(const struct kw_policy_result *result, unsigned token_hints,
				    bool redact)
{
	struct kw_json *json = kw_json_new_object();

	kw_json_add_string(json, "verdict", kw_policy_verdict_text(result->verdict));
	add_children(json, "authorities", result, redact);
	add_hints(json, token_hints);
	return json;
}
