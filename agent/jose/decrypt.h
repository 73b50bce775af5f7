/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening what strangers encrypted for a released key. Whoever may ask this may try ciphertexts, so
 * there is one refusal, "unwrap failed", whatever was wrong: padding, tag, length or integrity. RSA
 * takes milliseconds: not for the event thread.
 */
#pragma once

#include "jose/algorithm.h"
#include "util/secret.h"

struct kw_sealed { /* borrowed */
	struct kw_bytes value;
	struct kw_bytes iv, aad, tag; /* AES-GCM alone: RFC 7518 5.3, 96 and 128 bits */
};

/* `key` is PKCS#8, or the raw bytes of an oct key, and `alg` fits it. UNW_FAILED, but SEC_FULL when
 * the arena is full. */
int kw_decrypt(const struct kw_algorithm *alg, struct kw_bytes key, const struct kw_sealed *sealed,
	       struct kw_secret *ret, struct kw_error *err) KW_MUST_USE;
