/* SPDX-License-Identifier: Apache-2.0 */
#include "service/pause.h"

enum {
	FIRST_MS = 1000, /* upstreams have had their own retries before a release fails */
	MAX_MS = 60 * 1000,
	DOUBLINGS_MAX = 6, /* beyond it MAX_MS decides */
	CHANCE_BITS = 20,  /* few enough for a product with centuries of milliseconds */
};

int64_t kw_share_ms(const struct kw_random *random, int64_t ms)
{
	uint32_t chance = 0;

	kw_random_fill(random, &chance, sizeof(chance));
	chance >>= 32 - CHANCE_BITS;
	return (int64_t)(((uint64_t)ms * chance) >> CHANCE_BITS);
}

int64_t kw_jittered_ms(const struct kw_random *random, int64_t ms)
{
	return ms / 2 + kw_share_ms(random, ms - ms / 2);
}

int64_t kw_pause_ms(const struct kw_random *random, unsigned n_failures, const struct kw_error *err)
{
	unsigned doublings = n_failures < DOUBLINGS_MAX ? n_failures : DOUBLINGS_MAX;
	int64_t ms = (int64_t)FIRST_MS << doublings;

	return (int64_t)err->upstream.retry_after_s * 1000
	       + kw_jittered_ms(random, ms < MAX_MS ? ms : MAX_MS);
}
