/* SPDX-License-Identifier: Apache-2.0 */
#include "util/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

enum { MS_PER_S = 1000, NS_PER_MS = 1000000 };

static int64_t system_wall_s(void *ctx)
{
	struct timespec now = { 0 };

	(void)ctx;
	if (clock_gettime(CLOCK_REALTIME, &now) < 0)
		abort();
	return now.tv_sec;
}

static int64_t system_boot_ms(void *ctx)
{
	struct timespec now = { 0 };

	(void)ctx;
	if (clock_gettime(CLOCK_BOOTTIME, &now) < 0)
		abort();
	return (int64_t)now.tv_sec * MS_PER_S + now.tv_nsec / NS_PER_MS;
}

static void system_sleep_ms(void *ctx, int64_t ms)
{
	struct timespec left = { ms / MS_PER_S, ms % MS_PER_S * NS_PER_MS };

	(void)ctx;
	while (ms > 0 && clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
}

static void system_fill(void *ctx, void *ret, size_t len)
{
	unsigned char *to = ret;

	(void)ctx;
	while (len > 0) {
		ssize_t n = getrandom(to, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			abort();
		to += n;
		len -= (size_t)n;
	}
}

const struct kw_clock kw_clock_system = { system_wall_s, system_boot_ms, system_sleep_ms, NULL };
const struct kw_random kw_random_system = { system_fill, NULL };

void kw_time_text(int64_t wall_s, char ret[KW_TIME_TEXT_SIZE])
{
	struct tm t = { 0 };
	time_t seconds = wall_s;
	int n = -1;

	if (gmtime_r(&seconds, &t))
		n = snprintf(ret, KW_TIME_TEXT_SIZE, "%04lld-%02d-%02dT%02d:%02d:%02dZ",
			     t.tm_year + 1900LL, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min,
			     t.tm_sec);
	if (n < 0 || n >= KW_TIME_TEXT_SIZE) /* no calendar goes that far */
		(void)snprintf(ret, KW_TIME_TEXT_SIZE, "@%lld", (long long)wall_s);
}
