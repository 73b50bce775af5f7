/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people have a release policy in: the bare JSON, base64 of it, the property `release_policy`,
 * a key as the vault takes and gives it, an ARM resource or template with one. Pure.
 */
#pragma once

#include "policy/policy.h"

/* How the policy stood in `data` (key release 5.1). */
enum kw_policy_encoding {
	KW_POLICY_PLAIN,     /* in no `data` */
	KW_POLICY_BASE64URL, /* as the service gives it */
	KW_POLICY_BASE64,    /* the standard alphabet or padding, which it accepts */
	KW_POLICY_TWICE,     /* base64 of base64 */
	KW_POLICY_OBJECT,    /* JSON where its base64 belongs */
};

struct kw_policy_document {
	struct kw_json *json; /* NULL: no JSON by itself */
	/* Borrowed from `json`, or NULL: the object that has kty; the one that has data. */
	const struct kw_json *key, *property;
	enum kw_policy_encoding encoding;
	struct kw_blob policy; /* its text; no data: there is none */
};

/* REL_GRAMMAR: it is none of these, or its `data` cannot be decoded. A key without policy is one.
 */
int kw_policy_document_read(struct kw_bytes text, struct kw_policy_document *ret,
			    struct kw_error *err) KW_MUST_USE;
void kw_policy_document_clear(struct kw_policy_document *document);
