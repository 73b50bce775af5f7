/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JOSE algorithms (RFC 7518; ES256K: RFC 8812) that a released key is used with, and which key
 * each of them fits. A table and two questions; pure. RSA1_5 is not offered: its padding is an
 * oracle.
 */
#pragma once

#include "jose/public_key.h"

enum kw_use { KW_USE_DECRYPT, KW_USE_SIGN, KW_USE_UNWRAP };

enum kw_scheme {
	KW_SCHEME_RSA_PKCS1,
	KW_SCHEME_RSA_PSS,
	KW_SCHEME_ECDSA,
	KW_SCHEME_RSA_OAEP,
	KW_SCHEME_AES_GCM,
	KW_SCHEME_AES_KW,
};

enum { KW_ALGORITHM_RSA_BITS_MIN = 2048 }; /* RFC 7518 3.3, 3.5, 4.3 */

struct kw_algorithm {
	const char *name;
	enum kw_scheme scheme;
	enum kw_kty kty;
	enum kw_curve curve; /* EC */
	enum kw_hash hash;   /* all but AES */
	unsigned bits;	     /* oct: exactly these; RSA: at least these */
};

/* NULL: there is none of that name for that use. Names are case-sensitive. */
const struct kw_algorithm *kw_algorithm_find(const char *name, enum kw_use use);
/* `curve` is KW_CURVE_NONE and `bits` the size for RSA and oct. */
bool kw_algorithm_fits(const struct kw_algorithm *alg, enum kw_kty kty, enum kw_curve curve,
		       unsigned bits);
