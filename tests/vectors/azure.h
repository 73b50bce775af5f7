/* SPDX-License-Identifier: Apache-2.0 */
/* What the handlers of tokens, release answers and policies share. */
#pragma once

#include "util/error.h"
#include "vectors/item.h"

/* A compact JWS, taken apart without the rules that keyward has for tokens: RFC samples sign other
 * things than JSON. */
struct vec_jws_parts {
	struct kw_json *header;
	struct kw_json *payload; /* NULL: not JSON */
	struct kw_blob payload_bytes, signature;
	struct kw_bytes signing_input; /* borrowed from the text */
};
void vec_jws_parts_clear(struct vec_jws_parts *parts);

/* The name of the set for an error's row; the row's id if it has none. */
const char *vec_reason_of(const struct kw_error *err);
/* A member of `verify_with`; NULL if it is absent. */
const struct kw_json *vec_verify_with(const struct vec_item *item, const char *name);
/* What a dotted path leads to; "" is `from` itself. NULL: not there. */
const struct kw_json *vec_at_path(const struct kw_json *from, const char *path);
/* Fact policy_satisfied, if there is a role `policy`. Returns the reason against the claims. */
const char *vec_policy_facts(struct vec_item *item, const struct kw_json *claims);

/* azure_token.c: everything of a token behind its header, payload and signature facts. */
void vec_token(struct vec_item *item, struct kw_bytes text, const struct vec_jws_parts *parts);
/* azure_release.c: the same of a release answer; `body` is the whole file. */
void vec_release_answer(struct vec_item *item, struct kw_bytes body,
			const struct vec_jws_parts *parts);
