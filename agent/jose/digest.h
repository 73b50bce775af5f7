/* SPDX-License-Identifier: Apache-2.0 */
/* The SHA family over one or several pieces (OpenSSL EVP). Cannot fail but for a broken library:
 * aborts then. */
#pragma once

#include "util/bytes.h"

enum kw_hash { KW_SHA1, KW_SHA256, KW_SHA384, KW_SHA512 };
enum { KW_SHA256_SIZE = 32, KW_SHA384_SIZE = 48, KW_DIGEST_MAX = 64 };

size_t kw_hash_size(enum kw_hash hash);
const char *kw_hash_name(enum kw_hash hash); /* "sha256" */
/* `ret` holds kw_hash_size() bytes. */
void kw_digest(enum kw_hash hash, struct kw_bytes in, uint8_t *ret);
void kw_digest_parts(enum kw_hash hash, const struct kw_bytes *parts, size_t n_parts, uint8_t *ret);
