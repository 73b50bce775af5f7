/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wrapping key that every process with the TPM can make: `unique` is 256 zero bytes (guest
 * attestation 4.5). It is for the published Encrypt and Decrypt calls, whose peers must reach the
 * same key, and for the tokens made for them; releases have a private one. Opens the TPM, decrypts,
 * closes it.
 */
#pragma once

#include "evidence/provider.h"

/* UNW_FAILED in the same words whatever is wrong with the ciphertext; its `tpm_code` is the TPM's,
 * or TPM_RC_SIZE for a length that is not the key's. */
int kw_shared_key_decrypt(const struct kw_config *config, enum kw_rsa_scheme scheme,
			  enum kw_hash oaep, struct kw_bytes wrapped, struct kw_secret *ret,
			  struct kw_error *err) KW_MUST_USE;
