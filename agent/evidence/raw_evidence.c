/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/raw_evidence.h"

#include "evidence/hcl_nv.h"
#include "evidence/tpm.h"
#include "evidence/tpm_quote.h"

enum { QUOTE_TRIES = 3 };

static int open_tpm(const struct kw_config *config, struct kw_tpm *ret, struct kw_error *err)
{
	if (kw_tpm_open(config->evidence.tcti, config->retry.deadline_ms, &kw_clock_system, ret,
			err)
	    < 0)
		return -1;
	return kw_tpm_owner_auth(ret, config->evidence.owner_auth_file, err);
}

/* Reading PCRs and quoting are two commands: others may extend in between. */
static int quote(struct kw_tpm *tpm, ESYS_TR ak, struct kw_bytes nonce, uint32_t pcrs,
		 struct kw_raw_evidence *e, bool *ret_same, struct kw_error *err)
{
	KW_CLEANUP(kw_tpm_signed_clear) struct kw_tpm_signed quoted = { 0 };
	struct kw_tpm_attest parsed;
	uint8_t digest[KW_DIGEST_MAX];
	struct kw_bytes read = { digest, 0 };

	if (kw_tpm_pcr_read(tpm, pcrs, &e->pcrs, err) < 0
	    || kw_tpm_quote(tpm, ak, nonce, pcrs, &quoted, err) < 0
	    || kw_tpm_attest_parse(kw_blob_bytes(&quoted.attest), &parsed, err) < 0)
		return -1;
	*ret_same = kw_pcr_digest(&parsed, &e->pcrs, 1, digest, &read.len)
		    && kw_bytes_equal(read, parsed.pcr_digest);
	e->quote = kw_blob_steal(&quoted.attest);
	e->quote_signature = kw_blob_steal(&quoted.signature);
	return 0;
}

static int quote_stable(struct kw_tpm *tpm, struct kw_bytes nonce, uint32_t pcrs,
			struct kw_raw_evidence *e, struct kw_error *err)
{
	bool same = false;
	ESYS_TR ak;

	if (kw_tpm_ak_open(tpm, &ak, &e->ak_public, err) < 0)
		return -1;
	for (int i = 0; i < QUOTE_TRIES && !same; i++) {
		kw_blob_clear(&e->quote);
		kw_blob_clear(&e->quote_signature);
		if (quote(tpm, ak, nonce, pcrs, e, &same, err) < 0)
			return -1;
	}
	if (same)
		return 0;
	return kw_fail(err, KW_E_TPM_QUOTE_PCRS,
		       "PCRs changed between reading and quoting, %d times in a row", QUOTE_TRIES);
}

static void hand_over(struct kw_raw_evidence *to, struct kw_raw_evidence *from)
{
	if (from->hcl.len > 0)
		from->snp = from->report.snp;
	*to = *from;
	*from = (struct kw_raw_evidence){ 0 };
}

int kw_raw_evidence_gather(const struct kw_config *config,
			   const uint8_t report_data[KW_HCL_USER_DATA_SIZE],
			   struct kw_raw_evidence *ret, struct kw_error *err)
{
	const struct kw_bytes nonce = { report_data, KW_HCL_USER_DATA_SIZE };
	KW_CLEANUP(kw_raw_evidence_clear) struct kw_raw_evidence e = { 0 };
	KW_CLEANUP(kw_tpm_close) struct kw_tpm tpm = { 0 };

	if (open_tpm(config, &tpm, err) < 0
	    || kw_hcl_read_fresh(&tpm, report_data, &e.hcl, &e.report, err) < 0
	    || quote_stable(&tpm, nonce, KW_ALL_PCRS, &e, err) < 0)
		return -1;
	hand_over(ret, &e);
	return 0;
}

int kw_raw_evidence_from(const struct kw_provider *provider, const struct kw_config *config,
			 const struct kw_random *random,
			 const uint8_t report_data[KW_HCL_USER_DATA_SIZE],
			 struct kw_raw_evidence *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_snp_taken_clear) struct kw_snp_taken taken = { 0 };
	KW_CLEANUP(kw_raw_evidence_clear) struct kw_raw_evidence e = { 0 };

	if (!provider->report)
		return kw_raw_evidence_gather(config, report_data, ret, err);
	if (provider->report(config, random, report_data, &taken, err) < 0)
		return -1;
	e.snp_report = kw_blob_steal(&taken.report);
	e.device_table = kw_blob_steal(&taken.table);
	if (kw_snp_report_parse(kw_blob_bytes(&e.snp_report), &e.snp, err) < 0)
		return -1;
	hand_over(ret, &e);
	return 0;
}

int kw_raw_quote(const struct kw_config *config, struct kw_bytes nonce, uint32_t pcrs,
		 struct kw_raw_evidence *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_raw_evidence_clear) struct kw_raw_evidence e = { 0 };
	KW_CLEANUP(kw_tpm_close) struct kw_tpm tpm = { 0 };

	if (open_tpm(config, &tpm, err) < 0 || quote_stable(&tpm, nonce, pcrs, &e, err) < 0)
		return -1;
	hand_over(ret, &e);
	return 0;
}

int kw_raw_measured_read(const struct kw_config *config, uint32_t pcrs, struct kw_raw_evidence *ret,
			 struct kw_error *err)
{
	KW_CLEANUP(kw_raw_evidence_clear) struct kw_raw_evidence e = { 0 };
	KW_CLEANUP(kw_tpm_close) struct kw_tpm tpm = { 0 };

	if (open_tpm(config, &tpm, err) < 0 || kw_hcl_read(&tpm, &e.hcl, &e.report, err) < 0
	    || (pcrs != 0 && kw_tpm_pcr_read(&tpm, pcrs, &e.pcrs, err) < 0))
		return -1;
	hand_over(ret, &e);
	return 0;
}

int kw_raw_report_read(const struct kw_config *config, struct kw_raw_evidence *ret,
		       struct kw_error *err)
{
	return kw_raw_measured_read(config, 0, ret, err);
}

void kw_raw_evidence_clear(struct kw_raw_evidence *evidence)
{
	kw_hcl_report_clear(&evidence->report);
	kw_blob_clear(&evidence->snp_report);
	kw_blob_clear(&evidence->device_table);
	kw_blob_clear(&evidence->hcl);
	kw_blob_clear(&evidence->quote);
	kw_blob_clear(&evidence->quote_signature);
	kw_blob_clear(&evidence->ak_public);
	*evidence = (struct kw_raw_evidence){ 0 };
}
