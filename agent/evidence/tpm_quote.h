/* SPDX-License-Identifier: Apache-2.0 */
/* What the attestation key signs: PCRs (quote) and another key (certify). */
#pragma once

#include "evidence/tpm.h"
#include "evidence/tpm_structures.h"

/* The persistent attestation key; its handle costs nothing and dies with the connection.
 * TPM_NO_AK. */
int kw_tpm_ak_open(struct kw_tpm *tpm, ESYS_TR *ret, struct kw_blob *ret_public,
		   struct kw_error *err) KW_MUST_USE;

/* Values of the SHA-256 bank; those of all `pcrs` (bit mask) or an error. */
int kw_tpm_pcr_read(struct kw_tpm *tpm, uint32_t pcrs, struct kw_pcr_values *ret,
		    struct kw_error *err) KW_MUST_USE;

struct kw_tpm_signed {
	struct kw_blob attest;	  /* TPMS_ATTEST */
	struct kw_blob signature; /* bare RSASSA with SHA-256 */
};
void kw_tpm_signed_clear(struct kw_tpm_signed *both);
/* TPM_AK_TYPE if the key signs in another way. */
int kw_tpm_quote(struct kw_tpm *tpm, ESYS_TR ak, struct kw_bytes nonce, uint32_t pcrs,
		 struct kw_tpm_signed *ret, struct kw_error *err) KW_MUST_USE;
int kw_tpm_certify(struct kw_tpm *tpm, ESYS_TR ak, ESYS_TR key, struct kw_tpm_signed *ret,
		   struct kw_error *err) KW_MUST_USE;

/* For the files of this room: one bank of a selection, and TPM2B_PUBLIC as bytes. */
TPML_PCR_SELECTION kw_tpm_selection(uint32_t pcrs);
int kw_tpm_public_bytes(const TPM2B_PUBLIC *public, struct kw_blob *ret,
			struct kw_error *err) KW_MUST_USE;
