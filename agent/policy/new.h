/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy that fits a machine: the smallest that still says what kind of machine it is, that it is
 * in good standing and cannot be debugged. Pure.
 */
#pragma once

#include "util/json.h"

struct kw_policy_wish {
	const char *authorities; /* https URLs with commas between; NULL: the token's issuer */
	bool measurement, host_data;
};
/* From the claims of a token of either kind (a VM's or a container's). A container's policy always
 * has its host data: without that any container passes. TOK_TYPE: it is no SEV-SNP guest's;
 * TOK_DEBUG: its machine can be debugged; TOK_FORM: a claim that is wanted is not there;
 * REL_GRAMMAR: an authority is no https URL. */
int kw_policy_new(const struct kw_json *claims, const struct kw_policy_wish *wish,
		  struct kw_json **ret, struct kw_error *err) KW_MUST_USE;
