/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store: what has been released, and nothing else. It belongs to the event thread; others hand
 * results to that thread. Readers get references to immutable material.
 *
 *   pending --publish--> ready --outage--> stale --outage past maxStale--> failed
 *      |                   \------------ denial ------------> revoked
 *      '-- refuse: stays pending (retried) or failed (final) until published
 */
#pragma once

#include "keys/material.h"
#include "util/clock.h"
#include "util/error.h"

enum kw_key_state {
	KW_STATE_PENDING,
	KW_STATE_READY,
	KW_STATE_STALE,
	KW_STATE_REVOKED,
	KW_STATE_FAILED
};
const char *kw_key_state_text(enum kw_key_state state);

struct kw_store_rules { /* of one key */
	const char *name;
	bool required;
	int64_t max_stale_ms, grace_ms;
	bool keep_when_denied;
};

struct kw_entry { /* read-only outside the store */
	const char *name;
	size_t index; /* its place in the store, for good */
	bool required;
	enum kw_key_state state;
	struct kw_material *current, *previous; /* NULL: none */
	uint64_t generation; /* grows with each published version; ETag is version.generation */
	int64_t released_ms, checked_ms; /* boot clock: of this version; of the last success */
	int64_t previous_until_ms;
	struct kw_error last_error; /* why it is pending, stale, revoked or failed */
};

struct kw_store;
struct kw_store *kw_store_new(const struct kw_clock *clock);
void kw_store_free(struct kw_store *store); /* wipes all */
KW_DEFINE_FREEP(struct kw_store, kw_store_free);
void kw_store_add(struct kw_store *store, const struct kw_store_rules *rules); /* state pending */

/* At a reload: what `from` holds of this key becomes what `to` has, which was pending until now. */
void kw_store_adopt(struct kw_store *to, struct kw_store *from, const char *name);

/* A release succeeded; takes the reference. The same version again refreshes `checked` alone. */
void kw_store_publish(struct kw_store *store, const char *name, struct kw_material *material);
/* A release failed: outage makes stale, denial revokes (or keeps, as configured), before the first
 * success it stays pending, or becomes failed if the error is final. */
void kw_store_refuse(struct kw_store *store, const char *name, const struct kw_error *err);
/* Lets time pass: grace, and maxStale since the last success, whether or not an outage was seen.
 * Call when kw_store_next_ms() is due. */
void kw_store_tick(struct kw_store *store);
int64_t kw_store_next_ms(const struct kw_store *store); /* boot clock; INT64_MAX: nothing is due */

const struct kw_entry *kw_store_find(const struct kw_store *store, const char *name);
size_t kw_store_count(const struct kw_store *store);
const struct kw_entry *kw_store_at(const struct kw_store *store, size_t i);
bool kw_store_ready(const struct kw_store *store); /* every required key is ready or stale */
/* Called on the event thread after each change of an entry (wakes waiters). One
 * listener. */
void kw_store_listen(struct kw_store *store,
		     void (*changed)(void *ctx, const struct kw_entry *entry), void *ctx);
