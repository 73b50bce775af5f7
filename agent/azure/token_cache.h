/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access tokens for their true lifetime (key release 3.5), one per key text (kind, identity,
 * audience). Whoever finds none, or one that is due, fetches it; whoever comes meanwhile waits for
 * that one answer, good or bad. Lifetimes run on the boot clock, so a change of the wall clock does
 * not matter. The tokens live in the arena. Thread-safe.
 */
#pragma once

#include "util/cleanup.h"
#include "util/clock.h"
#include "util/secret.h"

enum kw_token_age {
	KW_TOKEN_GOOD,
	KW_TOKEN_DUE, /* still valid; a new one should be fetched */
	KW_TOKEN_ENDED,
};
/* Due with less than five minutes left, or past half life if it lives longer than two hours. */
enum kw_token_age kw_token_age(int64_t fetched_ms, int64_t expires_ms, int64_t now_ms);

struct kw_fetched_token {
	struct kw_secret token;
	int64_t life_s; /* from now; 0 or less: not known, so it is used once */
};
void kw_fetched_token_clear(struct kw_fetched_token *fetched);

struct kw_token_source {
	int (*fetch)(void *ctx, struct kw_fetched_token *ret, struct kw_error *err);
	void *ctx;
};

struct kw_token_cache;
struct kw_token_cache *kw_token_cache_new(const struct kw_clock *clock);
void kw_token_cache_free(struct kw_token_cache *cache);
KW_DEFINE_FREEP(struct kw_token_cache, kw_token_cache_free);

/*
 * `fresh`: the token held was refused; it is dropped. Else a token that is merely due outlives the
 * failures of its source until its own end; the source is left alone for half a minute after each.
 */
int kw_token_cache_get(struct kw_token_cache *cache, const char *key, bool fresh,
		       const struct kw_token_source *source, struct kw_secret *ret,
		       struct kw_error *err) KW_MUST_USE;
