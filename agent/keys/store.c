/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/store.h"
#include "util/memory.h"
#include "util/text.h"

#include <string.h>

struct slot {
	struct kw_entry entry;
	struct kw_store_rules rules;
	char *name;
};

struct kw_store {
	const struct kw_clock *clock;
	struct slot **slots; /* each at a fixed place: readers keep pointers to entries */
	size_t n_slots;
	struct slot *
		*index;	   /* open addressing by name, so that a read does not depend on n_slots */
	size_t index_size; /* a power of two, at least twice n_slots */
	void (*changed)(void *ctx, const struct kw_entry *entry);
	void *changed_ctx;
};

const char *kw_key_state_text(enum kw_key_state state)
{
	switch (state) {
	case KW_STATE_PENDING:
		return "pending";
	case KW_STATE_READY:
		return "ready";
	case KW_STATE_STALE:
		return "stale";
	case KW_STATE_REVOKED:
		return "revoked";
	case KW_STATE_FAILED:
		return "failed";
	}
	return "failed";
}

struct kw_store *kw_store_new(const struct kw_clock *clock)
{
	struct kw_store *store = kw_alloc(sizeof(*store));

	store->clock = clock;
	return store;
}

static void drop(struct kw_material **material)
{
	kw_material_unref(*material);
	*material = NULL;
}

void kw_store_free(struct kw_store *store)
{
	if (store == NULL)
		return;
	for (size_t i = 0; i < store->n_slots; i++) {
		drop(&store->slots[i]->entry.current);
		drop(&store->slots[i]->entry.previous);
		free(store->slots[i]->name);
		free(store->slots[i]);
	}
	free(store->index);
	free(store->slots);
	free(store);
}

/* FNV-1a. Names come from the configuration, so no caller can choose collisions. */
static size_t hash(const char *name)
{
	uint64_t h = 14695981039346656037u;

	for (; *name != '\0'; name++)
		h = (h ^ (uint8_t)*name) * 1099511628211u;
	return (size_t)h;
}

/* Where `name` is or would be. */
static struct slot **place(const struct kw_store *store, const char *name)
{
	size_t i = hash(name) & (store->index_size - 1);

	while (store->index[i] != NULL && strcmp(store->index[i]->name, name) != 0)
		i = (i + 1) & (store->index_size - 1);
	return &store->index[i];
}

static struct slot *find(const struct kw_store *store, const char *name)
{
	return store->index_size > 0 ? *place(store, name) : NULL;
}

static void rebuild_index(struct kw_store *store)
{
	store->index_size = store->index_size == 0 ? 16 : 2 * store->index_size;
	free(store->index);
	store->index = kw_alloc(store->index_size * sizeof(struct slot *));
	for (size_t i = 0; i < store->n_slots; i++)
		*place(store, store->slots[i]->name) = store->slots[i];
}

void kw_store_add(struct kw_store *store, const struct kw_store_rules *rules)
{
	struct slot *slot = kw_alloc(sizeof(*slot));

	slot->name = kw_strdup(rules->name);
	slot->rules = *rules;
	slot->rules.name = slot->name;
	slot->entry = (struct kw_entry){ .name = slot->name,
					 .index = store->n_slots,
					 .required = rules->required,
					 .state = KW_STATE_PENDING,
					 .previous_until_ms = INT64_MAX };
	store->slots = kw_realloc(store->slots, (store->n_slots + 1) * sizeof(struct slot *));
	store->slots[store->n_slots++] = slot;
	if (2 * store->n_slots > store->index_size)
		rebuild_index(store);
	else
		*place(store, slot->name) = slot;
}

void kw_store_adopt(struct kw_store *to, struct kw_store *from, const char *name)
{
	struct slot *old = find(from, name), *new = find(to, name);
	struct kw_entry was;

	if (old == NULL || new == NULL)
		return;
	was = new->entry;
	new->entry = old->entry;
	new->entry.name = was.name;
	new->entry.index = was.index;
	new->entry.required = was.required;
	old->entry.current = NULL;
	old->entry.previous = NULL;
}

static void tell(struct kw_store *store, const struct slot *slot)
{
	if (store->changed != NULL)
		store->changed(store->changed_ctx, &slot->entry);
}

static bool has_material(enum kw_key_state state)
{
	return state == KW_STATE_READY || state == KW_STATE_STALE;
}

/* The version before the new one stays for `grace`. */
static void replace(struct kw_store *store, struct slot *slot, struct kw_material *material)
{
	struct kw_entry *e = &slot->entry;
	int64_t now_ms = kw_boot_ms(store->clock);

	drop(&e->previous);
	e->previous = e->current;
	e->previous_until_ms = INT64_MAX;
	if (e->previous != NULL && slot->rules.grace_ms > 0)
		e->previous_until_ms = now_ms + slot->rules.grace_ms;
	else
		drop(&e->previous);
	e->current = material;
	e->generation++;
	e->released_ms = now_ms;
}

void kw_store_publish(struct kw_store *store, const char *name, struct kw_material *material)
{
	struct slot *slot = find(store, name);
	struct kw_entry *e = slot != NULL ? &slot->entry : NULL;

	if (e == NULL) {
		kw_material_unref(material);
		return;
	}
	if (e->current != NULL && strcmp(e->current->version, material->version) == 0)
		kw_material_unref(material);
	else
		replace(store, slot, material);
	e->checked_ms = kw_boot_ms(store->clock);
	e->state = KW_STATE_READY;
	e->last_error = (struct kw_error){ 0 };
	tell(store, slot);
}

static bool is_final_before_release(const struct kw_error *err)
{
	return !kw_error_is_outage(err) && err->def->retry == KW_NEVER;
}

static void end(struct kw_entry *e, enum kw_key_state state)
{
	drop(&e->current);
	drop(&e->previous);
	e->previous_until_ms = INT64_MAX;
	e->state = state;
}

static bool past_max_stale(const struct kw_store *store, const struct slot *slot)
{
	return kw_boot_ms(store->clock) - slot->entry.checked_ms >= slot->rules.max_stale_ms;
}

void kw_store_refuse(struct kw_store *store, const char *name, const struct kw_error *err)
{
	struct slot *slot = find(store, name);
	struct kw_entry *e = slot != NULL ? &slot->entry : NULL;

	if (e == NULL)
		return;
	e->last_error = *err;
	if (!has_material(e->state)) {
		if (e->state != KW_STATE_REVOKED)
			e->state =
				is_final_before_release(err) ? KW_STATE_FAILED : KW_STATE_PENDING;
	} else if (kw_error_is_outage(err) || slot->rules.keep_when_denied) {
		if (past_max_stale(store, slot))
			end(e, KW_STATE_FAILED);
		else
			e->state = KW_STATE_STALE;
	} else {
		end(e, KW_STATE_REVOKED);
	}
	tell(store, slot);
}

static void tick(struct kw_store *store, struct slot *slot)
{
	struct kw_entry *e = &slot->entry;
	int64_t now_ms = kw_boot_ms(store->clock);

	if (e->previous != NULL && now_ms >= e->previous_until_ms) {
		drop(&e->previous);
		e->previous_until_ms = INT64_MAX;
	}
	if (has_material(e->state) && past_max_stale(store, slot)) {
		end(e, KW_STATE_FAILED);
		tell(store, slot);
	}
}

void kw_store_tick(struct kw_store *store)
{
	for (size_t i = 0; i < store->n_slots; i++)
		tick(store, store->slots[i]);
}

int64_t kw_store_next_ms(const struct kw_store *store)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < store->n_slots; i++) {
		const struct slot *slot = store->slots[i];
		const struct kw_entry *e = &slot->entry;

		if (e->previous != NULL && e->previous_until_ms < next)
			next = e->previous_until_ms;
		if (has_material(e->state) && e->checked_ms + slot->rules.max_stale_ms < next)
			next = e->checked_ms + slot->rules.max_stale_ms;
	}
	return next;
}

const struct kw_entry *kw_store_find(const struct kw_store *store, const char *name)
{
	const struct slot *slot = find(store, name);

	return slot != NULL ? &slot->entry : NULL;
}

size_t kw_store_count(const struct kw_store *store)
{
	return store->n_slots;
}

const struct kw_entry *kw_store_at(const struct kw_store *store, size_t i)
{
	return i < store->n_slots ? &store->slots[i]->entry : NULL;
}

bool kw_store_ready(const struct kw_store *store)
{
	for (size_t i = 0; i < store->n_slots; i++)
		if (store->slots[i]->entry.required && !has_material(store->slots[i]->entry.state))
			return false;
	return true;
}

void kw_store_listen(struct kw_store *store,
		     void (*changed)(void *ctx, const struct kw_entry *entry), void *ctx)
{
	store->changed = changed;
	store->changed_ctx = ctx;
}
