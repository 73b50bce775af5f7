/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence for a verifier other than MAA (spec: guest attestation 4.12): an HCL report that carries
 * 64 bytes of the caller, and a quote over all PCRs that repeats them. No wrapping key, no
 * attestation service. Nothing is verified here but that the report carries the bytes; see
 * service/. One thread at a time, that which owns the TPM.
 */
#pragma once

#include "config/config.h"
#include "evidence/hcl_report.h"
#include "evidence/provider.h"
#include "evidence/tpm_structures.h"

#define KW_ALL_PCRS 0xffffffu /* 0-23 */

struct kw_raw_evidence {
	struct kw_snp_report snp;		 /* borrows from hcl or snp_report */
	struct kw_blob snp_report, device_table; /* of a machine without a vTPM, and nothing else */
	struct kw_blob hcl;
	struct kw_hcl_report report;	       /* borrows from hcl */
	struct kw_blob quote, quote_signature; /* empty: the report alone was read */
	struct kw_blob ak_public;	       /* TPM2B_PUBLIC of the key that signed */
	struct kw_pcr_values pcrs;
};
/* From whatever has the provider: of a guest with an SNP device the report alone, which carries the
 * bytes. SNP_* */
int kw_raw_evidence_from(const struct kw_provider *provider, const struct kw_config *config,
			 const struct kw_random *random,
			 const uint8_t report_data[KW_HCL_USER_DATA_SIZE],
			 struct kw_raw_evidence *ret, struct kw_error *err) KW_MUST_USE;
/* SNP_FRESHNESS where others use the index at the same time; TPM_*, HCL_*, SNP_*. */
int kw_raw_evidence_gather(const struct kw_config *config,
			   const uint8_t report_data[KW_HCL_USER_DATA_SIZE],
			   struct kw_raw_evidence *ret, struct kw_error *err) KW_MUST_USE;
/* A quote alone, over `pcrs` (bit mask); an empty nonce is allowed. TPM_*. */
int kw_raw_quote(const struct kw_config *config, struct kw_bytes nonce, uint32_t pcrs,
		 struct kw_raw_evidence *ret, struct kw_error *err) KW_MUST_USE;
/* The report as it stands, without writing anything. */
int kw_raw_report_read(const struct kw_config *config, struct kw_raw_evidence *ret,
		       struct kw_error *err) KW_MUST_USE;
/* The same, and the values of `pcrs` (bit mask) in the same transaction, unsigned. */
int kw_raw_measured_read(const struct kw_config *config, uint32_t pcrs, struct kw_raw_evidence *ret,
			 struct kw_error *err) KW_MUST_USE;
void kw_raw_evidence_clear(struct kw_raw_evidence *evidence);
