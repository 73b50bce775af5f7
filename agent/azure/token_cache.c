/* SPDX-License-Identifier: Apache-2.0 */
#include "azure/token_cache.h"

#include "util/memory.h"
#include "util/text.h"

#include <pthread.h>
#include <string.h>

enum {
	DUE_BEFORE_END_MS = 5 * 60 * 1000,
	LONG_LIFE_MS = 2 * 60 * 60 * 1000,
	LEAVE_ALONE_MS = 30 * 1000,
};

struct entry {
	struct entry *next;
	char *key;
	struct kw_secret token; /* the last one fetched; empty: none */
	int64_t fetched_ms, expires_ms;
	int64_t not_before_ms; /* of the next fetch for a token that is due */
	bool fetching;
	unsigned n_fetches;  /* that ended */
	struct kw_error err; /* of the last fetch; def NULL: it succeeded */
};

struct kw_token_cache {
	const struct kw_clock *clock;
	pthread_mutex_t lock;
	pthread_cond_t fetched;
	struct entry *entries; /* a configuration has few identities and audiences */
};

enum kw_token_age kw_token_age(int64_t fetched_ms, int64_t expires_ms, int64_t now_ms)
{
	int64_t life = expires_ms - fetched_ms;
	if (now_ms >= expires_ms)
		return KW_TOKEN_ENDED;
	if (expires_ms - now_ms < DUE_BEFORE_END_MS)
		return KW_TOKEN_DUE;
	return life > LONG_LIFE_MS && now_ms - fetched_ms > life / 2 ? KW_TOKEN_DUE : KW_TOKEN_GOOD;
}

void kw_fetched_token_clear(struct kw_fetched_token *fetched)
{
	kw_secret_clear(&fetched->token);
}

struct kw_token_cache *kw_token_cache_new(const struct kw_clock *clock)
{
	struct kw_token_cache *cache = kw_alloc(sizeof(*cache));
	cache->clock = clock;
	pthread_mutex_init(&cache->lock, NULL);
	pthread_cond_init(&cache->fetched, NULL);
	return cache;
}

void kw_token_cache_free(struct kw_token_cache *cache)
{
	if (cache == NULL)
		return;
	while (cache->entries != NULL) {
		struct entry *entry = cache->entries;
		cache->entries = entry->next;
		kw_secret_clear(&entry->token);
		free(entry->key);
		free(entry);
	}
	pthread_cond_destroy(&cache->fetched);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

/* The functions below are called with the lock held. */

static struct entry *entry_of(struct kw_token_cache *cache, const char *key)
{
	for (struct entry *entry = cache->entries; entry != NULL; entry = entry->next)
		if (strcmp(entry->key, key) == 0)
			return entry;
	struct entry *entry = kw_alloc(sizeof(*entry));
	entry->key = kw_strdup(key);
	entry->next = cache->entries;
	cache->entries = entry;
	return entry;
}

static bool is_valid(const struct entry *entry, int64_t now_ms)
{
	return entry->token.data != NULL && now_ms < entry->expires_ms;
}

static bool is_usable(const struct entry *entry, int64_t now_ms)
{
	if (entry->token.data == NULL)
		return false;
	switch (kw_token_age(entry->fetched_ms, entry->expires_ms, now_ms)) {
	case KW_TOKEN_GOOD:
		return true;
	case KW_TOKEN_DUE:
		return now_ms < entry->not_before_ms;
	case KW_TOKEN_ENDED:
		break;
	}
	return false;
}

static int give(const struct entry *entry, struct kw_secret *ret, struct kw_error *err)
{
	return kw_secret_take(kw_secret_bytes(&entry->token), ret, err);
}

/* Somebody else is fetching: their answer is ours. */
static int join(struct kw_token_cache *cache, struct entry *entry, struct kw_secret *ret,
		struct kw_error *err)
{
	unsigned before = entry->n_fetches;
	while (entry->n_fetches == before)
		pthread_cond_wait(&cache->fetched, &cache->lock);
	if (entry->token.data != NULL)
		return give(entry, ret, err);
	*err = entry->err;
	return -1;
}

static void keep(struct entry *entry, struct kw_fetched_token *fetched, int64_t now_ms)
{
	int64_t life_s = fetched->life_s > 0 ? fetched->life_s : 0;
	kw_secret_move(&entry->token, &fetched->token);
	entry->fetched_ms = now_ms;
	entry->expires_ms = now_ms + life_s * 1000;
	entry->not_before_ms = 0;
}

static void keep_failure(struct entry *entry, int64_t now_ms)
{
	if (is_valid(entry, now_ms))
		entry->not_before_ms = now_ms + LEAVE_ALONE_MS;
	else
		kw_secret_clear(&entry->token);
}

/* Lets go of the lock while it waits for the source. */
static int fetch(struct kw_token_cache *cache, struct entry *entry,
		 const struct kw_token_source *source, struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_fetched_token_clear) struct kw_fetched_token fetched = { 0 };
	struct kw_error failed = { 0 };
	entry->fetching = true;
	pthread_mutex_unlock(&cache->lock);
	int got = source->fetch(source->ctx, &fetched, &failed);
	pthread_mutex_lock(&cache->lock);

	int64_t now_ms = kw_boot_ms(cache->clock);
	if (got == 0)
		keep(entry, &fetched, now_ms);
	else
		keep_failure(entry, now_ms);
	entry->err = failed;
	entry->fetching = false;
	entry->n_fetches++;
	pthread_cond_broadcast(&cache->fetched);
	if (entry->token.data != NULL)
		return give(entry, ret, err);
	*err = failed;
	return -1;
}

static int get(struct kw_token_cache *cache, const char *key, bool fresh,
	       const struct kw_token_source *source, struct kw_secret *ret, struct kw_error *err)
{
	struct entry *entry = entry_of(cache, key);
	int64_t now_ms = kw_boot_ms(cache->clock);
	if (entry->fetching)
		return !fresh && is_valid(entry, now_ms) ? give(entry, ret, err)
							 : join(cache, entry, ret, err);
	if (fresh)
		kw_secret_clear(&entry->token);
	if (is_usable(entry, now_ms))
		return give(entry, ret, err);
	return fetch(cache, entry, source, ret, err);
}

int kw_token_cache_get(struct kw_token_cache *cache, const char *key, bool fresh,
		       const struct kw_token_source *source, struct kw_secret *ret,
		       struct kw_error *err)
{
	pthread_mutex_lock(&cache->lock);
	int failed = get(cache, key, fresh, source, ret, err);
	pthread_mutex_unlock(&cache->lock);
	return failed;
}
