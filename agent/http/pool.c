/* SPDX-License-Identifier: Apache-2.0 */
#include "http/pool.h"

#include "util/memory.h"

void kw_pool_init(struct kw_pool *pool, size_t n_origins)
{
	*pool = (struct kw_pool){ .epochs = kw_alloc(n_origins * sizeof(*pool->epochs)) };
	pthread_mutex_init(&pool->lock, NULL);
}

void kw_pool_clear(struct kw_pool *pool)
{
	if (pool->epochs == NULL)
		return;
	for (size_t i = 0; i < pool->n_idle; i++)
		kw_handle_free(pool->idle[i].handle);
	pthread_mutex_destroy(&pool->lock);
	free(pool->epochs);
	*pool = (struct kw_pool){ 0 };
}

/* With the lock held. */
static struct kw_pooled take_idle(struct kw_pool *pool, size_t at)
{
	struct kw_pooled taken = pool->idle[at];
	pool->idle[at] = pool->idle[--pool->n_idle];
	return taken;
}

struct kw_pooled kw_pool_take(struct kw_pool *pool, size_t origin)
{
	pthread_mutex_lock(&pool->lock);
	struct kw_pooled taken = { .origin = origin, .epoch = pool->epochs[origin] };
	for (size_t i = 0; i < pool->n_idle && taken.handle == NULL; i++)
		if (pool->idle[i].origin == origin)
			taken = take_idle(pool, i);
	pthread_mutex_unlock(&pool->lock);

	if (taken.handle == NULL)
		taken.handle = kw_handle_new();
	return taken;
}

void kw_pool_give(struct kw_pool *pool, struct kw_pooled pooled, int64_t now_ms)
{
	struct kw_handle *unwanted = pooled.handle;
	pooled.idle_since_ms = now_ms;
	pthread_mutex_lock(&pool->lock);
	if (pooled.epoch == pool->epochs[pooled.origin]) {
		unwanted = NULL;
		if (pool->n_idle == KW_POOL_IDLE_MAX)
			unwanted = take_idle(pool, 0).handle;
		pool->idle[pool->n_idle++] = pooled;
	}
	pthread_mutex_unlock(&pool->lock);
	kw_handle_free(unwanted);
}

/* Goodbyes are said outside the lock, because they go to the peer. */
struct unwanted {
	struct kw_handle *handles[KW_POOL_IDLE_MAX];
	size_t n;
};

static void unwanted_free(struct unwanted *unwanted)
{
	while (unwanted->n > 0)
		kw_handle_free(unwanted->handles[--unwanted->n]);
}

void kw_pool_drop(struct kw_pool *pool, size_t origin)
{
	KW_CLEANUP(unwanted_free) struct unwanted unwanted = { 0 };
	pthread_mutex_lock(&pool->lock);
	pool->epochs[origin]++;
	for (size_t i = pool->n_idle; i > 0; i--)
		if (pool->idle[i - 1].origin == origin)
			unwanted.handles[unwanted.n++] = take_idle(pool, i - 1).handle;
	pthread_mutex_unlock(&pool->lock);
}

void kw_pool_trim(struct kw_pool *pool, int64_t since_ms)
{
	KW_CLEANUP(unwanted_free) struct unwanted unwanted = { 0 };
	pthread_mutex_lock(&pool->lock);
	for (size_t i = pool->n_idle; i > 0; i--)
		if (pool->idle[i - 1].idle_since_ms <= since_ms)
			unwanted.handles[unwanted.n++] = take_idle(pool, i - 1).handle;
	pthread_mutex_unlock(&pool->lock);
}
