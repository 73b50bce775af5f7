/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper sees that the store holds what the configuration asks for: it releases every key at
 * start, follows rotation at `refresh`, tries again after failures with growing, jittered pauses,
 * and tells outage from denial to the store. It lives on the event thread; the work is done by
 * jobs, one per key at a time. The job that released a key writes its output files before it hands
 * the result back; when the store holds nothing of a key (at start, too), a job removes them.
 */
#pragma once

#include "keys/store.h"
#include "service/jobs.h"
#include "service/service.h"

struct kw_keeper;
struct kw_keeper_parts { /* all outlive the keeper */
	const struct kw_config *config;
	struct kw_service *service;
	struct kw_jobs *workers;
	struct kw_store *store;
	const struct kw_clock *clock;
	const struct kw_random *random;
	struct kw_counters *counters; /* or NULL */
};
/* Adds every configured key to the store as pending. */
struct kw_keeper *kw_keeper_new(const struct kw_keeper_parts *parts);
void kw_keeper_free(struct kw_keeper *keeper); /* after the workers were joined */
KW_DEFINE_FREEP(struct kw_keeper, kw_keeper_free);

/* Starts what is due. Call first thing, and when kw_keeper_next_ms() has come. */
void kw_keeper_tick(struct kw_keeper *keeper);
int64_t
kw_keeper_next_ms(const struct kw_keeper *keeper); /* boot clock; INT64_MAX: nothing is due */
/* Every required key is in the store, and its output files are written. */
bool kw_keeper_ready(const struct kw_keeper *keeper);
/* For a reload: starts nothing any more, and what still comes back is dropped. */
void kw_keeper_retire(struct kw_keeper *keeper);
/* Takes over the schedule of a key from a retired keeper; `now`: it is released at once, for its
 * files. */
void kw_keeper_adopt(struct kw_keeper *to, const struct kw_keeper *from, const char *name,
		     bool now);
/* Asks for one key now, unless it is on its way. */
void kw_keeper_hurry(struct kw_keeper *keeper, const char *name);
