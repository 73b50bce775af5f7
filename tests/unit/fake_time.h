/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A clock that only moves when somebody sleeps, and a random source that gives one byte for ever:
 * waiting costs no time and jitter is known. May be used from several threads.
 */
#pragma once

#include "util/clock.h"

#include <stdatomic.h>
#include <string.h>

struct fake_time {
	_Atomic int64_t wall_s, boot_ms, slept_ms;
	unsigned char chance;
};

static inline int64_t fake_wall_s(void *ctx)
{
	struct fake_time *time = ctx;
	return atomic_load(&time->wall_s);
}

static inline int64_t fake_boot_ms(void *ctx)
{
	struct fake_time *time = ctx;
	return atomic_load(&time->boot_ms);
}

static inline void fake_sleep_ms(void *ctx, int64_t ms)
{
	struct fake_time *time = ctx;
	atomic_fetch_add(&time->boot_ms, ms);
	atomic_fetch_add(&time->slept_ms, ms);
}

static inline void fake_random_fill(void *ctx, void *ret, size_t len)
{
	struct fake_time *time = ctx;
	memset(ret, time->chance, len);
}

static inline struct kw_clock fake_clock(struct fake_time *time)
{
	return (struct kw_clock){ fake_wall_s, fake_boot_ms, fake_sleep_ms, time };
}

static inline struct kw_random fake_random(struct fake_time *time)
{
	return (struct kw_random){ fake_random_fill, time };
}
