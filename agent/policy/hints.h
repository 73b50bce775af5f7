/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What usually stands behind a refusal (key release 6, point 5): each hint is given only where it
 * holds. Hints are bits, so that several can be given for one test. Pure.
 */
#pragma once

#include "policy/policy.h"

enum kw_policy_hint {
	/* Of a test. */
	KW_HINT_CASE = 1 << 0,		 /* the same but for case */
	KW_HINT_SLASH = 1 << 1,		 /* the same but for one slash at the end */
	KW_HINT_PREFIX_MISSING = 1 << 2, /* the claim is below x-ms-isolation-tee */
	KW_HINT_PREFIX_EXTRA = 1 << 3,	 /* the claim is there without x-ms-isolation-tee */
	KW_HINT_TYPE = 1 << 4,		 /* the same text, but of another JSON type */
	/* Of a token as a whole. */
	KW_HINT_ISSUER = 1 << 5,  /* no authority of the policy issued it */
	KW_HINT_EXPIRED = 1 << 6, /* or without an expiry */
	KW_HINT_NO_KEY = 1 << 7,  /* the vault would find no key to wrap for */
};
enum { KW_POLICY_HINTS = 8 };

/* Of a test whose verdict is set. */
unsigned kw_policy_test_hints(const struct kw_policy_result *test, const struct kw_json *claims);
/* `result` is a whole evaluation. */
unsigned kw_policy_token_hints(const struct kw_policy_result *result, const struct kw_json *claims,
			       int64_t now_s);
/* Of one bit. */
const char *kw_policy_hint_text(enum kw_policy_hint hint);
