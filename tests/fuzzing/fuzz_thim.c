/* SPDX-License-Identifier: Apache-2.0 */
/* The collateral answer of THIM, a file or the security context; judged by AMD's roots. */
#include "collateral/collateral.h"

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	static struct kw_amd_roots *roots;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	if (roots == NULL)
		MUST(kw_amd_roots_load("builtin", &roots, &err) == 0);
	if (!accepted(kw_collateral_parse_thim(fuzz_input(data, size), "fuzz", &collateral, &err),
		      &err))
		return 0;
	kw_collateral_judge(collateral, roots, 1700000000, &checks);
	MUST(checks.n_rows > 0);
	return 0;
}
