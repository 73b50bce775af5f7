/* SPDX-License-Identifier: Apache-2.0 */
/* Inside this room: claims by their path, and scalars as the text by which they are compared (key
 * release 5.3, 5.4). */
#pragma once

#include "util/json.h"

static inline bool kw_policy_is_scalar(const struct kw_json *value)
{
	enum kw_json_type type = kw_json_type(value);

	return type == KW_JSON_STRING || type == KW_JSON_NUMBER || type == KW_JSON_BOOL;
}

/* A string as it is, true and false, a whole number in decimal; owned. NULL: no scalar, or a number
 * that is not whole or beyond 2^53, whose digits nobody can tell any more. */
char *kw_policy_scalar_text(const struct kw_json *value);

/* 5.3: dots lead through objects; arrays have no names. NULL: `ret_missing` (may be NULL) is the
 * segment that is not there, owned. */
const struct kw_json *kw_policy_claim(const struct kw_json *claims, const char *path,
				      char **ret_missing);
