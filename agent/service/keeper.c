/* SPDX-License-Identifier: Apache-2.0 */
#include "service/keeper.h"
#include "util/log.h"
#include "util/memory.h"

#include <string.h>

enum {
	RETRY_FIRST_MS = 1000, /* upstreams have had their own retries before a job fails */
	RETRY_MAX_MS = 60 * 1000,
	TRIM_MS = 61 * 1000,	     /* kw_http_trim() closes what was idle for a minute */
	DENIED_RETRY_MS = 60 * 1000, /* somebody may mend a policy: look again, but gently */
};

struct kept { /* one configured key */
	const struct kw_config_key *rule;
	bool on_its_way;
	unsigned failures; /* in a row */
	int64_t due_ms;
};

struct kw_keeper {
	struct kw_keeper_parts parts;
	struct kept *kept;
	size_t n_kept, n_on_their_way;
	int64_t trim_ms; /* when idle connections are closed; INT64_MAX: there are none */
};

struct acquire_job {
	struct kw_job job;
	struct kw_keeper *keeper;
	struct kept *kept;
	bool ran, failed;
	struct kw_material *material;
	struct kw_checks checks;
	struct kw_error err;
};

/* A share of `ms` between a half and the whole, so that pods started together drift apart. */
static int64_t jittered(const struct kw_keeper *keeper, int64_t ms)
{
	uint32_t chance = 0;

	kw_random_fill(keeper->parts.random, &chance, sizeof(chance));
	return ms / 2 + (int64_t)(((uint64_t)(ms - ms / 2) * chance) >> 32);
}

static int64_t pause_after(const struct kept *kept, const struct kw_error *err)
{
	unsigned doublings = kept->failures > 7 ? 7 : kept->failures;
	int64_t ms = (int64_t)RETRY_FIRST_MS << doublings;

	if (!kw_error_is_outage(err))
		return DENIED_RETRY_MS;
	if (err->upstream.retry_after_s > 0 && ms < (int64_t)err->upstream.retry_after_s * 1000)
		ms = (int64_t)err->upstream.retry_after_s * 1000;
	return ms < RETRY_MAX_MS ? ms : RETRY_MAX_MS;
}

static void run(struct kw_job *job)
{
	struct acquire_job *a = (struct acquire_job *)job;

	a->ran = true;
	a->failed = kw_acquire(a->keeper->parts.service, a->kept->rule, NULL, &a->checks,
			       &a->material, &a->err)
		    < 0;
}

static void schedule(struct kw_keeper *keeper, struct kept *kept, int64_t in_ms)
{
	kept->due_ms = kw_boot_ms(keeper->parts.clock) + jittered(keeper, in_ms);
}

static void log_checks(const struct acquire_job *a)
{
	for (size_t i = 0; i < a->checks.n_rows; i++)
		kw_log(KW_LOG_DEBUG, "check", a->kept->rule->name, "%s: %s",
		       a->checks.rows[i].check, kw_verdict_text(a->checks.rows[i].verdict));
}

static void refused(struct acquire_job *a)
{
	struct kw_keeper *keeper = a->keeper;

	kw_log_error(kw_error_is_outage(&a->err) ? KW_LOG_WARNING : KW_LOG_ERROR, "refused",
		     a->kept->rule->name, &a->err);
	schedule(keeper, a->kept, pause_after(a->kept, &a->err));
	a->kept->failures++;
	kw_store_refuse(keeper->parts.store, a->kept->rule->name, &a->err);
}

static void released(struct acquire_job *a)
{
	struct kw_keeper *keeper = a->keeper;

	kw_log(KW_LOG_INFO, "released", a->kept->rule->name, "%s", a->material->kid);
	schedule(keeper, a->kept, a->kept->rule->refresh_ms);
	a->kept->failures = 0;
	kw_store_publish(keeper->parts.store, a->kept->rule->name, KW_STEAL(a->material));
}

static void done(struct kw_job *job)
{
	struct acquire_job *a = (struct acquire_job *)job;

	a->kept->on_its_way = false;
	if (--a->keeper->n_on_their_way == 0)
		a->keeper->trim_ms = kw_boot_ms(a->keeper->parts.clock) + TRIM_MS;
	log_checks(a);
	if (a->ran && a->failed)
		refused(a);
	else if (a->ran)
		released(a);
	free(a);
}

static void start(struct kw_keeper *keeper, struct kept *kept)
{
	struct acquire_job *a = kw_alloc(sizeof(*a));

	a->job = (struct kw_job){ .run = run, .done = done };
	a->keeper = keeper;
	a->kept = kept;
	kept->on_its_way = kw_jobs_submit(keeper->parts.workers, &a->job);
	if (kept->on_its_way) {
		keeper->n_on_their_way++;
		return;
	}
	schedule(keeper, kept, RETRY_FIRST_MS); /* the queue is full: later */
	free(a);
}

struct trim_job {
	struct kw_job job;
	struct kw_service *service;
};

static void run_trim(struct kw_job *job)
{
	kw_service_trim(((struct trim_job *)job)->service);
}

static void end_trim(struct kw_job *job)
{
	free(job);
}

/* A TLS connection that stays open holds most of a megabyte: once after each burst of work. */
static void trim_if_due(struct kw_keeper *keeper)
{
	struct trim_job *trim = NULL;

	if (keeper->n_on_their_way > 0 || kw_boot_ms(keeper->parts.clock) < keeper->trim_ms)
		return;
	keeper->trim_ms = INT64_MAX;
	trim = kw_alloc(sizeof(*trim));
	trim->job = (struct kw_job){ .run = run_trim, .done = end_trim };
	trim->service = keeper->parts.service;
	if (!kw_jobs_submit(keeper->parts.workers, &trim->job))
		free(trim);
}

struct kw_keeper *kw_keeper_new(const struct kw_keeper_parts *parts)
{
	struct kw_keeper *keeper = kw_alloc(sizeof(*keeper));
	const struct kw_config *config = parts->config;

	keeper->parts = *parts;
	keeper->kept = kw_alloc((config->n_keys + 1) * sizeof(*keeper->kept));
	keeper->n_kept = config->n_keys;
	keeper->trim_ms = INT64_MAX;
	for (size_t i = 0; i < config->n_keys; i++) {
		const struct kw_config_key *rule = &config->keys[i];
		struct kw_store_rules rules = {
			.name = rule->name,
			.required = rule->required,
			.max_stale_ms = rule->max_stale_ms,
			.grace_ms = rule->grace_ms,
			.keep_when_denied = rule->on_denied == KW_ON_DENIED_KEEP,
		};

		kw_store_add(parts->store, &rules);
		keeper->kept[i].rule = rule;
		keeper->kept[i].due_ms = kw_boot_ms(parts->clock);
	}
	return keeper;
}

void kw_keeper_free(struct kw_keeper *keeper)
{
	if (keeper == NULL)
		return;
	free(keeper->kept);
	free(keeper);
}

void kw_keeper_tick(struct kw_keeper *keeper)
{
	int64_t now_ms = kw_boot_ms(keeper->parts.clock);

	for (size_t i = 0; i < keeper->n_kept; i++)
		if (!keeper->kept[i].on_its_way && keeper->kept[i].due_ms <= now_ms)
			start(keeper, &keeper->kept[i]);
	trim_if_due(keeper);
}

int64_t kw_keeper_next_ms(const struct kw_keeper *keeper)
{
	int64_t next = keeper->n_on_their_way == 0 ? keeper->trim_ms : INT64_MAX;

	for (size_t i = 0; i < keeper->n_kept; i++)
		if (!keeper->kept[i].on_its_way && keeper->kept[i].due_ms < next)
			next = keeper->kept[i].due_ms;
	return next;
}

void kw_keeper_hurry(struct kw_keeper *keeper, const char *name)
{
	const struct kw_entry *entry = kw_store_find(keeper->parts.store, name);

	for (size_t i = 0; entry != NULL && i < keeper->n_kept; i++)
		if (strcmp(keeper->kept[i].rule->name, name) == 0)
			keeper->kept[i].due_ms = kw_boot_ms(keeper->parts.clock);
	kw_keeper_tick(keeper);
}
