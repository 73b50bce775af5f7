/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/document.h"

#include "util/base64.h"
#include "util/text.h"

#include <string.h>

enum { DOCUMENT_SIZE_MAX = 1 << 20 };

static bool is_object(const struct kw_json *value)
{
	return kw_json_type(value) == KW_JSON_OBJECT;
}

static const struct kw_json *release_policy_of(const struct kw_json *object)
{
	const struct kw_json *found = kw_json_get(object, "release_policy");

	return found ? found : kw_json_get(object, "releasePolicy");
}

/* The key's own members: at the top of a create call, below `key` in what a vault answers, below
 * `properties` in an ARM resource. */
static const struct kw_json *key_of(const struct kw_json *object)
{
	static const char *const below[] = { "key", "properties" };

	if (kw_json_string(kw_json_get(object, "kty")))
		return object;
	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++)
		if (kw_json_string(kw_json_get(kw_json_get(object, below[i]), "kty")))
			return kw_json_get(object, below[i]);
	return NULL;
}

/* The first resource of a template that is a key. */
static const struct kw_json *resource_of(const struct kw_json *template)
{
	const struct kw_json *list = kw_json_get(template, "resources");
	const struct kw_json *at = list ? kw_json_first(list) : NULL;

	while (at && !(is_object(at) && key_of(at)))
		at = kw_json_next(at);
	return at;
}

/* Base64 of either alphabet; blanks at the ends do not count. */
static bool decode(struct kw_bytes text, struct kw_blob *ret)
{
	while (text.len > 0 && text.data[text.len - 1] <= ' ')
		text.len--;
	return kw_base64_decode(KW_BASE64_EITHER, text, ret) && ret->len > 0;
}

static bool begins_object(const struct kw_blob *text)
{
	size_t at = 0;

	while (at < text->len && strchr(" \t\r\n", text->data[at]))
		at++;
	return at < text->len && text->data[at] == '{';
}

static enum kw_policy_encoding encoding_of(const char *data)
{
	return strpbrk(data, "+/=") ? KW_POLICY_BASE64 : KW_POLICY_BASE64URL;
}

/* From base64 to the policy, also where somebody encoded it a second time. */
static bool take_encoded(struct kw_bytes text, struct kw_policy_document *to)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob once = { 0 };

	if (!decode(text, &once))
		return false;
	if (!begins_object(&once) && decode(kw_blob_bytes(&once), &to->policy)) {
		to->encoding = KW_POLICY_TWICE;
		return begins_object(&to->policy);
	}
	to->policy = kw_blob_steal(&once);
	return begins_object(&to->policy);
}

static void take_object(const struct kw_json *object, struct kw_policy_document *to)
{
	char *text = kw_json_print(object);

	to->policy = (struct kw_blob){ (uint8_t *)text, strlen(text) };
}

static int take_property(const struct kw_json *property, struct kw_policy_document *to,
			 struct kw_error *err)
{
	const struct kw_json *data = kw_json_get(property, "data");
	const char *text = kw_json_string(data);

	to->property = property;
	if (is_object(data)) {
		to->encoding = KW_POLICY_OBJECT;
		take_object(data, to);
		return 0;
	}
	if (!text)
		return kw_fail(err, KW_E_REL_GRAMMAR, "the release policy has no 'data'");
	if (text[0] == '[')
		return kw_fail(err, KW_E_REL_GRAMMAR,
			       "'data' is an expression of the template; give the policy itself");
	to->encoding = encoding_of(text);
	if (!take_encoded(kw_bytes_text(text), to))
		return kw_fail(err, KW_E_REL_GRAMMAR,
			       "'data' is not base64url of a policy, %zu characters", strlen(text));
	return 0;
}

static int take_json(struct kw_policy_document *to, struct kw_error *err)
{
	const struct kw_json *top = resource_of(to->json) ? resource_of(to->json) : to->json;
	const struct kw_json *property = release_policy_of(top);

	to->key = key_of(top);
	if (!property)
		property = release_policy_of(to->key);
	if (!property && kw_json_get(top, "data") && !kw_json_get(top, "anyOf"))
		property = top;
	if (property)
		return take_property(property, to, err);
	if (!to->key)
		take_object(top, to); /* a policy, or what its grammar will refuse */
	return 0;
}

int kw_policy_document_read(struct kw_bytes text, struct kw_policy_document *ret,
			    struct kw_error *err)
{
	KW_CLEANUP(kw_policy_document_clear) struct kw_policy_document document = { 0 };

	if (text.len > DOCUMENT_SIZE_MAX)
		return kw_fail(err, KW_E_REL_GRAMMAR, "%zu bytes, allowed %d", text.len,
			       DOCUMENT_SIZE_MAX);
	if (!take_encoded(text, &document)) {
		kw_policy_document_clear(&document);
		if (kw_json_parse(text, KW_JSON_STRICT, KW_E_REL_GRAMMAR, &document.json, err) < 0
		    || take_json(&document, err) < 0)
			return -1;
	}
	*ret = document;
	document = (struct kw_policy_document){ 0 };
	return 0;
}

void kw_policy_document_clear(struct kw_policy_document *document)
{
	kw_json_free(document->json);
	kw_blob_clear(&document->policy);
	*document = (struct kw_policy_document){ 0 };
}
