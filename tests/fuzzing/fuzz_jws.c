/* SPDX-License-Identifier: Apache-2.0 */
/* Compact JWS: tokens and release answers before anything is verified. */
#include "jose/jws.h"

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KW_CLEANUP(kw_jws_clear) struct kw_jws jws = { 0 };
	struct kw_error err = { 0 };

	if (!accepted(kw_jws_parse(fuzz_input(data, size), KW_E_TOK_FORM, &jws, &err), &err))
		return 0;
	MUST(jws.alg != NULL && jws.header != NULL && jws.payload != NULL);
	MUST(jws.signing_input.len < size);
	return 0;
}
