/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JWE (RFC 7516) as sealed secrets use it: compact or flattened JSON, everything that matters in
 * the protected header, no compression. Parsed but not believed: what the header says counts once
 * the tag has been verified. Algorithms are those of the two tables here and no others; RSA1_5,
 * AES-CBC and passwords are not among them.
 */
#pragma once

#include "jose/public_key.h"
#include "util/secret.h"

enum { KW_JWE_PLAIN_MAX = 128 * 1024, KW_JWE_TEXT_MAX = 256 * 1024 };

struct kw_jwe_alg {
	const char *name;
	enum kw_kty kty;
	enum kw_hash oaep; /* RSA */
	size_t key_size;   /* of the AES key that wraps; 0: none does */
};
struct kw_jwe_enc {
	const char *name;
	size_t key_size;
};
const struct kw_jwe_alg *kw_jwe_alg_find(const char *name); /* NULL: not allowed */
const struct kw_jwe_enc *kw_jwe_enc_find(const char *name);

struct kw_jwe {
	struct kw_json *header;	    /* the protected one */
	struct kw_json *epk;	    /* not protected; NULL: it is in the header, or not needed */
	struct kw_blob header_text; /* its base64url, which is authenticated */
	const struct kw_jwe_alg *alg;
	const struct kw_jwe_enc *enc;
	struct kw_blob key, iv, ciphertext, tag;
};
/* UNW_JWE_FORM: no JWE, a header that says more than it may, an algorithm that is not allowed. */
int kw_jwe_parse(struct kw_bytes text, struct kw_jwe *ret, struct kw_error *err) KW_MUST_USE;
void kw_jwe_clear(struct kw_jwe *jwe);

/* `key` is PKCS#8, or the raw bytes of an oct key. UNW_JWE_OPEN, whatever is wrong. */
int kw_jwe_open(const struct kw_jwe *jwe, enum kw_kty kty, struct kw_bytes key,
		struct kw_secret *ret, struct kw_error *err) KW_MUST_USE;

/* Compact, for a public key: RSA-OAEP-256 or ECDH-ES+A256KW, A256GCM. `header` (borrowed, without
 * `alg`, `enc` and `epk`) becomes part of the protected header. */
int kw_jwe_seal(const struct kw_public_key *to, const struct kw_json *header, struct kw_bytes plain,
		char **ret, struct kw_error *err) KW_MUST_USE;
