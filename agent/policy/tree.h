/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An evaluation for people and programs. Claim values are remote text: everything here is cleaned.
 * Redacted, what identifies a machine, a tenant or a subscription (GUIDs, long hex and base64) is
 * replaced by its kind and length. Pure.
 */
#pragma once

#include "policy/policy.h"

/* {"verdict", "authorities": [{"authority", "issuer", "matches", "verdict", "allOf": [...]}],
 * "hints"}; a test is {"claim", "operator", "expected", "found", "state", "verdict", "hints"}.
 * `token_hints` as kw_policy_token_hints() gives them. */
struct kw_json *kw_policy_tree_json(const struct kw_policy_result *result, unsigned token_hints,
				    bool redact);
/* "allowed", "denied", "unknown": of a whole policy. */
const char *kw_policy_verdict_text(enum kw_policy_verdict verdict);
/* "true", "false", "unknown": of a part. */
const char *kw_policy_truth_text(enum kw_policy_verdict verdict);
/* What was found for a test or an authority, in words; owned. */
char *kw_policy_found_text(const struct kw_policy_result *result, bool redact);
/* An owned copy, cleaned, without what identifies somebody. */
char *kw_policy_redacted(const char *text);
