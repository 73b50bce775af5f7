/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The published files: the event log, the collateral of this chip and a word on both. A look reads
 * PCRs and report of the TPM, holds the log against the PCRs, fetches collateral when the report or
 * its age asks for it, verifies it, and writes what is not there yet. It waits for the TPM, for
 * upstreams and for the file system, so it is made on a worker, one at a time; the result may be
 * read while none is under way. Nothing here is secret, and whoever uses the files verifies them
 * again.
 */
#pragma once

#include "config/config.h"
#include "http/client.h"
#include "node/part.h"
#include "util/clock.h"

enum { KW_NODE_PCRS = 8 /* 0 to 7, which attestation rests on */ };

struct kw_published {
	struct kw_part tpm, event_log, collateral, config_map;
	bool log_replays;
	uint32_t pcrs_that_differ;		    /* from the log; bit mask */
	uint64_t pcr_changes[KW_NODE_PCRS];	    /* between two looks, since the start */
	int64_t log_read_ms, collateral_fetched_ms; /* boot clock; 0: never */
	uint64_t n_patches, n_patches_failed;
	struct kw_http_stats thim;
	int64_t next_ms; /* boot clock: when to look again */
};

struct kw_publisher;
struct kw_publisher_parts { /* all outlive it */
	const struct kw_config *config;
	const struct kw_clock *clock;
	const struct kw_random *random;
};
int kw_publisher_new(const struct kw_publisher_parts *parts, struct kw_publisher **ret,
		     struct kw_error *err) KW_MUST_USE;
void kw_publisher_free(struct kw_publisher *publisher); /* leaves the files */
KW_DEFINE_FREEP(struct kw_publisher, kw_publisher_free);

void kw_publisher_look(struct kw_publisher *publisher);
const struct kw_published *kw_publisher_result(const struct kw_publisher *publisher);
/* A look that is under way ends soon. From any thread. */
void kw_publisher_cancel(struct kw_publisher *publisher);
