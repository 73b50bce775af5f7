/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /metrics: the text format of Prometheus (version 0.0.4), made from what is counted and from
 * how the store stands. Names of keys are labels and come from the configuration alone; no host, no
 * reason, no material.
 */
#include "server/server.h"
#include "util/memory.h"

#include <inttypes.h>
#include <stdio.h>

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8"

enum { MS_PER_S = 1000 };

struct page {
	const struct kw_server *server;
	FILE *to;
};

static void begin(const struct page *page, const char *name, const char *type, const char *help)
{
	fprintf(page->to, "# HELP keyward_%s %s\n# TYPE keyward_%s %s\n", name, help, name, type);
}

static void add_one(const struct page *page, const char *name, const char *type, const char *help,
		    uint64_t value)
{
	begin(page, name, type, help);
	fprintf(page->to, "keyward_%s %" PRIu64 "\n", name, value);
}

static void add_histogram(const struct page *page, const char *name, const char *labels,
			  const struct kw_histogram *histogram)
{
	const char *comma = labels[0] != '\0' ? "," : "";
	const char *open = labels[0] != '\0' ? "{" : "", *close = labels[0] != '\0' ? "}" : "";
	uint64_t n = 0;

	for (size_t i = 0; i < KW_HISTOGRAM_BOUNDS; i++) {
		n += histogram->buckets[i];
		fprintf(page->to, "keyward_%s_bucket{%s%sle=\"%g\"} %" PRIu64 "\n", name, labels,
			comma, (double)kw_histogram_bounds_ms[i] / MS_PER_S, n);
	}
	n += histogram->buckets[KW_HISTOGRAM_BOUNDS];
	fprintf(page->to, "keyward_%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, labels, comma,
		n);
	fprintf(page->to, "keyward_%s_sum%s%s%s %g\n", name, open, labels, close,
		(double)histogram->sum_ms / MS_PER_S);
	fprintf(page->to, "keyward_%s_count%s%s%s %" PRIu64 "\n", name, open, labels, close, n);
}

static void add_outcomes(const struct page *page, const char *name, const char *help,
			 const struct kw_histogram histograms[KW_N_COUNT_OUTCOMES])
{
	char labels[32];

	begin(page, name, "histogram", help);
	for (enum kw_count_outcome outcome = KW_COUNT_OK; outcome < KW_N_COUNT_OUTCOMES;
	     outcome++) {
		(void)snprintf(labels, sizeof(labels), "outcome=\"%s\"",
			       kw_count_outcome_text(outcome));
		add_histogram(page, name, labels, &histograms[outcome]);
	}
}

static void add_process(const struct page *page)
{
	const struct kw_server *server = page->server;

	begin(page, "build_info", "gauge", "The version that runs; always 1.");
	fprintf(page->to, "keyward_build_info{version=\"%s\"} 1\n", KW_VERSION);
	add_one(page, "ready", "gauge", "Every required key is there, with its files.",
		kw_keeper_ready(server->keeper));
	add_one(page, "custom_trust", "gauge", "A trust anchor or endpoint is not built in.",
		server->custom_trust[0] != '\0');
	begin(page, "sandbox", "gauge", "A layer of the sandbox is in force.");
	fprintf(page->to,
		"keyward_sandbox{layer=\"capabilities\"} "
		"%d\nkeyward_sandbox{layer=\"system_calls\"} %d\n"
		"keyward_sandbox{layer=\"files\"} %d\nkeyward_sandbox{layer=\"ports\"} %d\n",
		server->sandbox.no_capabilities, server->sandbox.system_calls,
		server->sandbox.files, server->sandbox.ports);
	begin(page, "reloads_total", "counter", "Configurations that were read anew, by outcome.");
	fprintf(page->to, "keyward_reloads_total{outcome=\"taken\"} %" PRIu64 "\n",
		server->counters->reloads[0]);
	fprintf(page->to, "keyward_reloads_total{outcome=\"refused\"} %" PRIu64 "\n",
		server->counters->reloads[1]);
}

static void add_states(const struct page *page)
{
	const struct kw_store *store = page->server->store;

	begin(page, "key_state", "gauge", "1 for the state in which the key is.");
	for (size_t i = 0; i < kw_store_count(store); i++)
		for (enum kw_key_state s = KW_STATE_PENDING; s <= KW_STATE_FAILED; s++)
			fprintf(page->to, "keyward_key_state{key=\"%s\",state=\"%s\"} %d\n",
				kw_store_at(store, i)->name, kw_key_state_text(s),
				kw_store_at(store, i)->state == s);
}

static void add_keys(const struct page *page)
{
	const struct kw_store *store = page->server->store;
	int64_t now_ms = kw_boot_ms(page->server->clock);

	add_states(page);
	begin(page, "key_age_seconds", "gauge", "Since the vault last confirmed the key.");
	for (size_t i = 0; i < kw_store_count(store); i++) {
		const struct kw_entry *entry = kw_store_at(store, i);

		if (entry->current != NULL)
			fprintf(page->to, "keyward_key_age_seconds{key=\"%s\"} %" PRId64 "\n",
				entry->name, (now_ms - entry->checked_ms) / MS_PER_S);
	}
	begin(page, "key_expiry_timestamp_seconds", "gauge",
	      "When the key ends by its own attributes; keys without an end are left out.");
	for (size_t i = 0; i < kw_store_count(store); i++) {
		const struct kw_entry *entry = kw_store_at(store, i);

		if (entry->current != NULL && entry->current->expires_s != 0)
			fprintf(page->to,
				"keyward_key_expiry_timestamp_seconds{key=\"%s\"} %" PRId64 "\n",
				entry->name, entry->current->expires_s);
	}
	add_one(page, "key_revocations_total", "counter", "Keys that were revoked.",
		page->server->counters->revocations);
}

static void add_codes(const struct page *page, enum kw_upstream upstream)
{
	for (size_t i = 0; i < KW_COUNTED_CODES; i++)
		if (page->server->counters->upstreams[upstream][i] > 0)
			fprintf(page->to,
				"keyward_upstream_requests_total{service=\"%s\",code=\"%s\"} "
				"%" PRIu64 "\n",
				kw_upstream_word(upstream), kw_counted_code_text(i),
				page->server->counters->upstreams[upstream][i]);
}

static void add_upstreams(const struct page *page)
{
	const struct kw_server *server = page->server;

	begin(page, "upstream_requests_total", "counter",
	      "Requests sent, retries included; code none: no answer came.");
	for (enum kw_upstream u = KW_UPSTREAM_IMDS; u <= KW_UPSTREAM_VAULT; u++)
		add_codes(page, u);
	begin(page, "upstream_retries_total", "counter", "Requests that were sent again.");
	for (enum kw_upstream u = KW_UPSTREAM_IMDS; u <= KW_UPSTREAM_VAULT; u++)
		fprintf(page->to, "keyward_upstream_retries_total{service=\"%s\"} %" PRIu64 "\n",
			kw_upstream_word(u), server->counters->retries[u]);
	begin(page, "upstream_breaker_open", "gauge",
	      "The service is left alone for a while after outages in a row.");
	for (enum kw_upstream u = KW_UPSTREAM_IMDS; u <= KW_UPSTREAM_VAULT; u++)
		fprintf(page->to, "keyward_upstream_breaker_open{service=\"%s\"} %d\n",
			kw_upstream_word(u), kw_service_breaker_is_open(server->service, u));
}

static void add_caches(const struct page *page)
{
	static const char *const names[KW_N_COUNTED_CACHES] = { "session", "collateral" };
	const struct kw_counters *counters = page->server->counters;

	begin(page, "cache_requests_total", "counter", "What was in a cache, and what was not.");
	for (size_t i = 0; i < KW_N_COUNTED_CACHES; i++) {
		fprintf(page->to,
			"keyward_cache_requests_total{cache=\"%s\",result=\"hit\"} %" PRIu64 "\n",
			names[i], counters->cache_hits[i]);
		fprintf(page->to,
			"keyward_cache_requests_total{cache=\"%s\",result=\"miss\"} %" PRIu64 "\n",
			names[i], counters->cache_misses[i]);
	}
}

static void add_callers(const struct page *page)
{
	const struct kw_server *server = page->server;

	add_one(page, "http_requests_total", "counter", "Requests of callers that were answered.",
		server->n_answered);
	add_one(page, "http_waits_total", "counter", "Requests that were made to wait.",
		server->waiting.n_suspended);
	add_one(page, "http_waiting", "gauge", "Requests that wait.", server->waiting.n);
	add_one(page, "audit_failures_total", "counter", "Audit records that could not be written.",
		server->counters->audit_failures);
}

enum MHD_Result kw_route_metrics(struct kw_request *request)
{
	const struct kw_counters *counters = request->server->counters;
	KW_CLEANUP(freep) char *text = NULL;
	size_t len = 0;
	struct page page = { request->server, open_memstream(&text, &len) };

	if (page.to == NULL)
		kw_out_of_memory();
	add_process(&page);
	add_keys(&page);
	add_outcomes(&page, "release_duration_seconds", "Releases of keys, by outcome.",
		     counters->releases);
	add_outcomes(&page, "attestation_duration_seconds",
		     "Attestations: evidence, judgement, token, by outcome.",
		     counters->attestations);
	begin(&page, "tpm_wait_seconds", "histogram", "How long work waited for the TPM's worker.");
	add_histogram(&page, "tpm_wait_seconds", "", &counters->tpm_waits);
	add_upstreams(&page);
	add_caches(&page);
	add_callers(&page);
	if (fclose(page.to) != 0)
		kw_out_of_memory();
	return kw_answer_text(request, MHD_HTTP_OK, METRICS_TYPE, text);
}
