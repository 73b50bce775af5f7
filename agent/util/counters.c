/* SPDX-License-Identifier: Apache-2.0 */
#include "util/counters.h"

const int64_t kw_histogram_bounds_ms[KW_HISTOGRAM_BOUNDS] = { 10,   25,	  50,	 100,	250,  500,
							      1000, 2500, 10000, 30000, 60000 };

/* What the specifications name, and what Azure's gateways add. */
static const struct {
	int status;
	const char *text;
} codes[KW_COUNTED_CODES] = {
	{ 0, "none" },	{ 200, "200" }, { 400, "400" }, { 401, "401" },
	{ 403, "403" }, { 404, "404" }, { 408, "408" }, { 409, "409" },
	{ 410, "410" }, { 429, "429" }, { 500, "500" }, { 502, "502" },
	{ 503, "503" }, { 504, "504" }, { 302, "302" }, { -1, "other" },
};

void kw_histogram_add(struct kw_histogram *histogram, int64_t ms)
{
	size_t i = 0;

	if (histogram == NULL)
		return;
	while (i < KW_HISTOGRAM_BOUNDS && ms > kw_histogram_bounds_ms[i])
		i++;
	kw_count(&histogram->buckets[i]);
	atomic_fetch_add_explicit(&histogram->sum_ms, ms > 0 ? (uint64_t)ms : 0,
				  memory_order_relaxed);
}

const char *kw_count_outcome_text(enum kw_count_outcome outcome)
{
	static const char *const texts[KW_N_COUNT_OUTCOMES] = { "ok", "outage", "denied" };

	return texts[outcome];
}

enum kw_count_outcome kw_count_outcome_of(const struct kw_error *err)
{
	if (err == NULL || err->def == NULL)
		return KW_COUNT_OK;
	return kw_error_is_outage(err) ? KW_COUNT_OUTAGE : KW_COUNT_DENIED;
}

const char *kw_counted_code_text(size_t i)
{
	return codes[i].text;
}

void kw_count_attempt(struct kw_counters *counters, size_t upstream, int status)
{
	size_t i = 0;

	if (counters == NULL || upstream >= KW_COUNTED_UPSTREAMS)
		return;
	while (i < KW_COUNTED_CODES - 1 && codes[i].status != status)
		i++;
	kw_count(&counters->upstreams[upstream][i]);
}

void kw_count_cache(struct kw_counters *counters, enum kw_counted_cache cache, bool hit)
{
	if (counters != NULL)
		kw_count(hit ? &counters->cache_hits[cache] : &counters->cache_misses[cache]);
}
