/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a long-lived process counts for its operators: outcomes and durations of the work that
 * leaves it. One struct per process, made by the server and outliving every reload; who does the
 * work gets a pointer, and NULL (commands, the library) counts nothing. Any thread may add at any
 * time.
 */
#pragma once

#include "util/error.h"

#include <stdatomic.h>
#include <stdint.h>

/* Upper bounds in milliseconds; what is longer goes into one more bucket. */
enum { KW_HISTOGRAM_BOUNDS = 11, KW_HISTOGRAM_BUCKETS = KW_HISTOGRAM_BOUNDS + 1 };
extern const int64_t kw_histogram_bounds_ms[KW_HISTOGRAM_BOUNDS];

struct kw_histogram {
	_Atomic uint64_t buckets[KW_HISTOGRAM_BUCKETS]; /* each by itself, not cumulative */
	_Atomic uint64_t sum_ms;
};
/* NULL allowed. A negative duration (a clock that was set) counts as none. */
void kw_histogram_add(struct kw_histogram *histogram, int64_t ms);

enum kw_count_outcome { KW_COUNT_OK, KW_COUNT_OUTAGE, KW_COUNT_DENIED, KW_N_COUNT_OUTCOMES };
const char *kw_count_outcome_text(enum kw_count_outcome outcome);
/* `err` of what failed; NULL or empty: it succeeded. */
enum kw_count_outcome kw_count_outcome_of(const struct kw_error *err);

enum kw_counted_cache { KW_COUNTED_SESSION, KW_COUNTED_COLLATERAL, KW_N_COUNTED_CACHES };

enum {
	KW_COUNTED_UPSTREAMS = 8, /* enum kw_upstream */
	KW_COUNTED_CODES = 16,	  /* kw_counted_code(); the last is for all others */
};
/* "200", "429", "none" (no answer came), "other": a label with few values. */
const char *kw_counted_code_text(size_t i);

struct kw_counters {
	struct kw_histogram releases[KW_N_COUNT_OUTCOMES], attestations[KW_N_COUNT_OUTCOMES];
	struct kw_histogram tpm_waits; /* how long a transaction waited for the TPM worker */
	_Atomic uint64_t upstreams[KW_COUNTED_UPSTREAMS][KW_COUNTED_CODES];
	_Atomic uint64_t retries[KW_COUNTED_UPSTREAMS];
	_Atomic uint64_t breaker_refusals[KW_COUNTED_UPSTREAMS];
	_Atomic uint64_t cache_hits[KW_N_COUNTED_CACHES], cache_misses[KW_N_COUNTED_CACHES];
	_Atomic uint64_t revocations, audit_failures, reloads[2]; /* reloads: taken, refused */
};

/* One attempt of an upstream call; status 0: no answer came. NULL allowed, as everywhere here. */
void kw_count_attempt(struct kw_counters *counters, size_t upstream, int status);
void kw_count_cache(struct kw_counters *counters, enum kw_counted_cache cache, bool hit);
static inline void kw_count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}
