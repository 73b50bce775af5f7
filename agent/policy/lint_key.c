/* SPDX-License-Identifier: Apache-2.0 */
/* The key around a policy: what a vault needs to release it (key release 5.1), and what templates
 * get wrong. */
#include "policy/lint.h"

#include "util/text.h"

#include <string.h>

#define PLACE "key"

/* Names of operations, and the key types that have them. */
static const struct {
	const char *name;
	bool rsa, ec, oct;
} operations[] = {
	{ "encrypt", true, false, true }, { "decrypt", true, false, true },
	{ "sign", true, true, false },	  { "verify", true, true, false },
	{ "wrapKey", true, false, true }, { "unwrapKey", true, false, true },
	{ "import", true, true, true },	  { "export", true, true, true },
	{ "release", true, true, true },
};
enum { N_OPERATIONS = sizeof(operations) / sizeof(operations[0]) };

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool suits(size_t i, const char *kty)
{
	if (begins(kty, "RSA"))
		return operations[i].rsa;
	if (begins(kty, "EC"))
		return operations[i].ec;
	return !begins(kty, "oct") || operations[i].oct;
}

static void lint_operation(const char *name, const char *kty, struct kw_lint *ret)
{
	const char *names[N_OPERATIONS + 1] = { NULL }, *near;

	for (size_t i = 0; i < N_OPERATIONS; i++) {
		names[i] = operations[i].name;
		if (strcmp(name, names[i]) != 0)
			continue;
		if (!suits(i, kty))
			kw_lint_add(ret, KW_LINT_ERROR, "key-operation", PLACE,
				    "'%s' is no operation of a key of type %.20s", name, kty);
		return;
	}
	near = strcmp(name, "wrap") == 0     ? "wrapKey"
	       : strcmp(name, "unwrap") == 0 ? "unwrapKey"
					     : kw_text_nearest(name, names);
	kw_lint_add(ret, KW_LINT_ERROR, "key-operation", PLACE, "'%.40s' is no key operation%s%s%s",
		    name, near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static void lint_operations(const struct kw_json *key, const char *kty, struct kw_lint *ret)
{
	const struct kw_json *list = kw_json_get(key, "key_ops");

	if (!list)
		list = kw_json_get(key, "keyOps");
	if (kw_json_type(list) != KW_JSON_ARRAY)
		return;
	for (const struct kw_json *at = kw_json_first(list); at; at = kw_json_next(at))
		if (kw_json_string(at))
			lint_operation(kw_json_string(at), kty, ret);
}

/* Attributes stand beside `key` in what a vault answers, and inside it elsewhere. */
static const struct kw_json *attributes_of(const struct kw_policy_document *document)
{
	const struct kw_json *inside = kw_json_get(document->key, "attributes");

	return inside ? inside : kw_json_get(document->json, "attributes");
}

static void lint_type(const char *kty, struct kw_lint *ret)
{
	static const char *const types[] = { "RSA-HSM", "EC-HSM", "oct-HSM", NULL };

	for (size_t i = 0; types[i]; i++)
		if (strcmp(kty, types[i]) == 0)
			return;
	if (strcmp(kty, "RSA") == 0 || strcmp(kty, "EC") == 0 || strcmp(kty, "oct") == 0)
		kw_lint_add(ret, KW_LINT_ERROR, "software-key", PLACE,
			    "a key of type %s is kept in software; only %s-HSM is ever released",
			    kty, kty);
	else
		kw_lint_add(ret, KW_LINT_ERROR, "key-type", PLACE, "'%.20s' is no key type", kty);
}

static void lint_attributes(const struct kw_policy_document *document, struct kw_lint *ret)
{
	const struct kw_json *attributes = attributes_of(document);
	bool exportable = false, enabled = true;

	(void)!kw_json_bool(kw_json_get(attributes, "exportable"), &exportable);
	(void)!kw_json_bool(kw_json_get(attributes, "enabled"), &enabled);
	if (!exportable)
		kw_lint_add(ret, KW_LINT_ERROR, "not-exportable", PLACE,
			    "attributes.exportable is not true: set it when the key is made, it "
			    "cannot be changed later");
	if (!enabled)
		kw_lint_add(ret, KW_LINT_ERROR, "disabled", PLACE, "the key is disabled");
	if (!document->property)
		kw_lint_add(ret, KW_LINT_ERROR, "no-policy", PLACE,
			    "there is no release policy, so the key is never released");
}

static void lint_encoding(enum kw_policy_encoding encoding, struct kw_lint *ret)
{
	static const char place[] = "release_policy.data";

	switch (encoding) {
	case KW_POLICY_PLAIN:
	case KW_POLICY_BASE64URL:
		break;
	case KW_POLICY_BASE64:
		kw_lint_add(ret, KW_LINT_NOTE, "encoding", place,
			    "standard base64, which is accepted; base64url is what comes back");
		break;
	case KW_POLICY_TWICE:
		kw_lint_add(ret, KW_LINT_ERROR, "encoding", place,
			    "base64 of base64: a tool encodes it once more by itself");
		break;
	case KW_POLICY_OBJECT:
		kw_lint_add(ret, KW_LINT_ERROR, "encoding", place,
			    "JSON: the vault wants base64url of its text");
		break;
	}
}

static void lint_property(const struct kw_json *property, struct kw_lint *ret)
{
	const char *type = kw_json_string(kw_json_get(property, "contentType"));
	bool immutable = false;

	if (type && !begins(type, "application/json"))
		kw_lint_add(ret, KW_LINT_WARNING, "content-type", "release_policy.contentType",
			    "'%.60s', expected 'application/json; charset=utf-8'", type);
	if (kw_json_bool(kw_json_get(property, "immutable"), &immutable) && immutable)
		kw_lint_add(ret, KW_LINT_NOTE, "immutable", "release_policy.immutable",
			    "this policy can never be changed");
}

void kw_lint_key(const struct kw_policy_document *document, struct kw_lint *ret)
{
	const char *kty = kw_json_string(kw_json_get(document->key, "kty"));

	if (kty) {
		lint_type(kty, ret);
		lint_attributes(document, ret);
		lint_operations(document->key, kty, ret);
	}
	lint_encoding(document->encoding, ret);
	if (document->property)
		lint_property(document->property, ret);
}
