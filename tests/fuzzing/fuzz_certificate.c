/* SPDX-License-Identifier: Apache-2.0 */
/* x5c members and the padded certificate of the attestation key. */
#include "jose/certificate.h"

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KW_CLEANUP(kw_certificate_clear) struct kw_certificate certificate = { 0 };
	struct kw_error err = { 0 };

	if (!accepted(kw_certificate_parse(fuzz_input(data, size), true, KW_E_REL_JWS_FORM,
					   &certificate, &err),
		      &err))
		return 0;
	MUST(certificate.der_size <= size);
	return 0;
}
