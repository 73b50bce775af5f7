/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of `keyward policy`, one file each, and what they share. */
#pragma once

#include "cmd/command.h"
#include "policy/document.h"

extern const struct kw_command kw_policy_lint_verb, kw_policy_new_verb, kw_policy_test_verb;

/* A policy in whatever people have it in; REL_NO_POLICY if the document has none. */
int kw_policy_file_read(const char *path, struct kw_policy **ret, struct kw_error *err) KW_MUST_USE;
/* The claims of a token file, or a file of claims; nothing is verified. */
int kw_claims_file_read(const char *path, struct kw_json **ret, struct kw_error *err) KW_MUST_USE;
