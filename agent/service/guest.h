/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encrypt and Decrypt of the published guest attestation interface (guest attestation 5): to the
 * key that a token names, and with it in the vTPM of the machine that the token is about. The key
 * is the one that every process of that machine can make. No state; Decrypt uses the TPM in the
 * caller's thread.
 */
#pragma once

#include "evidence/shared_key.h"

struct kw_guest_padding {
	enum kw_rsa_scheme scheme;
	enum kw_hash oaep; /* of OAEP and its MGF1 */
};

/* The token is not verified here: who has not done so encrypts to anybody. TOK_FORM, TOK_NO_KEY,
 * TOK_KEY, UNW_TOO_LONG. */
int kw_guest_encrypt(struct kw_bytes token, struct kw_guest_padding padding, struct kw_bytes plain,
		     struct kw_blob *ret, struct kw_error *err) KW_MUST_USE;
/* Whatever is wrong with the ciphertext is UNW_FAILED. */
int kw_guest_decrypt(const struct kw_config *config, struct kw_guest_padding padding,
		     struct kw_bytes encrypted, struct kw_secret *ret,
		     struct kw_error *err) KW_MUST_USE;
