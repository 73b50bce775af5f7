/* SPDX-License-Identifier: Apache-2.0 */
/* The report of a device or a file. */
#include "evidence/hcl_report.h"

#include "fuzzing/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct kw_snp_rules rules = { .vmpl = -1, .allow_debug = true };
	struct kw_snp_report report;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	if (!accepted(kw_snp_report_parse(fuzz_input(data, size), &report, &err), &err))
		return 0;
	MUST(size == KW_SNP_REPORT_SIZE && report.version >= 2);
	MUST(report.signed_part.len == KW_SNP_SIGNED_SIZE);
	kw_snp_report_judge(&report, &rules, &checks);
	return 0;
}
