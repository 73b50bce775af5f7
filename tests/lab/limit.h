/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Throttling as the platform does it: so many requests in a window, then 429 with the seconds that
 * are left of it. Thread-safe.
 */
#pragma once

#include "http_server.h"

#include <pthread.h>

struct lab_limit {
	struct lab_rate rate; /* n 0: none */
	pthread_mutex_t lock; /* of what follows */
	long n_left;
	int64_t window_ends_ms;
};
#define LAB_LIMIT_INITIALIZER                     \
	{                                         \
		.lock = PTHREAD_MUTEX_INITIALIZER \
	}

/* Counts one request; gives 0, or after how many seconds the client may come back. */
long lab_limit_take(struct lab_limit *limit);
