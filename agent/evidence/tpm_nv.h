/* SPDX-License-Identifier: Apache-2.0 */
/* NV indices of an Azure vTPM (spec: guest attestation 1.1), with owner authorization. */
#pragma once

#include "evidence/tpm.h"
#include "util/bytes.h"

/* The whole content, in one pass from offset 0: that is when the platform renews its report, and
 * later pieces belong to it. An absent index is no error: `*ret_present` tells. More than `max`
 * bytes: TPM_COMMAND. TPM_OWNER_AUTH if the owner has a password that was not given. */
int kw_tpm_nv_read(struct kw_tpm *tpm, uint32_t index, size_t max, bool *ret_present,
		   struct kw_blob *ret, struct kw_error *err) KW_MUST_USE;

/* Writes all of an index of exactly that size, which is defined (again) where it is needed. */
int kw_tpm_nv_write(struct kw_tpm *tpm, uint32_t index, struct kw_bytes content,
		    struct kw_error *err) KW_MUST_USE;
