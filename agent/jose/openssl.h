/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL's side of this room: what the files of jose/ share among themselves and no other room
 * includes, because it shows OpenSSL's types. Objects made here belong to the caller; nothing is
 * kept between calls. Whoever lets OpenSSL fail on foreign bytes empties its error queue of this
 * thread (ERR_clear_error), or the next TLS call would read our failure as its own.
 */
#pragma once

#include "jose/public_key.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

KW_DEFINE_FREEP(BIO, BIO_free_all);
KW_DEFINE_FREEP(BIGNUM, BN_clear_free);
KW_DEFINE_FREEP(BN_CTX, BN_CTX_free);
KW_DEFINE_FREEP(EVP_CIPHER, EVP_CIPHER_free);
KW_DEFINE_FREEP(EVP_CIPHER_CTX, EVP_CIPHER_CTX_free);
KW_DEFINE_FREEP(EVP_MD_CTX, EVP_MD_CTX_free);
KW_DEFINE_FREEP(EVP_PKEY, EVP_PKEY_free);
KW_DEFINE_FREEP(EVP_PKEY_CTX, EVP_PKEY_CTX_free);
KW_DEFINE_FREEP(OSSL_PARAM, OSSL_PARAM_free);
KW_DEFINE_FREEP(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free);
KW_DEFINE_FREEP(PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free);
KW_DEFINE_FREEP(X509, X509_free);
KW_DEFINE_FREEP(X509_STORE, X509_STORE_free);
KW_DEFINE_FREEP(X509_STORE_CTX, X509_STORE_CTX_free);

struct kw_public_key {
	EVP_PKEY *pkey; /* rebuilt from the numbers, whatever the source was */
	enum kw_kty kty;
	enum kw_curve curve;
	unsigned bits;
};

/* One row per curve: bits of the field, JWK's name, OpenSSL's name. */
struct kw_curve_row {
	enum kw_curve curve;
	unsigned bits;
	const char *jwk, *group;
};

enum { KW_EC_FIELD_SIZE_MAX = 66 };

const struct kw_curve_row *kw_curve_row(enum kw_curve curve);
static inline size_t kw_curve_field_size(const struct kw_curve_row *row)
{
	return (row->bits + 7) / 8;
}

const EVP_MD *kw_hash_md(enum kw_hash hash);

/* The public half of any RSA or EC key on one of our curves. */
int kw_public_key_from_pkey(const EVP_PKEY *pkey, enum kw_error_name error,
			    struct kw_public_key **ret, struct kw_error *err) KW_MUST_USE;
/* A number of a key; NULL if the key has none of that name. The caller frees. */
BIGNUM *kw_pkey_number(const EVP_PKEY *pkey, const char *param);

/* The whole size of the DER SEQUENCE at the start of `in`; false: there is none, or it is cut. */
bool kw_der_size(struct kw_bytes in, size_t *ret) KW_MUST_USE;
/* A PKCS#8 PrivateKeyInfo without a byte left over, outside or inside; NULL: it is none. */
EVP_PKEY *kw_pkcs8_open(struct kw_bytes der);
/* An X.509 certificate without a byte left over; NULL: it is none. */
X509 *kw_x509_open(struct kw_bytes der);
/* The last common name, cleaned; "" if there is none. */
void kw_x509_cn(const X509_NAME *name, char *ret, size_t size);

/* The one error for whatever goes wrong in an unwrap (spec key release 4.6). Returns -1. */
int kw_unwrap_refuse(struct kw_error *err);

struct kw_signer_roots {
	X509_STORE *store;
	char problem[136]; /* why the store is empty; "" if it is not */
};
