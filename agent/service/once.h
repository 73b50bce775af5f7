/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every configured key once, for init: released, its files written, or given up at a deadline. One
 * thread; progress goes to the log. Keys that are required decide; the others are tried while those
 * are waited for, and at least once.
 */
#pragma once

#include "config/config.h"
#include "keys/material.h"
#include "util/clock.h"

struct kw_once {
	const struct kw_config *config;
	const struct kw_clock *clock;
	const struct kw_random *random;
	int64_t end_ms; /* boot clock: no attempt begins after it */
	/* One attempt to release one key, which ends by `end_ms`. */
	int (*acquire)(void *ctx, const struct kw_config_key *rule, struct kw_material **ret,
		       struct kw_error *err);
	void *ctx;
};

/*
 * 0: every required key is released and its files are written. An outage is tried again until the
 * deadline; what cannot get better ends the whole: its error counts, else that of the first
 * required key that is missing. Files of keys that are not released are removed.
 */
int kw_once_run(const struct kw_once *once, struct kw_error *err) KW_MUST_USE;
