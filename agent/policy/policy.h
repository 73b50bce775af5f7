/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Release policies of Key Vault (spec: key release 5 and 6): their grammar, and a local evaluation
 * that explains what the vault would say. The vault decides; nothing is ever released because of
 * what is found here. Pure functions; a policy and a result belong to their caller, and the result
 * borrows from the policy. Texts of policies and claims are remote: clean them before printing.
 */
#pragma once

#include "util/bytes.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/json.h"

enum { KW_POLICY_SIZE_MAX = 64 * 1024 };

/* Unknown: there is something that we cannot judge as the vault does. It is never a permission. */
enum kw_policy_verdict { KW_POLICY_FALSE, KW_POLICY_TRUE, KW_POLICY_UNKNOWN };

enum kw_policy_kind { KW_POLICY_ANY_OF, KW_POLICY_ALL_OF, KW_POLICY_TEST };

/* The root is an anyOf of authorities; an authority is a selector with a URL. */
struct kw_policy_node {
	enum kw_policy_kind kind;
	char *authority; /* https URL; NULL elsewhere */
	/* Of a test. */
	char *claim;			 /* the dotted path */
	char *operator_name;		 /* "equals", or whatever stands in its place */
	char *expected;			 /* as text (5.4); NULL: its value has none */
	enum kw_json_type expected_type; /* as it was written, for hints */
	/* A member or an operator that is not of the grammar in effect, or a number without exact
	 * text: whatever the claims are, this node's verdict is unknown. */
	bool foreign;
	bool lower_case;		     /* a selector that was written `anyof` or `allof` */
	struct kw_policy_node *first, *next; /* of a selector: what it selects from */
};

struct kw_policy {
	char version[32];
	bool version_known; /* one of those that are in use */
	struct kw_policy_node *root;
};

/*
 * Strict JSON and the grammar of 5.2, or REL_GRAMMAR with the place in the policy. `anyof` and
 * `allof` are read like `anyOf` and `allOf` below the authorities' list. Depth is limited by
 * KW_JSON_DEPTH: five selectors inside each other below an authority's own.
 */
int kw_policy_parse(struct kw_bytes text, struct kw_policy **ret, struct kw_error *err) KW_MUST_USE;
void kw_policy_free(struct kw_policy *policy);
KW_DEFINE_FREEP(struct kw_policy, kw_policy_free);

/* What stands at a test's path, or at an authority's `iss`. */
enum kw_policy_found {
	KW_FOUND_NOTHING, /* not looked for: a selector */
	KW_FOUND_VALUE,	  /* `actual` is its text */
	KW_FOUND_MISSING, /* `actual` is the segment that is not there */
	KW_FOUND_OBJECT,
	KW_FOUND_ARRAY,
	KW_FOUND_INEXACT, /* a number without exact text */
	KW_FOUND_HIDDEN,  /* a value of the client payload, which nobody prints */
};

/* The same tree as the policy's, with what was found. */
struct kw_policy_result {
	const struct kw_policy_node *node; /* borrowed */
	enum kw_policy_verdict verdict;
	enum kw_policy_found found;
	enum kw_json_type actual_type;
	char *actual;		/* or NULL */
	bool authority_matches; /* of an authority: `iss` is it, whatever its conditions are */
	unsigned hints;		/* of a test: policy/hints.h */
	struct kw_policy_result *first, *next;
};

/* `claims` is the payload of a token. Every condition is evaluated, also where the verdict is
 * settled. The verdict of the whole is the root's. Owned; borrows from `policy`. */
struct kw_policy_result *kw_policy_evaluate(const struct kw_policy *policy,
					    const struct kw_json *claims);
void kw_policy_result_free(struct kw_policy_result *result);
KW_DEFINE_FREEP(struct kw_policy_result, kw_policy_result_free);
