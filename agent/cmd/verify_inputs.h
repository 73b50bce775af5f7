/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward verify`: what its verbs are given, and one judge for each kind of file. Inputs belong to
 * the caller. For cmd/verify*.c alone. */
#pragma once

#include "service/verify.h"

enum kw_verify_format { KW_VERIFY_TEXT, KW_VERIFY_JSON }; /* the words of --format */

struct kw_verify_args {
	enum kw_verify_format format;
	const char *file, *signature, *time, *skew, *vmpl, *nonce, *payload, *issuer, *vault, *kek;
	const char *roots, *vcek, *chain, *collateral, *report, *runtime, *policy;
	const char *ak, *hcl, *pcrs, *event_log, *jwks;
	const char *crl;
	bool allow_debug, events;
};

struct kw_verify_inputs {
	struct kw_blob file, signature;
	struct kw_blob roots, vcek, chain, collateral, report, runtime, policy;
	struct kw_blob ak, hcl, pcrs, event_log, jwks, crl;
	struct kw_blob nonce; /* decoded */
	int64_t now_s, skew_s, vmpl;
};

/* Files and values; SYS_FILE, CFG_USAGE. To be cleared either way. */
int kw_verify_inputs_read(const struct kw_verify_args *args, struct kw_verify_inputs *ret,
			  struct kw_error *err) KW_MUST_USE;
void kw_verify_inputs_clear(struct kw_verify_inputs *inputs);

/* One kind of file; -1 for what is wrong with the arguments, else the verdict is in `ret`. */
typedef int kw_judge_fn(const struct kw_verify_args *args, const struct kw_verify_inputs *in,
			struct kw_verification *ret, struct kw_error *err);

kw_judge_fn kw_judge_hcl_report, kw_judge_snp_report, kw_judge_collateral, kw_judge_quote,
	kw_judge_event_log, kw_judge_token, kw_judge_release_answer;
