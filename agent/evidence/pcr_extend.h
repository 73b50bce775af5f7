/* SPDX-License-Identifier: Apache-2.0 */
/* Measuring something into a PCR of the SHA-256 bank. What was extended stays so until the TPM is
 * reset; PCRs 0 to 15 are those of the boot, and attestation rests on them. */
#pragma once

#include "config/config.h"
#include "evidence/tpm_structures.h"

enum { KW_BOOT_PCR_LAST = 15, KW_FREE_PCR = 23 /* anybody may reset and extend it */ };

/* `ret_value` is what the PCR says afterwards; others may have extended it too. TPM_*. */
int kw_pcr_extend(const struct kw_config *config, unsigned pcr,
		  const uint8_t digest[KW_SHA256_SIZE], uint8_t ret_value[KW_SHA256_SIZE],
		  struct kw_error *err) KW_MUST_USE;
