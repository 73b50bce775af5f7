/* SPDX-License-Identifier: Apache-2.0 */
/* The client's own state, for client.c (making and ending it) and call.c (using it). */
#pragma once

#include "http/breaker.h"
#include "http/origins.h"
#include "http/pool.h"

struct kw_http_counters {
	_Atomic uint64_t calls, attempts, retries, transport_errors;
};

/* What is known of an origin's host; below kw_http.lock. */
struct kw_host {
	struct kw_breaker breaker;
	int64_t quiet_until_ms;	     /* it named a Retry-After */
	char resolved[KW_HOST_SIZE]; /* whose addresses: the proxy's, say */
	struct kw_addresses addresses;
	int64_t addresses_until_ms;
};

struct kw_http {
	const struct kw_config *config;
	const struct kw_clock *clock;
	const struct kw_random *random;
	struct kw_origins origins;
	struct kw_roots roots;
	struct kw_pool pool;
	pthread_mutex_t lock;
	struct kw_host *hosts; /* one per origin */
	atomic_bool cancelled;
	int64_t end_by_ms;   /* INT64_MAX: never */
	int64_t patience_ms; /* INT64_MAX: without end */
	struct kw_http_counters counters[KW_N_UPSTREAMS];
	struct kw_counters *counted; /* or NULL */
};

/* Status, request id and Retry-After; the code is in the body. */
void kw_http_upstream_fill(const struct kw_http_answer *answer, struct kw_error_upstream *ret);
