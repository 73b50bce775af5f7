/* SPDX-License-Identifier: Apache-2.0 */
/* The HCL report from the TPM, as it stands or made anew over data of ours (spec: guest attestation
 * 1.3 and 1.4). For the files of this room alone. */
#pragma once

#include "evidence/hcl_report.h"
#include "evidence/tpm.h"

/* `ret_report` borrows from `ret_hcl`. TPM_NO_HCL, HCL_*, SNP_*, TPM_*. */
int kw_hcl_read(struct kw_tpm *tpm, struct kw_blob *ret_hcl, struct kw_hcl_report *ret_report,
		struct kw_error *err) KW_MUST_USE;

/* The same for a report that carries these 64 bytes. The index that takes them is one for the whole
 * node: SNP_FRESHNESS if others kept writing to it, or if the platform binds no data at all. */
int kw_hcl_read_fresh(struct kw_tpm *tpm, const uint8_t user_data[KW_HCL_USER_DATA_SIZE],
		      struct kw_blob *ret_hcl, struct kw_hcl_report *ret_report,
		      struct kw_error *err) KW_MUST_USE;
