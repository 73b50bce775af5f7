/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public keys and the plain signature checks below JOSE, TPM and SNP structures. One opaque type
 * for all sources: JWK members, SubjectPublicKeyInfo, an X.509 certificate, raw RSA numbers of a
 * TPMT_PUBLIC. Private halves are in jose/private_key.h.
 */
#pragma once

#include "jose/digest.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/json.h"

struct kw_public_key;

enum kw_kty { KW_KTY_RSA, KW_KTY_EC, KW_KTY_OCT };
enum kw_curve { KW_CURVE_NONE, KW_P256, KW_P384, KW_P521, KW_P256K };

/* RSA of 1024 to 16384 bits with an odd exponent; EC points on their curve. Fails with `error`. A
 * JWK's kty may be the vault's word, RSA-HSM or EC-HSM. */
int kw_public_key_from_jwk(const struct kw_json *jwk, enum kw_error_name error,
			   struct kw_public_key **ret, struct kw_error *err) KW_MUST_USE;
int kw_public_key_from_rsa(struct kw_bytes n, uint32_t e, enum kw_error_name error,
			   struct kw_public_key **ret, struct kw_error *err) KW_MUST_USE;
int kw_public_key_from_spki(struct kw_bytes der, enum kw_error_name error,
			    struct kw_public_key **ret, struct kw_error *err) KW_MUST_USE;
int kw_public_key_from_pem(struct kw_bytes pem, enum kw_error_name error,
			   struct kw_public_key **ret,
			   struct kw_error *err) KW_MUST_USE; /* PUBLIC KEY */
void kw_public_key_free(struct kw_public_key *key);
KW_DEFINE_FREEP(struct kw_public_key, kw_public_key_free);

enum kw_kty kw_public_key_type(const struct kw_public_key *key);
enum kw_curve kw_public_key_curve(const struct kw_public_key *key); /* KW_CURVE_NONE for RSA */
unsigned kw_public_key_bits(const struct kw_public_key *key);
bool kw_public_key_equal(const struct kw_public_key *a, const struct kw_public_key *b);
/* RSA modulus, big endian without leading zeros; empty for EC. Caller clears. */
struct kw_blob kw_public_key_modulus(const struct kw_public_key *key);
struct kw_blob kw_public_key_spki(const struct kw_public_key *key); /* DER */
char *kw_public_key_pem(const struct kw_public_key *key); /* 64-column PUBLIC KEY, owned */
/* A JWK of the public members alone: kty, n, e or kty, crv, x, y. */
struct kw_json *kw_public_key_jwk(const struct kw_public_key *key);
/* RFC 7638, SHA-256, base64url; owned. */
char *kw_public_key_thumbprint(const struct kw_public_key *key);

/* True: verified. PKCS#1 v1.5; the length of the signature must be that of the modulus. */
bool kw_verify_rsa_pkcs1(const struct kw_public_key *key, enum kw_hash hash, struct kw_bytes data,
			 struct kw_bytes signature);
/* PSS with MGF1 of the same hash; salt_len as given. */
bool kw_verify_rsa_pss(const struct kw_public_key *key, enum kw_hash hash, int salt_len,
		       struct kw_bytes data, struct kw_bytes signature);
/* ECDSA with r and s as big-endian halves of equal length (RFC 7518 3.4, IEEE P1363). */
bool kw_verify_ecdsa(const struct kw_public_key *key, enum kw_hash hash, struct kw_bytes data,
		     struct kw_bytes r_and_s);

/* RSA public-key encryption, for Encrypt and tests: OAEP with MGF1 of the same hash and an empty
 * label. */
int kw_encrypt_rsa_oaep(const struct kw_public_key *key, enum kw_hash hash, struct kw_bytes plain,
			struct kw_blob *ret, struct kw_error *err) KW_MUST_USE;
/* PKCS#1 v1.5, which the published guest attestation calls mean when they name no padding. */
int kw_encrypt_rsa_pkcs1(const struct kw_public_key *key, struct kw_bytes plain,
			 struct kw_blob *ret, struct kw_error *err) KW_MUST_USE;
