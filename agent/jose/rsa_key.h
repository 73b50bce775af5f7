/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wrapping key of our own for machines without a TPM: RSA-2048, made in memory, kept in the
 * arena, gone with its owner. Open what was wrapped for it with kw_unwrap_oaep().
 */
#pragma once

#include "jose/public_key.h"
#include "util/secret.h"

enum { KW_WRAPPING_KEY_BITS = 2048 };

/* `ret_pkcs8` is a PrivateKeyInfo in DER. Takes a tenth of a second or so. */
int kw_rsa_key_generate(struct kw_secret *ret_pkcs8, struct kw_public_key **ret_public,
			struct kw_error *err) KW_MUST_USE;
