/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures with a released key, as JWS has them: RSA ones have the size of the modulus, those of
 * ECDSA are r and s side by side (RFC 7518 3.4). Takes milliseconds: not for the event thread.
 */
#pragma once

#include "jose/algorithm.h"

/* `pkcs8` is the key that `alg` fits; `data` is hashed here. Fails with SYS_CRYPTO. */
int kw_sign(const struct kw_algorithm *alg, struct kw_bytes pkcs8, struct kw_bytes data,
	    struct kw_blob *ret, struct kw_error *err) KW_MUST_USE;
