/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wrapping key: an RSA primary of the NULL hierarchy, made from a template whose `unique` field
 * is secret and whose policy is PCRs 0-7 (spec: guest attestation 4.5). The TPM makes the same key
 * again from the same field as long as it is not reset; nothing is stored.
 */
#pragma once

#include "evidence/provider.h"
#include "evidence/tpm.h"

struct kw_tpm_key {
	struct kw_tpm *tpm; /* NULL: none is loaded */
	ESYS_TR handle;
	struct kw_blob public; /* TPM2B_PUBLIC, as the TPM gave it */
};
/* `unique` has KW_UNIQUE_SIZE bytes; `pcrs` are the values that the policy is made of. */
int kw_tpm_key_create(struct kw_tpm *tpm, const struct kw_secret *unique,
		      const struct kw_pcr_values *pcrs, struct kw_tpm_key *ret,
		      struct kw_error *err) KW_MUST_USE;
void kw_tpm_key_flush(struct kw_tpm_key *key); /* { 0 } allowed */

/* UNW_FAILED, in the same words whatever is wrong with the ciphertext; TPM_KEY_LOST if the PCRs are
 * no longer those of the policy. OAEP has MGF1 of the same hash and an empty label. */
int kw_tpm_key_decrypt(const struct kw_tpm_key *key, enum kw_rsa_scheme scheme, enum kw_hash oaep,
		       struct kw_bytes wrapped, struct kw_secret *ret,
		       struct kw_error *err) KW_MUST_USE;
