/* SPDX-License-Identifier: Apache-2.0 */
/* What IMDS and Entra answer. */
#include "azure/identity_sources.h"
#include "azure/token_cache.h"

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret body = { 0 };
	struct kw_fetched_token token = { 0 };
	struct kw_http_answer answer = { .status = 200 };
	struct kw_error err = { 0 };

	if (kw_secret_take(fuzz_input(data, size), &body, &err) < 0)
		return 0;
	kw_secret_move(&answer.secret, &body);
	(void)accepted(kw_token_answer_read(&answer, 1700000000, &token, &err), &err);
	kw_secret_clear(&answer.secret);
	kw_secret_clear(&token.token);
	return 0;
}
