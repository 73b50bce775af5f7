/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a key is released to this machine, or not: its policy replayed against the token that this
 * machine gets, claim by claim, beside what the vault itself says. The vault decides; nothing is
 * ever released because of what is found here. A worker or a command may call; an explanation
 * belongs to its caller.
 */
#pragma once

#include "policy/policy.h"
#include "service/service.h"

/* What the vault said, for the comparison. */
enum kw_vault_word { KW_VAULT_NOT_ASKED, KW_VAULT_RELEASED, KW_VAULT_REFUSED };

struct kw_explain_options {
	struct kw_bytes policy;	   /* a document with it; no data: the vault's own, by `get` */
	const char *policy_source; /* what to call `policy` */
	bool ask_vault;		   /* try a release; the key is wiped at once */
	/* Else what is known of the last attempt. */
	enum kw_vault_word word;
	const struct kw_error *refusal;
};

struct kw_explanation {
	char *key, *url, *endpoint, *policy_source;
	struct kw_policy *policy;
	struct kw_json *claims; /* of the token */
	struct kw_policy_result *result;
	unsigned token_hints;
	struct kw_checks checks; /* what the key's own attributes say of a release */
	enum kw_vault_word word;
	struct kw_error refusal;
};
void kw_explanation_clear(struct kw_explanation *explanation);

/* Attestation or reading the policy may fail; what the vault says of a release does not fail
 * here. */
int kw_service_explain(struct kw_service *service, const struct kw_config_key *rule,
		       const struct kw_explain_options *options, struct kw_explanation *ret,
		       struct kw_error *err) KW_MUST_USE;

/* The vault contradicts the local verdict; false where it was not asked. */
bool kw_explanation_disagrees(const struct kw_explanation *explanation);
/* What can cause that, ended by NULL; borrowed. */
const char *const *kw_explanation_causes(const struct kw_explanation *explanation);
/* The vault's refusal; else a check of the key; else the local verdict: REL_POLICY, or
 * SYS_INCOMPLETE if it is unknown. */
int kw_explanation_result(const struct kw_explanation *explanation,
			  struct kw_error *err) KW_MUST_USE;
/* Everything. Redacted: no word of remote text, and nothing that identifies a machine. */
struct kw_json *kw_explanation_json(const struct kw_explanation *explanation, bool redact);
