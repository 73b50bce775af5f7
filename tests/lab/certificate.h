/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making keys and certificates of any kind, wrong ones too. What is made belongs to the caller.
 */
#pragma once

#include "pki.h"
#include "util/cleanup.h"

#include <openssl/x509.h>

KW_DEFINE_FREEP(X509, X509_free);
KW_DEFINE_FREEP(EVP_PKEY, EVP_PKEY_free);

/* Ends the lab with OpenSSL's reason unless `ok`. */
void lab_crypto_must(bool ok, const char *what);

EVP_PKEY *lab_key_rsa(unsigned bits);
/* Of four primes: made in a fraction of the time, and nobody can tell from the public half. */
EVP_PKEY *lab_key_rsa_quick(unsigned bits);
EVP_PKEY *lab_key_ec(const char *curve);
/* The public key of a 256-byte modulus and the usual exponent. */
EVP_PKEY *lab_key_from_modulus(const uint8_t modulus[256]);

enum lab_signature { LAB_SHA256, LAB_PSS_SHA384, LAB_PSS_SHA256 };

/* `value` is in the notation of x509v3_config(5) for an extension with a NID, and the bare content
 * of the extension (`len` bytes) for one given by its OID. */
struct lab_extension {
	int nid;
	const char *oid;
	const void *value;
	size_t len;
};

struct lab_certificate_form {
	const char *cn;
	bool amd_name;		       /* the other five fields of AMD's names, too */
	const char *organization;      /* in those; NULL: AMD's */
	EVP_PKEY *key;		       /* whose public half it certifies */
	const struct lab_pair *issuer; /* NULL: signed with `key` */
	const char *issuer_cn;	       /* NULL: the issuer's subject */
	uint64_t serial;
	int64_t not_before, not_after; /* seconds since 1970 */
	enum lab_signature signature;
	const struct lab_extension *extensions;
	size_t n_extensions;
};
X509 *lab_certificate_make(const struct lab_certificate_form *form);
/* A copy with one bit of the signature turned over. */
X509 *lab_certificate_flipped(X509 *cert);

bool lab_certificate_has_cn(X509 *cert, const char *cn);
