/* SPDX-License-Identifier: Apache-2.0 */
/* Raw evidence as a use case: gathered where the TPM belongs, matched with collateral, judged here
 * before it is handed to somebody else's verifier. Any worker may call. */
#pragma once

#include "evidence/raw_evidence.h"
#include "service/service.h"

enum { KW_RAW_NONCE_MAX = 4096 };

/* The caller's nonce as 64 bytes for report and quote: its SHA-256, then zeros. */
void kw_raw_report_data(struct kw_bytes nonce, uint8_t ret[KW_HCL_USER_DATA_SIZE]);

/* Of a vTPM the JSON of guest attestation 4.12, version 2; of an SNP device {"version": 1,
 * "snp_report", "vcek", "chain"}, base64url of report, of the leaf's DER and of the chain's PEM. A
 * required check that failed is the error, and so
 * is SNP_FRESHNESS: the report of another caller is never returned. */
int kw_service_raw_evidence(struct kw_service *service, struct kw_bytes nonce, struct kw_json **ret,
			    struct kw_checks *checks, struct kw_error *err) KW_MUST_USE;
/* What collateral/ needs to know of a report; borrows from what it was parsed from. */
struct kw_signed_report kw_signed_report_of(const struct kw_snp_report *snp);
/* The report of this machine, unverified: that of a vTPM as it stands; an SNP device is asked for
 * one over the nonce. */
int kw_service_raw_report(struct kw_service *service, struct kw_bytes nonce,
			  struct kw_raw_evidence *ret, struct kw_error *err) KW_MUST_USE;
