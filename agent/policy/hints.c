/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/hints.h"

#include "policy/scalar.h"
#include "util/text.h"

#include <string.h>
#include <strings.h>

#define TEE "x-ms-isolation-tee."

static bool differs_by_slash(const char *a, const char *b)
{
	size_t len_a = strlen(a), len_b = strlen(b);
	size_t shorter = len_a < len_b ? len_a : len_b;

	return (len_a == len_b + 1 || len_b == len_a + 1) && memcmp(a, b, shorter) == 0
	       && (len_a > len_b ? a : b)[shorter] == '/';
}

/* What the test wants is there under this path: whatever it is where nothing was found, else the
 * value itself. */
static bool is_met_by(const struct kw_policy_result *test, const struct kw_json *claims,
		      const char *path)
{
	const struct kw_json *value = kw_policy_claim(claims, path, NULL);
	KW_CLEANUP(freep) char *text = kw_policy_scalar_text(value);

	if (test->found == KW_FOUND_MISSING)
		return value != NULL;
	return text && strcmp(text, test->node->expected) == 0;
}

static unsigned prefix_hints(const struct kw_policy_result *test, const struct kw_json *claims)
{
	const char *path = test->node->claim;
	KW_CLEANUP(freep) char *nested = kw_format(TEE "%s", path);

	if (strncmp(path, TEE, strlen(TEE)) == 0)
		return is_met_by(test, claims, path + strlen(TEE)) ? KW_HINT_PREFIX_EXTRA : 0;
	return is_met_by(test, claims, nested) ? KW_HINT_PREFIX_MISSING : 0;
}

static unsigned value_hints(const char *expected, const char *actual)
{
	if (strcasecmp(expected, actual) == 0)
		return KW_HINT_CASE;
	return differs_by_slash(expected, actual) ? KW_HINT_SLASH : 0;
}

/* Here they are equal, because text is compared; the vault may be stricter (5.4). */
static bool differs_by_type(const struct kw_policy_result *test)
{
	enum kw_json_type expected = test->node->expected_type;

	return (expected == KW_JSON_NUMBER || expected == KW_JSON_BOOL)
	       && test->actual_type != expected;
}

unsigned kw_policy_test_hints(const struct kw_policy_result *test, const struct kw_json *claims)
{
	const struct kw_policy_node *node = test->node;
	unsigned hints = 0;

	if (test->verdict == KW_POLICY_TRUE)
		return differs_by_type(test) ? KW_HINT_TYPE : 0;
	if (node->foreign || test->found == KW_FOUND_HIDDEN)
		return 0;
	hints = prefix_hints(test, claims);
	if (test->found == KW_FOUND_VALUE)
		hints |= value_hints(node->expected, test->actual);
	return hints;
}

/* Of a token. */

static bool is_text(const struct kw_json *value, const char *word)
{
	const char *text = kw_json_string(value);

	return text && strcmp(text, word) == 0;
}

/* `value` is the word, or a list with it. */
static bool holds(const struct kw_json *value, const char *word)
{
	const struct kw_json *at =
		kw_json_type(value) == KW_JSON_ARRAY ? kw_json_first(value) : NULL;

	while (at && !is_text(at, word))
		at = kw_json_next(at);
	return at || is_text(value, word);
}

/* 5.5, point 5 */
static bool is_wrapping_key(const struct kw_json *jwk)
{
	return is_text(kw_json_get(jwk, "kty"), "RSA") && kw_json_string(kw_json_get(jwk, "kid"))
	       && (holds(kw_json_get(jwk, "use"), "enc")
		   || holds(kw_json_get(jwk, "key_use"), "enc")
		   || holds(kw_json_get(jwk, "key_ops"), "encrypt"));
}

static bool has_wrapping_key(const struct kw_json *claims)
{
	const struct kw_json *keys = kw_policy_claim(claims, "x-ms-runtime.keys", NULL);
	const struct kw_json *at = kw_json_type(keys) == KW_JSON_ARRAY ? kw_json_first(keys) : NULL;

	while (at && !is_wrapping_key(at))
		at = kw_json_next(at);
	return at != NULL;
}

unsigned kw_policy_token_hints(const struct kw_policy_result *result, const struct kw_json *claims,
			       int64_t now_s)
{
	const struct kw_policy_result *authority = result->first;
	unsigned hints = 0;
	int64_t exp_s = 0;

	while (authority && !authority->authority_matches)
		authority = authority->next;
	if (!authority)
		hints |= KW_HINT_ISSUER;
	if (!kw_json_int(kw_json_get(claims, "exp"), &exp_s) || exp_s <= now_s)
		hints |= KW_HINT_EXPIRED;
	if (!has_wrapping_key(claims))
		hints |= KW_HINT_NO_KEY;
	return hints;
}

const char *kw_policy_hint_text(enum kw_policy_hint hint)
{
	switch (hint) {
	case KW_HINT_CASE:
		return "differs only in case";
	case KW_HINT_SLASH:
		return "differs only by the slash at the end";
	case KW_HINT_PREFIX_MISSING:
		return "the token has this claim below x-ms-isolation-tee: put that before it";
	case KW_HINT_PREFIX_EXTRA:
		return "the token has this claim without x-ms-isolation-tee: leave that out";
	case KW_HINT_TYPE:
		return "the same text, but of another JSON type: write it as the token does";
	case KW_HINT_ISSUER:
		return "no authority of the policy is the token's issuer";
	case KW_HINT_EXPIRED:
		return "the token has expired, or has no expiry";
	case KW_HINT_NO_KEY:
		return "the token has no key to wrap for in x-ms-runtime.keys";
	}
	return "";
}
