/* SPDX-License-Identifier: Apache-2.0 */
/* Chains and anchors, PEM or DER. The first byte says which. */
#include "collateral/collateral.h"

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	KW_CLEANUP(kw_amd_roots_freep) struct kw_amd_roots *roots = NULL;
	struct kw_bytes none = { 0 }, rest;
	struct kw_error err = { 0 };

	if (size == 0)
		return 0;
	rest = fuzz_input(data + 1, size - 1);
	if (data[0] & 1)
		(void)accepted(kw_amd_roots_parse(rest, &roots, &err), &err);
	else
		(void)accepted(
			kw_collateral_from_certificates(none, rest, "fuzz", &collateral, &err),
			&err);
	return 0;
}
