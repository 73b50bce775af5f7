/* SPDX-License-Identifier: Apache-2.0 */
/* The extensions of a VCEK or VLEK. */
#include "collateral/collateral.h"

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kw_amd_leaf leaf;
	struct kw_error err = { 0 };

	if (!accepted(kw_amd_leaf_parse(fuzz_input(data, size), &leaf, &err), &err))
		return 0;
	MUST(!(leaf.has_hwid && leaf.has_csp_id));
	MUST(leaf.hwid_size <= sizeof(leaf.hwid));
	return 0;
}
