/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The eight numbers of a two-prime RSA private key (RFC 8017 A.1.2), for the moment in which they
 * are checked or written. Inside this room only, like openssl.h. Clearing wipes them.
 */
#pragma once

#include "jose/openssl.h"

enum kw_rsa_number {
	KW_RSA_D,
	KW_RSA_DP,
	KW_RSA_DQ,
	KW_RSA_E,
	KW_RSA_N,
	KW_RSA_P,
	KW_RSA_Q,
	KW_RSA_QI,
	KW_RSA_N_NUMBERS,
};

struct kw_rsa_numbers {
	BIGNUM *at[KW_RSA_N_NUMBERS];
};

/* False: one is missing. `ret` is to be cleared either way. */
bool kw_rsa_numbers_read(const EVP_PKEY *pkey, struct kw_rsa_numbers *ret) KW_MUST_USE;
void kw_rsa_numbers_clear(struct kw_rsa_numbers *numbers);
/* n = p q, the exponents invert e, qi inverts q. That p and q are prime is left to their maker: the
 * test takes longer than the release. */
bool kw_rsa_numbers_add_up(const struct kw_rsa_numbers *numbers);
