/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time and chance are passed in, so that expiry, staleness and nonces are tested without sleeping.
 * The wall clock judges claims and certificates; the boot clock (CLOCK_BOOTTIME, runs on through
 * suspend) judges waiting and staleness. Both functions may be called from any thread.
 */
#pragma once

#include "util/attributes.h"

#include <stddef.h>
#include <stdint.h>

struct kw_clock {
	int64_t (*wall_s)(void *ctx);  /* seconds since 1970 */
	int64_t (*boot_ms)(void *ctx); /* milliseconds since boot */
	void (*sleep_ms)(void *ctx, int64_t ms);
	void *ctx;
};

struct kw_random {
	void (*fill)(void *ctx, void *ret,
		     size_t len); /* cannot fail; aborts if the kernel has none */
	void *ctx;
};

extern const struct kw_clock kw_clock_system;
extern const struct kw_random kw_random_system; /* getrandom(2) */

static inline int64_t kw_wall_s(const struct kw_clock *c)
{
	return c->wall_s(c->ctx);
}
static inline int64_t kw_boot_ms(const struct kw_clock *c)
{
	return c->boot_ms(c->ctx);
}
static inline void kw_sleep_ms(const struct kw_clock *c, int64_t ms)
{
	c->sleep_ms(c->ctx, ms);
}
static inline void kw_random_fill(const struct kw_random *r, void *ret, size_t len)
{
	r->fill(r->ctx, ret, len);
}

/* "2026-01-01T00:00:00Z" into 21 characters. */
enum { KW_TIME_TEXT_SIZE = 32 };
void kw_time_text(int64_t wall_s, char ret[KW_TIME_TEXT_SIZE]);
