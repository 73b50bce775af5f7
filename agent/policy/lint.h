/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong, or likely to be wrong, with a release policy and the key that carries it, before a
 * vault or a machine is asked. An error is what a vault refuses or what never becomes true; a
 * warning what usually is not meant; a note what is worth knowing. Pure; the findings belong to the
 * caller.
 */
#pragma once

#include "policy/document.h"

enum kw_lint_level { KW_LINT_NOTE, KW_LINT_WARNING, KW_LINT_ERROR };
enum { KW_LINT_MAX = 64 };

struct kw_lint_finding {
	enum kw_lint_level level;
	const char *rule; /* static: "flat-claim" */
	char place[96];	  /* "anyOf[0].allOf[1]", "key", "" */
	char text[200];
};
struct kw_lint {
	struct kw_lint_finding rows[KW_LINT_MAX];
	size_t n_rows;
};

/* Everything below; what breaks the grammar is one error. */
void kw_policy_lint_document(const struct kw_policy_document *document, struct kw_lint *ret);
size_t kw_lint_count(const struct kw_lint *lint, enum kw_lint_level level);
const char *kw_lint_level_text(enum kw_lint_level level);

/* For the files of this room alone: one finding; further ones than fit are dropped, but an error
 * takes the place of the last. */
void kw_lint_add(struct kw_lint *lint, enum kw_lint_level level, const char *rule,
		 const char *place, const char *fmt, ...) KW_PRINTF(5, 6);
void kw_lint_policy(const struct kw_policy *policy, struct kw_lint *ret);
void kw_lint_claim(const struct kw_policy_node *test, const char *place, struct kw_lint *ret);
void kw_lint_key(const struct kw_policy_document *document, struct kw_lint *ret);
