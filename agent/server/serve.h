/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `keyward serve`: sockets first, then threads, then one event loop until SIGTERM or SIGINT; SIGHUP
 * reloads. Blocks
 * the caller, whose thread becomes the event thread. Process-wide hardening is the program's
 * business.
 */
#pragma once

#include "config/config.h"
#include "sandbox/sandbox.h"
#include "util/clock.h"

struct kw_serve_options {
	const struct kw_clock *clock;
	const struct kw_random *random;
	struct kw_sandbox_state sandbox; /* what is in force, for /status */
	/* The configuration as it is now, for a reload: what `now` lets this process do must be
	 * enough for it. On a worker. */
	int (*load)(void *ctx, const struct kw_config *now, struct kw_config **ret,
		    struct kw_error *err);
	void *load_ctx;
	/* When the stop comes while a required key is not there: why. Not called otherwise; or
	 * NULL. */
	void (*unready)(void *ctx, const struct kw_error *why);
	void *unready_ctx;
};

int kw_serve(const struct kw_config *config, const struct kw_serve_options *options,
	     struct kw_error *err) KW_MUST_USE;
