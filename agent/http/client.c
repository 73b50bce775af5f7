/* SPDX-License-Identifier: Apache-2.0 */
#include "http/client.h"

#include "http/internal.h"
#include "util/memory.h"

enum {
	WAIT_SLICE_MS = 100, /* how soon a cancel is seen */
	IDLE_MAX_MS = 60 * 1000,
};

static struct kw_http *begin(const struct kw_config *config, const struct kw_clock *clock,
			     const struct kw_random *random)
{
	struct kw_http *http = kw_alloc(sizeof(*http));
	http->config = config;
	http->clock = clock;
	http->random = random;
	http->end_by_ms = INT64_MAX;
	http->patience_ms = INT64_MAX;
	pthread_mutex_init(&http->lock, NULL);
	return http;
}

static void complete(struct kw_http *http)
{
	http->hosts = kw_alloc(http->origins.n_rows * sizeof(*http->hosts));
	kw_pool_init(&http->pool, http->origins.n_rows);
}

int kw_http_new(const struct kw_config *config, const struct kw_clock *clock,
		const struct kw_random *random, struct kw_http **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_http_freep) struct kw_http *http = begin(config, clock, random);
	if (kw_transfer_setup(err) < 0 || kw_route_check(config, err) < 0
	    || kw_origins_new(config, &http->origins, err) < 0
	    || kw_roots_read(KW_SYSTEM_ROOTS, config->tls.ca_file, &http->roots, err) < 0)
		return -1;
	complete(http);
	*ret = KW_STEAL(http);
	return 0;
}

int kw_http_new_kubernetes(const struct kw_config *config, const struct kw_clock *clock,
			   const struct kw_random *random, const char *url, const char *ca_file,
			   struct kw_http **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_http_freep) struct kw_http *http = begin(config, clock, random);
	if (kw_transfer_setup(err) < 0 || kw_route_check(config, err) < 0
	    || kw_origins_one(KW_UPSTREAM_KUBERNETES, url, &http->origins, err) < 0
	    || kw_roots_read(ca_file, "", &http->roots, err) < 0)
		return -1;
	complete(http);
	*ret = KW_STEAL(http);
	return 0;
}

void kw_http_free(struct kw_http *http)
{
	if (http == NULL)
		return;
	kw_pool_clear(&http->pool);
	kw_origins_clear(&http->origins);
	kw_roots_clear(&http->roots);
	pthread_mutex_destroy(&http->lock);
	free(http->hosts);
	free(http);
}

void kw_http_cancel(struct kw_http *http)
{
	atomic_store(&http->cancelled, true);
}

void kw_http_end_by(struct kw_http *http, int64_t boot_ms)
{
	http->end_by_ms = boot_ms == 0 ? INT64_MAX : boot_ms;
}

void kw_http_patience(struct kw_http *http, int64_t ms)
{
	http->patience_ms = ms;
}

bool kw_http_pause(struct kw_http *http, int64_t ms)
{
	int64_t left = ms, until = kw_boot_ms(http->clock) + ms;
	if (ms > http->patience_ms || until >= http->end_by_ms)
		return false;
	for (; left > 0 && !atomic_load(&http->cancelled); left = until - kw_boot_ms(http->clock))
		kw_sleep_ms(http->clock, left < WAIT_SLICE_MS ? left : WAIT_SLICE_MS);
	return left <= 0;
}

void kw_http_trim(struct kw_http *http)
{
	kw_pool_trim(&http->pool, kw_boot_ms(http->clock) - IDLE_MAX_MS);
}

void kw_http_count_into(struct kw_http *http, struct kw_counters *counters)
{
	http->counted = counters;
}

struct kw_counters *kw_http_counted(const struct kw_http *http)
{
	return http != NULL ? http->counted : NULL;
}

bool kw_http_breaker_is_open(struct kw_http *http, enum kw_upstream upstream)
{
	int64_t now_ms = kw_boot_ms(http->clock);
	bool open = false;
	pthread_mutex_lock(&http->lock);
	for (size_t i = 0; i < http->origins.n_rows; i++)
		open |= (http->origins.rows[i].upstreams & 1u << upstream) != 0
			&& http->hosts[i].breaker.open_until_ms > now_ms;
	pthread_mutex_unlock(&http->lock);
	return open;
}

struct kw_http_stats kw_http_stats(const struct kw_http *http, enum kw_upstream upstream)
{
	const struct kw_http_counters *counters = &http->counters[upstream];
	return (struct kw_http_stats){
		.calls = atomic_load(&counters->calls),
		.attempts = atomic_load(&counters->attempts),
		.retries = atomic_load(&counters->retries),
		.transport_errors = atomic_load(&counters->transport_errors),
	};
}

void kw_http_answer_clear(struct kw_http_answer *answer)
{
	kw_blob_clear(&answer->body);
	kw_secret_clear(&answer->secret);
	*answer = (struct kw_http_answer){ 0 };
}
