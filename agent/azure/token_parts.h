/* SPDX-License-Identifier: Apache-2.0 */
/* Between token.c, which judges header, signature and times of a token, and token_claims.c, which
 * judges what it says. For these two alone. */
#pragma once

#include "azure/maa.h"

#define KW_TOKEN_RUNTIME "x-ms-runtime"

struct kw_token_judging {
	const struct kw_jws *jws;
	const struct kw_token_rules *rules;
	struct kw_checks *checks;
	const struct kw_json *tee;     /* the claims about the SNP guest */
	const struct kw_json *runtime; /* of the client: payload and wrapping key */
};

/* Remote text for a row; "(none)" for NULL. */
const char *kw_token_clean(const char *text, char *ret, size_t size);
void kw_token_judge_text(struct kw_checks *checks, const char *check, enum kw_error_name error,
			 const char *expected, const char *found);
void kw_token_judge_claims(const struct kw_token_judging *j);
