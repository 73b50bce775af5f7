/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes: borrowed (kw_bytes), owned (kw_blob), and the cursor through which every untrusted
 * structure is read. The cursor checks bounds in one place; a take that does not fit returns false
 * and moves nothing. Multi-byte integers name their order: _le (AMD, HCL, TCG log), _be (TPM).
 */
#pragma once

#include "util/attributes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kw_bytes {
	const uint8_t *data;
	size_t len;
};

#define KW_BYTES(array) ((struct kw_bytes){ (array), sizeof(array) })

/* Views a NUL-terminated text without its NUL; NULL gives no bytes. */
struct kw_bytes kw_bytes_text(const char *text);
bool kw_bytes_equal(struct kw_bytes a, struct kw_bytes b); /* not constant time */
bool kw_bytes_are_zero(struct kw_bytes in);

/* Owned, not secret (secrets live in util/secret.h). `{ 0 }` is empty; kw_blob_clear() frees and
 * zeroes. */
struct kw_blob {
	uint8_t *data;
	size_t len;
};

/* All abort the program when memory is out (see docs/architecture.md): small sizes only. Each
 * buffer has a NUL behind `len`, so that text may be read as a C string. */
struct kw_blob kw_blob_new(size_t len); /* zeroed */
struct kw_blob kw_blob_copy(struct kw_bytes from);
void kw_blob_append(struct kw_blob *blob, struct kw_bytes more);
void kw_blob_clear(struct kw_blob *blob);
/* Hands the bytes on and leaves nothing behind. */
struct kw_blob kw_blob_steal(struct kw_blob *blob);
static inline struct kw_bytes kw_blob_bytes(const struct kw_blob *blob)
{
	return (struct kw_bytes){ blob->data, blob->len };
}

/* Lower-case hex. `ret` holds 2 * len + 1 characters. */
void kw_hex_encode(struct kw_bytes in, char *ret);
/* Exactly 2 * len digits of either case, nothing else. */
bool kw_hex_decode(const char *text, uint8_t *ret, size_t len) KW_MUST_USE;

struct kw_cursor {
	struct kw_bytes in;
	size_t at;
};

static inline size_t kw_cursor_left(const struct kw_cursor *c)
{
	return c->in.len - c->at;
}
bool kw_take(struct kw_cursor *c, size_t n,
	     struct kw_bytes *ret) KW_MUST_USE; /* borrowed from the input */
bool kw_take_into(struct kw_cursor *c, void *ret, size_t n) KW_MUST_USE;
bool kw_take_u8(struct kw_cursor *c, uint8_t *ret) KW_MUST_USE;
bool kw_take_le16(struct kw_cursor *c, uint16_t *ret) KW_MUST_USE;
bool kw_take_le32(struct kw_cursor *c, uint32_t *ret) KW_MUST_USE;
bool kw_take_le64(struct kw_cursor *c, uint64_t *ret) KW_MUST_USE;
bool kw_take_be16(struct kw_cursor *c, uint16_t *ret) KW_MUST_USE;
bool kw_take_be32(struct kw_cursor *c, uint32_t *ret) KW_MUST_USE;
bool kw_take_be64(struct kw_cursor *c, uint64_t *ret) KW_MUST_USE;
bool kw_skip(struct kw_cursor *c, size_t n) KW_MUST_USE;
bool kw_skip_to(struct kw_cursor *c, size_t at) KW_MUST_USE; /* forward only */
