/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope of AzureGuest. */
#include "azure/maa.h"

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KW_CLEANUP(kw_sealed_token_clear) struct kw_sealed_token sealed = { 0 };
	struct kw_error err = { 0 };

	(void)accepted(kw_sealed_token_parse(fuzz_input(data, size), &sealed, &err), &err);
	return 0;
}
