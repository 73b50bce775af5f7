/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait before a key is asked for again. Pure; any thread. */
#pragma once

#include "util/clock.h"
#include "util/error.h"

/*
 * After `n_failures` failures in a row before this one: from a second, doubling, to a minute, and
 * of that a random share. What the upstream asked for (Retry-After) comes before it, whole: nobody
 * is asked sooner than that.
 */
int64_t kw_pause_ms(const struct kw_random *random, unsigned n_failures,
		    const struct kw_error *err);
/* A share of `ms` between nothing and the whole. */
int64_t kw_share_ms(const struct kw_random *random, int64_t ms);
/* A share of `ms` between a half and the whole, so that pods started together drift apart. */
int64_t kw_jittered_ms(const struct kw_random *random, int64_t ms);
