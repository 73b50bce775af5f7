/* SPDX-License-Identifier: Apache-2.0 */
#include "limit.h"

#include <time.h>

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

long lab_limit_take(struct lab_limit *limit)
{
	int64_t now = now_ms();
	long wait_s = 0;

	if (limit->rate.n == 0)
		return 0;
	pthread_mutex_lock(&limit->lock);
	if (now >= limit->window_ends_ms) {
		limit->window_ends_ms = now + (int64_t)limit->rate.window_s * 1000;
		limit->n_left = limit->rate.n;
	}
	if (limit->n_left > 0)
		limit->n_left--;
	else
		wait_s = (long)((limit->window_ends_ms - now + 999) / 1000);
	pthread_mutex_unlock(&limit->lock);
	return wait_s;
}
