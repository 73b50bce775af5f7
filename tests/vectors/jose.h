/* SPDX-License-Identifier: Apache-2.0 */
/* What the handlers of jose.c share with those of tokens, answers and Wycheproof files. */
#pragma once

#include "util/secret.h"
#include "vectors/vectors.h"

/* A role's file as strict JSON; the test ends if it is none. The caller frees. */
struct kw_json *vec_json(struct vec_item *item, const char *role);
/* A member in hex; the test ends if it is none. The caller clears. */
struct kw_blob vec_hex(const struct kw_json *object, const char *name);
/* The private key of role `kek` as PKCS#8, and the bytes of its modulus. The caller clears. */
struct kw_blob vec_kek_pkcs8(struct vec_item *item, size_t *ret_modulus_size);
/* Opens the key_hsm `text` (base64url) with role `kek`: facts oaep_hash, wrapped_aes_key_bytes,
 * plaintext_bytes, plaintext_sha256. Returns the reason against it, or NULL and the key in `ret`.
 */
const char *vec_key_hsm_facts(struct vec_item *item, const char *text, struct kw_secret *ret);
