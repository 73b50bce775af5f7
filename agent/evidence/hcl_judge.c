/* SPDX-License-Identifier: Apache-2.0 */
/* What an HCL report and the SNP report inside say of themselves; no collateral needed. */
#include "evidence/hcl_report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 64 };

/* guest attestation 2.4: the hash of the claims exactly as stored, then zeros. */
void kw_hcl_report_judge(const struct kw_hcl_report *report, struct kw_checks *checks)
{
	uint8_t expected[KW_SNP_REPORT_DATA_SIZE] = { 0 };

	kw_digest(report->hash, report->layout.claims, expected);
	kw_checks_same_bytes(checks, "runtime claims hash", KW_E_SNP_REPORT_DATA, expected,
			     report->snp.report_data, sizeof(expected));
}

static void judge_vmpl(const struct kw_snp_report *report, int64_t expected,
		       struct kw_checks *checks)
{
	char wanted[TEXT_SIZE] = "any", found[TEXT_SIZE];

	if (expected >= 0)
		snprintf(wanted, sizeof(wanted), "%" PRId64, expected);
	snprintf(found, sizeof(found), "%u", report->vmpl);
	kw_checks_judge(checks, "vmpl", KW_E_SNP_VMPL, expected < 0 || report->vmpl == expected,
			wanted, found);
}

void kw_snp_report_judge(const struct kw_snp_report *report, const struct kw_snp_rules *rules,
			 struct kw_checks *checks)
{
	judge_vmpl(report, rules->vmpl, checks);
	kw_checks_judge(checks, "debug policy", KW_E_SNP_DEBUG,
			!report->policy_debug || rules->allow_debug,
			rules->allow_debug ? "any" : "debugging forbidden",
			report->policy_debug ? "debugging allowed" : "debugging forbidden");
	kw_checks_judge(checks, "migration policy", KW_E_SNP_MIGRATION,
			!report->policy_migration_agent || rules->allow_migration,
			rules->allow_migration ? "any" : "no migration agent",
			report->policy_migration_agent ? "migration agent allowed"
						       : "no migration agent");
	kw_checks_judge(checks, "policy form", KW_E_SNP_POLICY_FORM, report->policy_reserved_one,
			"bit 17 set", report->policy_reserved_one ? "bit 17 set" : "bit 17 clear");
	kw_checks_judge(checks, "reserved fields", KW_E_SNP_POLICY_FORM, report->reserved_is_zero,
			"zero", report->reserved_is_zero ? "zero" : "not all zero");
	/* No signature covers these bytes: what they hold is noted and proves nothing. */
	if (!report->unsigned_tail_is_zero)
		kw_checks_judge(checks, "bytes behind the signature", KW_E_SNP_SIGNATURE_FORM, true,
				"any, they are not signed", "not all zero");
}
