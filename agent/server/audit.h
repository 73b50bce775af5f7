/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit record (`audit.path`): one JSON line for each time that somebody asked for key
 * material, had a key used or the machine attested. The event thread appends it with one write that
 * never waits; nothing is synced. A line that did not fit (disk full, pipe full) is closed by the
 * next one.
 */
#pragma once

#include "server/server.h"

/* Opens or makes the file, mode 0600. Without `audit.path` there is no audit: NULL. SRV_AUDIT. */
int kw_audit_open(const struct kw_config *config, const struct kw_clock *clock,
		  struct kw_audit **ret, struct kw_error *err) KW_MUST_USE;
void kw_audit_free(struct kw_audit *audit);

struct kw_audit_record {
	const struct kw_caller *caller;
	const char *key, *version; /* NULL: no key is meant; none was reached */
	const char *action;  /* "get", "release", "decrypt", "sign", "unwrap", "attest", ... */
	const char *outcome; /* "ok", or the id of the refusal */
};

/* False: the line was not written; the log says why, once. */
bool kw_audit_write(struct kw_audit *audit, const struct kw_audit_record *record);
