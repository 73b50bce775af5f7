/* SPDX-License-Identifier: Apache-2.0 */
/* Crypto-agile TCG event log (TCG PC Client Platform Firmware Profile 10.4.5): parse, replay,
 * compare. */
#pragma once

#include "evidence/tpm_structures.h"

enum { KW_EVENT_LOG_SIZE_MAX = 1 << 20, KW_EVENT_BANKS_MAX = 8, KW_EVENT_TYPES_MAX = 64 };

struct kw_event_log {
	uint16_t algorithms[KW_EVENT_BANKS_MAX]; /* of the header, in its order */
	uint16_t digest_sizes[KW_EVENT_BANKS_MAX];
	size_t n_algorithms;
	size_t n_events;      /* behind the header event */
	size_t trailing;      /* filler (zeros or 0xff) behind the last event */
	int startup_locality; /* -1: none */
	struct kw_pcr_values
		pcrs[3]; /* replayed: SHA-1, SHA-256, SHA-384; only PCRs that were extended */
	struct {
		uint32_t type, count;
	} types[KW_EVENT_TYPES_MAX];
	size_t n_types;
	unsigned variable_digest_differs; /* a statistic: see vectors */
	int secure_boot;		  /* 1, 0, -1: from the SecureBoot variable event */
};
/* TPM_LOG_FORM. */
int kw_event_log_parse(struct kw_bytes in, struct kw_event_log *ret,
		       struct kw_error *err) KW_MUST_USE;
/* Those of `pcrs` (bit mask) whose SHA-256 value is another than the log's; without such digests in
 * the log, all that are not zero. */
uint32_t kw_event_log_differs(const struct kw_event_log *log, const struct kw_pcr_values *sha256,
			      uint32_t pcrs);
struct kw_event {
	uint32_t pcr, type;
	struct kw_bytes digests[KW_EVENT_BANKS_MAX]; /* by the header's algorithms; borrowed */
	struct kw_bytes data;
};

/* The same, and every event behind the header on the way, as it is read: `log` knows the banks. */
typedef void kw_event_fn(void *ctx, const struct kw_event_log *log, const struct kw_event *event);
int kw_event_log_walk(struct kw_bytes in, kw_event_fn *each, void *ctx, struct kw_event_log *ret,
		      struct kw_error *err) KW_MUST_USE;
/* Each of `pcrs` (bit mask) replays to its SHA-256 value; the row names the PCRs that differ.
 * TPM_PCR_EXTENDED if others of them replay, so that the log is this boot's: somebody extended
 * those behind its back (or bent their part of it). TPM_LOG_REPLAY if none does. */
void kw_event_log_judge(const struct kw_event_log *log, const struct kw_pcr_values *sha256,
			uint32_t pcrs, struct kw_checks *checks);
