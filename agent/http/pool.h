/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Idle handles with their open connections, each for one origin, so that the next request to it
 * need not connect again. kw_pool_drop() ends an origin's connections: those that are idle at once,
 * those in use when they come back. Thread-safe.
 */
#pragma once

#include "http/transfer.h"

#include <pthread.h>

enum { KW_POOL_IDLE_MAX = 4 };

struct kw_pooled {
	struct kw_handle *handle;
	size_t origin; /* row of kw_origins */
	unsigned epoch;
	int64_t idle_since_ms;
};

struct kw_pool {
	pthread_mutex_t lock;
	struct kw_pooled idle[KW_POOL_IDLE_MAX];
	size_t n_idle;
	unsigned *epochs; /* per origin */
};

void kw_pool_init(struct kw_pool *pool, size_t n_origins);
void kw_pool_clear(struct kw_pool *pool); /* a zeroed one too */

/* An idle handle of that origin, or a new one; its `handle` is NULL if libcurl has no memory. */
struct kw_pooled kw_pool_take(struct kw_pool *pool, size_t origin);
void kw_pool_give(struct kw_pool *pool, struct kw_pooled pooled, int64_t now_ms);
void kw_pool_drop(struct kw_pool *pool, size_t origin);
/* Closes what is idle since then, or longer. */
void kw_pool_trim(struct kw_pool *pool, int64_t since_ms);
