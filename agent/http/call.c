/* SPDX-License-Identifier: Apache-2.0 */
/* One call: where to, is it allowed, attempts until one helps or none can. */
#include "http/internal.h"
#include "http/retry.h"

#include <stdio.h>
#include <string.h>

enum {
	ATTEMPT_MAX_MS = 30000,
	RESOLVE_MAX_MS = 5000,
	ADDRESSES_LIFE_MS = 30000,
};

struct call {
	struct kw_http *http;
	const struct kw_http_request *request;
	size_t row; /* of the origin */
	const char *rest;
	struct kw_route route;
	int64_t deadline_ms;
	int64_t n_attempts;
	struct kw_http_answer answer; /* of the last attempt */
	enum kw_failure failure;      /* the same */
	struct kw_error why; /* detail: libcurl's words; def only if the failure is LOCAL */
};

static const struct kw_origin *origin_of(const struct call *call)
{
	return &call->http->origins.rows[call->row].origin;
}

static struct kw_host *host_of(const struct call *call)
{
	return &call->http->hosts[call->row];
}

static int64_t left_ms(const struct call *call)
{
	return call->deadline_ms - kw_boot_ms(call->http->clock);
}

/* "GET https://host/path": without the query, which names identities. */
static int fail(const struct call *call, enum kw_error_name row, const char *why,
		struct kw_error *err)
{
	char origin[KW_ORIGIN_TEXT_SIZE];
	kw_origin_text(origin_of(call), origin);
	return kw_fail(err, row, "%s %s%.*s: %s", call->request->method, origin,
		       (int)strcspn(call->rest, "?#"), call->rest, why);
}

static int fail_unreachable(const struct call *call, const char *why, struct kw_error *err)
{
	return fail(call, kw_failure_row(KW_FAILURE_TRANSPORT, call->request->upstream), why, err);
}

static int fail_unasked(struct call *call, const char *because, int64_t wait_ms,
			struct kw_error *err)
{
	int wait_s = (int)((wait_ms + 999) / 1000);
	char why[96];
	snprintf(why, sizeof(why), "not asked: it %s; next try in %d s", because, wait_s);
	fail_unreachable(call, why, err);
	err->upstream.retry_after_s = wait_s;
	return -1;
}

/* Whoever was told to come back later speaks for all: fifty keys do not each find out. */
static int respect_retry_after(struct call *call, struct kw_error *err)
{
	struct kw_http *http = call->http;
	pthread_mutex_lock(&http->lock);
	int64_t wait_ms = host_of(call)->quiet_until_ms - kw_boot_ms(http->clock);
	pthread_mutex_unlock(&http->lock);
	if (wait_ms <= 0 || (wait_ms < left_ms(call) && kw_http_pause(http, wait_ms)))
		return 0;
	return fail_unasked(call, "named a Retry-After", wait_ms, err);
}

static int admit(struct call *call, struct kw_error *err)
{
	struct kw_http *http = call->http;
	int64_t wait_ms = 0;
	if (respect_retry_after(call, err) < 0)
		return -1;
	pthread_mutex_lock(&http->lock);
	bool admitted =
		kw_breaker_admit(&host_of(call)->breaker, kw_boot_ms(http->clock), &wait_ms);
	pthread_mutex_unlock(&http->lock);
	if (!admitted && http->counted != NULL)
		kw_count(&http->counted->breaker_refusals[call->request->upstream]);
	return admitted ? 0 : fail_unasked(call, "failed several times in a row", wait_ms, err);
}

static int begin(struct call *call, struct kw_error *err)
{
	const struct kw_config *config = call->http->config;
	const struct kw_http_request *request = call->request;
	if (kw_origins_find(&call->http->origins, request->upstream, request->url, &call->row,
			    &call->rest, err)
	    < 0)
		return -1;
	if (request->bearer != NULL && !origin_of(call)->tls)
		return fail(call, KW_E_CFG_ORIGIN,
			    "an access token is sent over https only; nothing was sent", err);
	if (origin_of(call)->tls && !kw_roots_any(&call->http->roots))
		return fail(call, kw_failure_row(KW_FAILURE_TLS, request->upstream),
			    "no roots to trust: no '" KW_SYSTEM_ROOTS "' and no tls.caFile", err);

	kw_route_find(config, request->upstream, origin_of(call), &call->route);
	call->deadline_ms = request->deadline_ms;
	if (call->deadline_ms == 0)
		call->deadline_ms = kw_boot_ms(call->http->clock)
				    + (kw_upstream_is_metadata(request->upstream)
					       ? config->retry.imds_deadline_ms
					       : config->retry.deadline_ms);
	if (call->deadline_ms > call->http->end_by_ms)
		call->deadline_ms = call->http->end_by_ms;
	if (left_ms(call) <= 0)
		return fail_unreachable(call, "the deadline passed before the first attempt", err);
	return admit(call, err);
}

/* From what was found less than half a minute ago, unless an outage came between. */
static bool cached_addresses(const struct call *call, struct kw_addresses *ret)
{
	struct kw_http *http = call->http;
	const struct kw_host *host = host_of(call);
	pthread_mutex_lock(&http->lock);
	bool good = kw_boot_ms(http->clock) < host->addresses_until_ms
		    && strcmp(host->resolved, call->route.dial.host) == 0;
	if (good)
		*ret = host->addresses;
	pthread_mutex_unlock(&http->lock);
	return good;
}

static void keep_addresses(const struct call *call, const struct kw_addresses *addresses)
{
	struct kw_http *http = call->http;
	struct kw_host *host = host_of(call);
	pthread_mutex_lock(&http->lock);
	memcpy(host->resolved, call->route.dial.host, sizeof(host->resolved));
	host->addresses = *addresses;
	host->addresses_until_ms = kw_boot_ms(http->clock) + ADDRESSES_LIFE_MS;
	pthread_mutex_unlock(&http->lock);
}

static bool find_addresses(struct call *call, struct kw_addresses *ret)
{
	struct kw_http *http = call->http;
	const struct kw_resolver resolver = { .clock = http->clock, .cancelled = &http->cancelled };
	char why[KW_RESOLVE_WHY_SIZE];
	if (cached_addresses(call, ret))
		return true;

	int64_t until = kw_boot_ms(http->clock) + RESOLVE_MAX_MS;
	if (until > call->deadline_ms)
		until = call->deadline_ms;
	if (!kw_resolve(&resolver, call->route.dial.host, until, ret, why)) {
		snprintf(call->why.detail, sizeof(call->why.detail), "resolving '%s': %s",
			 call->route.dial.host, why);
		return false;
	}
	keep_addresses(call, ret);
	return true;
}

static enum kw_failure transfer(struct call *call, struct kw_pooled *pooled)
{
	struct kw_http *http = call->http;
	struct kw_addresses addresses = { 0 };
	if (!find_addresses(call, &addresses))
		return KW_FAILURE_TRANSPORT;
	int64_t left = left_ms(call);
	if (left <= 0) {
		snprintf(call->why.detail, sizeof(call->why.detail),
			 "the deadline passed while the name was resolved");
		return KW_FAILURE_TRANSPORT;
	}
	const struct kw_attempt attempt = {
		.request = call->request,
		.origin = origin_of(call),
		.rest = call->rest,
		.route = &call->route,
		.addresses = &addresses,
		.roots = &http->roots,
		.timeout_ms = left < ATTEMPT_MAX_MS ? left : ATTEMPT_MAX_MS,
		.wall_s = kw_wall_s(http->clock),
		.cancelled = &http->cancelled,
	};
	*pooled = kw_pool_take(&http->pool, call->row);
	if (pooled->handle == NULL) {
		kw_fail(&call->why, KW_E_SYS_INTERNAL, "no memory for a connection");
		return KW_FAILURE_LOCAL;
	}
	return kw_attempt_run(pooled->handle, &attempt, &call->answer, &call->why);
}

static struct kw_attempt_end end_of(const struct call *call)
{
	return (struct kw_attempt_end){
		.upstream = call->request->upstream,
		.failure = call->failure,
		.status = call->answer.status,
		.retry_after_s = call->answer.retry_after_s,
	};
}

/* The region behind the name may have changed: connect and resolve anew (key release 4.8). */
static void forget_host(const struct call *call)
{
	kw_pool_drop(&call->http->pool, call->row);
	pthread_mutex_lock(&call->http->lock);
	host_of(call)->addresses_until_ms = 0;
	pthread_mutex_unlock(&call->http->lock);
}

/* Retry-After counts with the statuses that may be asked again. */
static void keep_retry_after(const struct call *call)
{
	struct kw_http *http = call->http;
	struct kw_host *host = host_of(call);
	int64_t until_ms = kw_boot_ms(http->clock) + (int64_t)call->answer.retry_after_s * 1000;
	if (call->answer.retry_after_s == 0 || call->answer.outcome != KW_HTTP_RETRY)
		return;
	pthread_mutex_lock(&http->lock);
	if (host->quiet_until_ms < until_ms)
		host->quiet_until_ms = until_ms;
	pthread_mutex_unlock(&http->lock);
}

static void attempt(struct call *call)
{
	struct kw_http_counters *counters = &call->http->counters[call->request->upstream];
	struct kw_pooled pooled = { 0 };
	kw_http_answer_clear(&call->answer);
	call->why = (struct kw_error){ 0 };
	call->n_attempts++;
	atomic_fetch_add(&counters->attempts, 1);

	call->failure = transfer(call, &pooled);
	struct kw_attempt_end end = end_of(call);
	if (call->failure == KW_FAILURE_TRANSPORT)
		atomic_fetch_add(&counters->transport_errors, 1);
	if (kw_retry_is_outage(&end))
		forget_host(call);
	kw_count_attempt(call->http->counted, call->request->upstream,
			 call->failure == KW_FAILURE_NONE ? call->answer.status : 0);
	keep_retry_after(call);
	if (pooled.handle != NULL)
		kw_pool_give(&call->http->pool, pooled, kw_boot_ms(call->http->clock));
	kw_http_trim(call->http);
}

static bool again(struct call *call)
{
	struct kw_http *http = call->http;
	const struct kw_retry_rules rules = {
		.attempts = http->config->retry.attempts,
		.base_ms = http->config->retry.base_ms,
		.max_ms = http->config->retry.max_ms,
	};
	struct kw_attempt_end end = end_of(call);
	uint64_t chance = 0;
	int64_t wait_ms = 0;
	if (call->request->once || !kw_retry_can_help(&end))
		return false;
	kw_random_fill(http->random, &chance, sizeof(chance));
	if (!kw_retry_again(&rules, &end, call->n_attempts, left_ms(call), chance, &wait_ms)
	    || !kw_http_pause(http, wait_ms))
		return false;
	atomic_fetch_add(&http->counters[call->request->upstream].retries, 1);
	if (http->counted != NULL)
		kw_count(&http->counted->retries[call->request->upstream]);
	return true;
}

static void tell_breaker(const struct call *call)
{
	struct kw_http *http = call->http;
	struct kw_attempt_end end = end_of(call);
	enum kw_breaker_end told =
		kw_retry_is_outage(&end) ? KW_BREAKER_OUTAGE
		: call->failure == KW_FAILURE_CANCELLED || call->failure == KW_FAILURE_LOCAL
			? KW_BREAKER_UNKNOWN
			: KW_BREAKER_ANSWERED;
	pthread_mutex_lock(&http->lock);
	kw_breaker_tell(&host_of(call)->breaker, told, kw_boot_ms(http->clock),
			http->config->retry.max_ms);
	pthread_mutex_unlock(&http->lock);
}

static int finish(struct call *call, struct kw_http_answer *ret, struct kw_error *err)
{
	if (call->failure == KW_FAILURE_LOCAL) {
		*err = call->why;
		return -1;
	}
	if (call->failure != KW_FAILURE_NONE) {
		char why[sizeof(err->detail)];
		const char *said = atomic_load(&call->http->cancelled) ? "keyward is stopping"
								       : call->why.detail;
		int len = snprintf(why, sizeof(why), "%s", said);
		if (call->n_attempts > 1 && len > 0 && (size_t)len < sizeof(why))
			snprintf(why + len, sizeof(why) - (size_t)len, " (%lld attempts)",
				 (long long)call->n_attempts);
		return fail(call, kw_failure_row(call->failure, call->request->upstream), why, err);
	}
	err->upstream = (struct kw_error_upstream){ 0 };
	if (call->answer.outcome != KW_HTTP_OK)
		kw_http_upstream_fill(&call->answer, &err->upstream);
	call->answer.attempts = (int)call->n_attempts;
	*ret = call->answer;
	call->answer = (struct kw_http_answer){ 0 };
	return 0;
}

int kw_http_call(struct kw_http *http, const struct kw_http_request *request,
		 struct kw_http_answer *ret, struct kw_error *err)
{
	struct call call = { .http = http, .request = request };
	atomic_fetch_add(&http->counters[request->upstream].calls, 1);
	if (begin(&call, err) < 0)
		return -1;
	do {
		attempt(&call);
	} while (again(&call));
	tell_breaker(&call);
	int failed = finish(&call, ret, err);
	kw_http_answer_clear(&call.answer);
	return failed;
}
