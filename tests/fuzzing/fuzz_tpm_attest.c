/* SPDX-License-Identifier: Apache-2.0 */
/* TPMS_ATTEST of a quote or a certify. */
#include "evidence/tpm_structures.h"

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kw_tpm_attest attest;
	struct kw_tpm_signature signature;
	struct kw_error err = { 0 };

	kw_tpm_signature_read(fuzz_input(data, size), &signature);
	if (!accepted(kw_tpm_attest_parse(fuzz_input(data, size), &attest, &err), &err))
		return 0;
	MUST(attest.n_selection <= KW_TPM_BANKS_MAX && attest.trailing == 0);
	return 0;
}
