/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/hcl_nv.h"

#include "evidence/tpm_nv.h"
#include "evidence/tpm_wire.h"

#include <string.h>

/* The platform renews a report at most every 2 s, and gives the old one without a word before. */
enum { RENEWAL_MS = 2100, RENEWAL_TRIES = 5 };

int kw_hcl_read(struct kw_tpm *tpm, struct kw_blob *ret_hcl, struct kw_hcl_report *ret_report,
		struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob hcl = { 0 };
	bool present;

	if (kw_tpm_nv_read(tpm, KW_NV_HCL_REPORT, KW_HCL_SIZE_MAX, &present, &hcl, err) < 0)
		return -1;
	if (!present)
		return kw_fail(err, KW_E_TPM_NO_HCL, "NV index 0x%08x is not defined",
			       KW_NV_HCL_REPORT);
	if (kw_hcl_report_parse(kw_blob_bytes(&hcl), ret_report, err) < 0)
		return kw_wrap(err, "NV index 0x%08x", KW_NV_HCL_REPORT);
	*ret_hcl = kw_blob_steal(&hcl);
	return 0;
}

/* Bound by the claims' hash, not just said. */
static bool carries(const struct kw_hcl_report *report, const uint8_t *user_data)
{
	struct kw_checks checks = { 0 };
	struct kw_error unused = { 0 };

	kw_hcl_report_judge(report, &checks);
	return kw_checks_result(&checks, 0, &unused) == 0
	       && memcmp(report->user_data, user_data, KW_HCL_USER_DATA_SIZE) == 0;
}

int kw_hcl_read_fresh(struct kw_tpm *tpm, const uint8_t user_data[KW_HCL_USER_DATA_SIZE],
		      struct kw_blob *ret_hcl, struct kw_hcl_report *ret_report,
		      struct kw_error *err)
{
	const struct kw_bytes content = { user_data, KW_HCL_USER_DATA_SIZE };

	int tries = 0;

	for (; tries < RENEWAL_TRIES; tries++) {
		KW_CLEANUP(kw_blob_clear) struct kw_blob hcl = { 0 };
		KW_CLEANUP(kw_hcl_report_clear) struct kw_hcl_report report = { 0 };

		if (tries > 0 && kw_boot_ms(tpm->clock) + RENEWAL_MS >= tpm->end_ms)
			break; /* the TPM has been heard; it is the report that does not come */
		if (tries > 0)
			kw_sleep_ms(tpm->clock, RENEWAL_MS);
		/* Again each time: while we waited a neighbour may have put its own there. */
		if (kw_tpm_nv_write(tpm, KW_NV_USER_DATA, content, err) < 0
		    || kw_hcl_read(tpm, &hcl, &report, err) < 0)
			return -1;
		if (!report.has_user_data)
			return kw_fail(err, KW_E_SNP_FRESHNESS,
				       "the platform's reports carry no caller's data");
		if (!carries(&report, user_data))
			continue;
		*ret_hcl = kw_blob_steal(&hcl);
		kw_hcl_report_move(ret_report, &report);
		return 0;
	}
	return kw_fail(
		err, KW_E_SNP_FRESHNESS,
		"%d reports in a row do not carry what was written to NV index 0x%08x: others "
		"write there too",
		tries, KW_NV_USER_DATA);
}
