/* SPDX-License-Identifier: Apache-2.0 */
/* PCR values as JSON text, one object per bank: {"sha256": {"0": "<hex>", ...}}. Files are
 * untrusted input; what the values are worth a quote says. Nothing owned. */
#pragma once

#include "evidence/tpm_structures.h"

enum { KW_PCR_FILE_SIZE_MAX = 64 << 10 };

/* Banks of SHA-1, SHA-256, SHA-384 and SHA-512, each with some of PCRs 0 to 23. SYS_DATA. */
int kw_pcr_file_parse(struct kw_bytes json, struct kw_pcr_values ret[KW_TPM_BANKS_MAX],
		      size_t *ret_n, struct kw_error *err) KW_MUST_USE;
/* The same shape, of the values that are present; the caller frees. */
struct kw_json *kw_pcr_file_json(const struct kw_pcr_values *banks, size_t n_banks);
/* "sha256", or "unknown". */
const char *kw_pcr_bank_name(uint16_t alg);
