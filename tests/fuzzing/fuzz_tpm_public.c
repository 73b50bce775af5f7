/* SPDX-License-Identifier: Apache-2.0 */
/* TPM2B_PUBLIC of an attestation or wrapping key. */
#include "evidence/tpm_structures.h"
#include "jose/public_key.h"

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = NULL;
	struct kw_tpm_public public;
	uint8_t name[34];
	struct kw_error err = { 0 };

	if (!accepted(kw_tpm_public_parse(fuzz_input(data, size), &public, &err), &err))
		return 0;
	kw_tpm_public_name(&public, name);
	(void)accepted(kw_tpm_public_key(&public, &key, &err), &err);
	return 0;
}
