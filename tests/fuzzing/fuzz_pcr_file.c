/* SPDX-License-Identifier: Apache-2.0 */
/* PCR values beside a quote. */
#include "evidence/pcr_file.h"
#include "util/json.h"

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kw_pcr_values banks[KW_TPM_BANKS_MAX];
	size_t n = 0;
	struct kw_error err = { 0 };

	if (!accepted(kw_pcr_file_parse(fuzz_input(data, size), banks, &n, &err), &err))
		return 0;
	KW_CLEANUP(kw_json_freep) struct kw_json *printed = kw_pcr_file_json(banks, n);

	MUST(n <= KW_TPM_BANKS_MAX && printed != NULL);
	return 0;
}
