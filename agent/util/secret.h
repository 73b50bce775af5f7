/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys, tokens and unsealed blobs live here and nowhere else: in one arena of locked memory that is
 * not in core files, not inherited by children and wiped when given back. A struct kw_secret is
 * passed by pointer, moved with kw_secret_move() and wiped by kw_secret_clear(); there is no copy
 * function on purpose.
 *
 * The program makes the arena once with kw_arena_open(); in a library or a unit test the first
 * kw_secret_new() makes a small best-effort one. All functions may be called from any thread.
 */
#pragma once

#include "util/bytes.h"
#include "util/error.h"

struct kw_secret {
	uint8_t *data; /* in the arena; a NUL stands behind `len` */
	size_t len;
};

enum kw_lock { KW_LOCK_REQUIRED, KW_LOCK_BEST_EFFORT };

struct kw_arena_state {
	size_t size, used, peak; /* bytes */
	bool hidden;		 /* memfd_secret(2): not even the kernel's direct map has it */
	bool locked;
};

/* `size` is rounded up to whole pages. KW_E_SEC_LOCK names the limit (RLIMIT_MEMLOCK) that is
 * missing. Once is enough: a further call only checks that the arena is at least that. */
int kw_arena_open(size_t size, enum kw_lock lock, struct kw_error *err) KW_MUST_USE;
struct kw_arena_state kw_arena_state(void);

/* Zeroed bytes; KW_E_SEC_FULL when the arena has no room. `ret` must be empty. */
int kw_secret_new(size_t len, struct kw_secret *ret, struct kw_error *err) KW_MUST_USE;
/* A secret from bytes that are already elsewhere (a file's content, a TPM answer): the caller wipes
 * those. */
int kw_secret_take(struct kw_bytes from, struct kw_secret *ret, struct kw_error *err) KW_MUST_USE;
/* The texts or bytes one behind the other: request bodies that carry a token. */
int kw_secret_join(const struct kw_bytes *parts, size_t n_parts, struct kw_secret *ret,
		   struct kw_error *err) KW_MUST_USE;
void kw_secret_move(struct kw_secret *to,
		    struct kw_secret *from);		     /* clears `to` first, empties `from` */
void kw_secret_shrink(struct kw_secret *secret, size_t len); /* wipes the tail; keeps the place */
void kw_secret_clear(struct kw_secret *secret); /* wipes and empties; {0} and NULL allowed */
bool kw_secret_equal(struct kw_bytes a, struct kw_bytes b); /* constant time for equal lengths */

static inline struct kw_bytes kw_secret_bytes(const struct kw_secret *secret)
{
	return (struct kw_bytes){ secret->data, secret->len };
}

/* For stack and heap buffers that held secret bytes for a moment. The compiler cannot leave it out.
 */
void kw_wipe(void *data, size_t len);
