/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lab's own JOSE and crypto helpers: signing and opening compact JWS, JWKs, digests, key wrap.
 * What can only fail on a broken library ends the lab. Thread-safe.
 */
#pragma once

#include "lab.h"
#include "util/bytes.h"
#include "util/json.h"

#include <openssl/x509.h>

enum { LAB_SHA256_SIZE = 32, LAB_SHA1_SIZE = 20 };

void lab_sha256(struct kw_bytes in, uint8_t ret[LAB_SHA256_SIZE]);
void lab_sha1(struct kw_bytes in, uint8_t ret[LAB_SHA1_SIZE]);
struct kw_blob lab_random(size_t len);
/* `n` random bytes in hex, owned. */
char *lab_random_hex(size_t n);
/* base64url (unpadded) and standard base64 of bytes, owned. */
char *lab_b64url(struct kw_bytes in);
char *lab_b64(struct kw_bytes in);
/* A member of the base64 text of bytes. */
void lab_add_b64url(struct kw_json *object, const char *name, struct kw_bytes in);
void lab_add_b64(struct kw_json *container, const char *name, struct kw_bytes in);

struct kw_blob lab_cert_der(X509 *cert);

/* Compact serialisation of header and payload, not signed yet: "part1.part2", owned. */
char *lab_jws_input(const struct kw_json *header, const struct kw_json *payload);
/* RSASSA-PKCS1-v1_5 with SHA-256 over `input`: "input.signature", owned. */
char *lab_jws_sign(const char *input, EVP_PKEY *key);
/* The same with HMAC-SHA256, for a token that must not be believed. */
char *lab_jws_hmac(const char *input, struct kw_bytes key);
/* Three parts, header and payload JSON objects. False: `ret_why` says what is wrong with it. */
struct lab_jws {
	struct kw_json *header, *payload;
	struct kw_bytes input; /* in the token that was opened */
	struct kw_blob signature;
};
bool lab_jws_open(const char *token, struct lab_jws *ret, const char **ret_why);
bool lab_jws_verify(const struct lab_jws *jws, EVP_PKEY *key); /* RS256, RSA keys only */
void lab_jws_clear(struct lab_jws *jws);

/* The public members of a key (kty, n, e or crv, x, y) into a JWK. */
void lab_jwk_add_public(struct kw_json *jwk, EVP_PKEY *key);
/* A public RSA key from big-endian numbers; NULL if they are none. Owned. */
EVP_PKEY *lab_rsa_public(struct kw_bytes n, struct kw_bytes e);
struct kw_blob lab_rsa_modulus(EVP_PKEY *key); /* minimal big endian; empty for other keys */
EVP_PKEY *lab_rsa_generate(unsigned bits);
EVP_PKEY *lab_ec_generate(const char *curve);  /* JOSE name; NULL: unknown */
EVP_PKEY *lab_ec_generate_like(EVP_PKEY *key); /* on the same curve */
/* A private key from a JWK with kty RSA or EC; NULL if it is none. */
EVP_PKEY *lab_jwk_private(const struct kw_json *jwk);

/* RSA encryption, OAEP with that digest for label and MGF1, NULL: PKCS #1 v1.5. */
struct kw_blob lab_rsa_encrypt(EVP_PKEY *key, const char *oaep_digest, struct kw_bytes in);
/* RFC 5649 with an AES key of 16 or 32 bytes. */
struct kw_blob lab_kwp_wrap(struct kw_bytes key, struct kw_bytes in);
/* AES-256-GCM; the tag is 16 bytes. */
struct kw_blob lab_gcm_seal(struct kw_bytes key, struct kw_bytes iv, const char *aad,
			    struct kw_bytes in, uint8_t ret_tag[16]);
