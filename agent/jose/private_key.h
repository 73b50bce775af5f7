/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Released key material: from the unwrapped bytes (PKCS#8 for RSA and EC, raw for oct) to the forms
 * in which people get it. Everything secret stays in the arena; OpenSSL objects are made for the
 * call and cleansed.
 */
#pragma once

#include "jose/public_key.h"
#include "util/secret.h"

struct kw_private_key {
	enum kw_kty kty;
	enum kw_curve curve;	      /* EC */
	unsigned bits;		      /* RSA: modulus, EC: field, oct: length in bits */
	struct kw_secret der;	      /* RSA, EC: PKCS#8 PrivateKeyInfo; oct: the raw bytes */
	struct kw_public_key *public; /* NULL for oct */
};

/* `kty` is the vault's word: RSA, RSA-HSM, EC, EC-HSM, oct, oct-HSM. Takes `plain` (empties it) on
 * success. Fails with UNW_KEY_FORM: wrong type, trailing bytes, inconsistent numbers. oct: 1 to 64
 * bytes. */
int kw_private_key_parse(const char *kty, struct kw_secret *plain, struct kw_private_key *ret,
			 struct kw_error *err) KW_MUST_USE;
void kw_private_key_clear(struct kw_private_key *key);

/* JWK of spec key release 4.7: members in alphabetical order, no kid, alg or use; `key_ops` (a JSON
 * array or NULL) is copied if it is not empty. */
int kw_private_key_jwk(const struct kw_private_key *key, const struct kw_json *key_ops,
		       struct kw_secret *ret, struct kw_error *err) KW_MUST_USE;
/* PEM "PRIVATE KEY" (RFC 7468), 64 columns. UNW_FORMAT for oct. */
int kw_private_key_pem(const struct kw_private_key *key, struct kw_secret *ret,
		       struct kw_error *err) KW_MUST_USE;
/* The PKCS#8 bytes of the first such block, for kw_private_key_parse(). SYS_DATA. */
int kw_private_key_from_pem(struct kw_bytes pem, struct kw_secret *ret_pkcs8,
			    struct kw_error *err) KW_MUST_USE;
