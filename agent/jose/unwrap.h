/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening what was wrapped for us. Two shapes: the vault's key_hsm (RSA-OAEP of an AES-256 key,
 * then RFC 5649 key wrap with padding, spec key release 4.5 and 4.6) and MAA's sealed token
 * (AES-GCM, spec guest attestation 4.9). The RSA step is the caller's: in the TPM, or with a key in
 * memory.
 */
#pragma once

#include "jose/digest.h"
#include "util/json.h"
#include "util/secret.h"

enum { KW_WRAPPED_AES_KEY_SIZE = 32 };

struct kw_key_hsm {
	char kid[160];	   /* header.kid: whose key it is wrapped for */
	char enc[40];	   /* header.enc */
	enum kw_hash oaep; /* by enc */
	struct kw_blob ciphertext;
};

/* `text` is base64url of the JSON. Rows: REL_JWS_FORM (shape, schema_version), UNW_ENC (unknown
 * enc). */
int kw_key_hsm_parse(const char *text, struct kw_key_hsm *ret, struct kw_error *err) KW_MUST_USE;
void kw_key_hsm_clear(struct kw_key_hsm *key_hsm);
bool kw_enc_hash(const char *enc, enum kw_hash *ret) KW_MUST_USE;

/* Splits at the modulus; UNW_LENGTH unless len >= modulus + 16 and the rest is a multiple of 8.
 * Borrowed. */
int kw_key_hsm_split(const struct kw_key_hsm *key_hsm, size_t modulus_size,
		     struct kw_bytes *ret_rsa, struct kw_bytes *ret_kwp,
		     struct kw_error *err) KW_MUST_USE;

/* RFC 5649 with a 128, 192 or 256-bit key. UNW_FAILED, whatever went wrong. */
int kw_unwrap_kwp(struct kw_bytes key, struct kw_bytes wrapped, struct kw_secret *ret,
		  struct kw_error *err) KW_MUST_USE;

/* RFC 3394: the same without padding, so at least two semiblocks come out. UNW_FAILED. */
int kw_unwrap_kw(struct kw_bytes key, struct kw_bytes wrapped, struct kw_secret *ret,
		 struct kw_error *err) KW_MUST_USE;

/* RSA-OAEP with a PKCS#8 private key in memory, MGF1 of the same hash, empty label. UNW_FAILED. */
int kw_unwrap_oaep(struct kw_bytes pkcs8, enum kw_hash hash, struct kw_bytes wrapped,
		   struct kw_secret *ret, struct kw_error *err) KW_MUST_USE;

/* AES-GCM by key length (16, 24, 32), tag of exactly 16 bytes, IV of 12 or more. False: does not
 * open. */
bool kw_open_gcm(struct kw_bytes key, struct kw_bytes iv, struct kw_bytes aad,
		 struct kw_bytes ciphertext, struct kw_bytes tag,
		 struct kw_secret *ret) KW_MUST_USE;
