/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/rsa_numbers.h"

#include <openssl/core_names.h>
#include <openssl/err.h>

static const char *const params[KW_RSA_N_NUMBERS] = {
	[KW_RSA_D] = OSSL_PKEY_PARAM_RSA_D,	     [KW_RSA_DP] = OSSL_PKEY_PARAM_RSA_EXPONENT1,
	[KW_RSA_DQ] = OSSL_PKEY_PARAM_RSA_EXPONENT2, [KW_RSA_E] = OSSL_PKEY_PARAM_RSA_E,
	[KW_RSA_N] = OSSL_PKEY_PARAM_RSA_N,	     [KW_RSA_P] = OSSL_PKEY_PARAM_RSA_FACTOR1,
	[KW_RSA_Q] = OSSL_PKEY_PARAM_RSA_FACTOR2,    [KW_RSA_QI] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

bool kw_rsa_numbers_read(const EVP_PKEY *pkey, struct kw_rsa_numbers *ret)
{
	bool all = true;

	for (size_t i = 0; i < KW_RSA_N_NUMBERS; i++) {
		ret->at[i] = kw_pkey_number(pkey, params[i]);
		all = all && ret->at[i];
	}
	return all;
}

void kw_rsa_numbers_clear(struct kw_rsa_numbers *numbers)
{
	for (size_t i = 0; i < KW_RSA_N_NUMBERS; i++)
		BN_clear_free(numbers->at[i]);
	*numbers = (struct kw_rsa_numbers){ 0 };
}

/* a * b = 1 modulo m */
static bool are_inverse(const BIGNUM *a, const BIGNUM *b, const BIGNUM *m, BN_CTX *ctx)
{
	BN_CTX_start(ctx);
	BIGNUM *product = BN_CTX_get(ctx);
	bool ok = product && BN_mod_mul(product, a, b, m, ctx) == 1 && BN_is_one(product);
	BN_CTX_end(ctx);
	return ok;
}

/* The exponent of one prime is d modulo (prime - 1), and inverts e there. */
static bool exponent_fits(const struct kw_rsa_numbers *k, enum kw_rsa_number prime,
			  enum kw_rsa_number exponent, BN_CTX *ctx)
{
	BN_CTX_start(ctx);
	BIGNUM *order = BN_CTX_get(ctx), *rest = BN_CTX_get(ctx);
	bool ok = rest && BN_copy(order, k->at[prime]) && BN_sub_word(order, 1) == 1
		  && BN_mod(rest, k->at[KW_RSA_D], order, ctx) == 1
		  && BN_cmp(rest, k->at[exponent]) == 0
		  && are_inverse(k->at[KW_RSA_E], rest, order, ctx);
	BN_CTX_end(ctx);
	return ok;
}

static bool product_fits(const struct kw_rsa_numbers *k, BN_CTX *ctx)
{
	BN_CTX_start(ctx);
	BIGNUM *product = BN_CTX_get(ctx);
	bool ok = product && !BN_is_one(k->at[KW_RSA_P]) && !BN_is_one(k->at[KW_RSA_Q])
		  && BN_mul(product, k->at[KW_RSA_P], k->at[KW_RSA_Q], ctx) == 1
		  && BN_cmp(product, k->at[KW_RSA_N]) == 0;
	BN_CTX_end(ctx);
	return ok;
}

bool kw_rsa_numbers_add_up(const struct kw_rsa_numbers *k)
{
	KW_CLEANUP(BN_CTX_freep) BN_CTX *ctx = BN_CTX_secure_new(); /* wipes what it gives out */
	bool ok = ctx && product_fits(k, ctx) && exponent_fits(k, KW_RSA_P, KW_RSA_DP, ctx)
		  && exponent_fits(k, KW_RSA_Q, KW_RSA_DQ, ctx)
		  && BN_cmp(k->at[KW_RSA_QI], k->at[KW_RSA_P]) < 0
		  && are_inverse(k->at[KW_RSA_QI], k->at[KW_RSA_Q], k->at[KW_RSA_P], ctx);

	ERR_clear_error();
	return ok;
}
