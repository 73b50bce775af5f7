/* SPDX-License-Identifier: Apache-2.0 */
/* NV index 0x01400001: whatever another owner of the machine has written there. */
#include "evidence/hcl_report.h"

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KW_CLEANUP(kw_hcl_report_clear) struct kw_hcl_report report = { 0 };
	static const struct kw_snp_rules rules = { .vmpl = 0 };
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	if (!accepted(kw_hcl_report_parse(fuzz_input(data, size), &report, &err), &err))
		return 0;
	MUST(report.ak != NULL && report.claims != NULL);
	kw_hcl_report_judge(&report, &checks);
	kw_snp_report_judge(&report.snp, &rules, &checks);
	MUST(checks.n_rows > 0);
	return 0;
}
