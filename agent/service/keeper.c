/* SPDX-License-Identifier: Apache-2.0 */
#include "service/keeper.h"
#include "service/outputs.h"
#include "service/pause.h"
#include "util/log.h"
#include "util/memory.h"

#include <malloc.h>
#include <string.h>

enum {
	QUEUE_FULL_MS = 1000,
	TRIM_MS = 61 * 1000,	     /* kw_http_trim() closes what was idle for a minute */
	DENIED_RETRY_MS = 60 * 1000, /* somebody may mend a policy: look again, but gently */
	REMOVE_RETRY_MS = 10 * 1000,
};

struct kept { /* one configured key */
	const struct kw_config_key *rule;
	struct kw_outputs *outputs; /* of the job that is on its way */
	bool on_its_way;
	bool may_have_files, files_failed; /* the last write of its files did not succeed */
	unsigned failures;		   /* in a row */
	int64_t due_ms, remove_due_ms;
};

struct kw_keeper {
	struct kw_keeper_parts parts;
	struct kept *kept;
	size_t n_kept, n_on_their_way;
	int64_t trim_ms; /* when idle connections are closed; INT64_MAX: there are none */
	bool retired;
};

struct acquire_job {
	struct kw_job job;
	struct kw_keeper *keeper;
	struct kept *kept;
	bool ran, failed;
	struct kw_material *material;
	struct kw_checks *checks; /* made on the worker: they weigh more than a key */
	struct kw_error err;
	bool files_failed;
	struct kw_error files_err;
};

struct remove_job {
	struct kw_job job;
	struct kw_keeper *keeper;
	struct kept *kept;
	bool ran, failed;
	struct kw_error err;
};

static void count(const struct acquire_job *a, int64_t took_ms)
{
	struct kw_counters *counters = a->keeper->parts.counters;

	if (counters != NULL)
		kw_histogram_add(
			&counters->releases[kw_count_outcome_of(a->failed ? &a->err : NULL)],
			took_ms);
}

static void run(struct kw_job *job)
{
	struct acquire_job *a = (struct acquire_job *)job;

	int64_t begun_ms = kw_boot_ms(a->keeper->parts.clock);

	a->ran = true;
	a->checks = kw_alloc(sizeof(*a->checks));
	a->failed = kw_acquire(a->keeper->parts.service, a->kept->rule, NULL, a->checks,
			       &a->material, &a->err)
		    < 0;
	count(a, kw_boot_ms(a->keeper->parts.clock) - begun_ms);
	if (!a->failed)
		a->files_failed =
			kw_outputs_write(a->kept->outputs, a->material, NULL, &a->files_err) < 0;
}

static void schedule(struct kw_keeper *keeper, struct kept *kept, int64_t in_ms)
{
	kept->due_ms = kw_boot_ms(keeper->parts.clock) + in_ms;
}

/* Spread over the second half of the time, so that keys and pods drift apart. */
static void schedule_about(struct kw_keeper *keeper, struct kept *kept, int64_t in_ms)
{
	schedule(keeper, kept, kw_jittered_ms(keeper->parts.random, in_ms));
}

static int64_t pause_after(struct kw_keeper *keeper, struct kept *kept, const struct kw_error *err)
{
	const struct kw_random *random = keeper->parts.random;

	return kw_error_is_outage(err) ? kw_pause_ms(random, kept->failures++, err)
				       : kw_jittered_ms(random, DENIED_RETRY_MS);
}

static void log_checks(const struct acquire_job *a)
{
	for (size_t i = 0; a->checks != NULL && i < a->checks->n_rows; i++)
		kw_log(KW_LOG_DEBUG, "check", a->kept->rule->name, "%s: %s",
		       a->checks->rows[i].check, kw_verdict_text(a->checks->rows[i].verdict));
}

static void refused(struct acquire_job *a)
{
	struct kw_keeper *keeper = a->keeper;

	kw_log_error(kw_error_is_outage(&a->err) ? KW_LOG_WARNING : KW_LOG_ERROR, "refused",
		     a->kept->rule->name, &a->err);
	schedule(keeper, a->kept, pause_after(keeper, a->kept, &a->err));
	kw_store_refuse(keeper->parts.store, a->kept->rule->name, &a->err);
}

/* The next refresh tries the files again; it comes sooner than usual if that can help. */
static void not_written(struct acquire_job *a)
{
	struct kept *kept = a->kept;
	const struct kw_random *random = a->keeper->parts.random;
	int64_t refresh_ms = kw_jittered_ms(random, kept->rule->refresh_ms), pause_ms = refresh_ms;

	kw_log_error(KW_LOG_ERROR, "output", kept->rule->name, &a->files_err);
	if (a->files_err.def->retry != KW_NEVER)
		pause_ms = kw_pause_ms(random, kept->failures++, &a->files_err);
	schedule(a->keeper, kept, pause_ms < refresh_ms ? pause_ms : refresh_ms);
}

static void released(struct acquire_job *a)
{
	struct kw_keeper *keeper = a->keeper;
	struct kept *kept = a->kept;

	kw_log(KW_LOG_INFO, "released", kept->rule->name, "%s", a->material->kid);
	kept->may_have_files = kw_outputs_count(kept->outputs) > 0;
	kept->files_failed = a->files_failed;
	if (a->files_failed) {
		not_written(a);
	} else {
		schedule_about(keeper, kept, kept->rule->refresh_ms);
		kept->failures = 0;
	}
	kw_store_publish(keeper->parts.store, kept->rule->name, KW_STEAL(a->material));
}

static void came_back(struct kw_keeper *keeper, struct kept *kept)
{
	kept->on_its_way = false;
	if (--keeper->n_on_their_way == 0)
		keeper->trim_ms = kw_boot_ms(keeper->parts.clock) + TRIM_MS;
}

static void done(struct kw_job *job)
{
	struct acquire_job *a = (struct acquire_job *)job;

	came_back(a->keeper, a->kept);
	log_checks(a);
	if (a->keeper->retired)
		kw_material_unref(a->material);
	else if (a->ran && a->failed)
		refused(a);
	else if (a->ran)
		released(a);
	free(a->checks);
	free(a);
}

/* False: the queue is full. */
static bool send(struct kw_keeper *keeper, struct kept *kept, struct kw_job *job)
{
	kept->on_its_way = kw_jobs_submit(keeper->parts.workers, job);
	keeper->n_on_their_way += kept->on_its_way;
	return kept->on_its_way;
}

static void start(struct kw_keeper *keeper, struct kept *kept)
{
	struct acquire_job *a = kw_alloc(sizeof(*a));

	a->job = (struct kw_job){ .run = run, .done = done };
	a->keeper = keeper;
	a->kept = kept;
	if (send(keeper, kept, &a->job))
		return;
	schedule_about(keeper, kept, QUEUE_FULL_MS);
	free(a);
}

static void run_remove(struct kw_job *job)
{
	struct remove_job *r = (struct remove_job *)job;

	r->ran = true;
	r->failed = kw_outputs_remove(r->kept->outputs, &r->err) < 0;
}

static void end_remove(struct kw_job *job)
{
	struct remove_job *r = (struct remove_job *)job;

	came_back(r->keeper, r->kept);
	if (r->ran && r->failed)
		kw_log_error(KW_LOG_ERROR, "output", r->kept->rule->name, &r->err);
	if (r->ran)
		r->kept->may_have_files = r->failed;
	if (r->ran && !r->failed)
		r->kept->remove_due_ms = 0; /* the next time at once */
	free(r);
}

static void start_remove(struct kw_keeper *keeper, struct kept *kept)
{
	struct remove_job *r = kw_alloc(sizeof(*r));

	r->job = (struct kw_job){ .run = run_remove, .done = end_remove };
	r->keeper = keeper;
	r->kept = kept;
	kept->remove_due_ms = kw_boot_ms(keeper->parts.clock) + REMOVE_RETRY_MS;
	if (!send(keeper, kept, &r->job))
		free(r);
}

static bool has_files_without_key(const struct kw_keeper *keeper, const struct kept *kept)
{
	return kept->may_have_files
	       && kw_store_find(keeper->parts.store, kept->rule->name)->current == NULL;
}

struct trim_job {
	struct kw_job job;
	struct kw_service *service;
};

static void run_trim(struct kw_job *job)
{
	kw_service_trim(((struct trim_job *)job)->service);
	(void)malloc_trim(0); /* each of them held CA roots: the pages go back, too */
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
		keeper->kept[i] = (struct kept){
			.rule = rule,
			.outputs = kw_outputs_new(config, rule),
			.due_ms = kw_boot_ms(parts->clock),
		};
		keeper->kept[i].may_have_files =
			kw_outputs_count(keeper->kept[i].outputs) > 0; /* of an earlier run */
	}
	return keeper;
}

void kw_keeper_free(struct kw_keeper *keeper)
{
	if (keeper == NULL)
		return;
	for (size_t i = 0; i < keeper->n_kept; i++)
		kw_outputs_free(keeper->kept[i].outputs);
	free(keeper->kept);
	free(keeper);
}

void kw_keeper_tick(struct kw_keeper *keeper)
{
	int64_t now_ms = kw_boot_ms(keeper->parts.clock);

	for (size_t i = 0; i < keeper->n_kept && !keeper->retired; i++) {
		struct kept *kept = &keeper->kept[i];

		if (kept->on_its_way)
			continue;
		if (has_files_without_key(keeper, kept) && kept->remove_due_ms <= now_ms)
			start_remove(keeper, kept);
		else if (kept->due_ms <= now_ms)
			start(keeper, kept);
	}
	if (!keeper->retired)
		trim_if_due(keeper);
}

void kw_keeper_retire(struct kw_keeper *keeper)
{
	keeper->retired = true;
}

static struct kept *find(const struct kw_keeper *keeper, const char *name)
{
	for (size_t i = 0; i < keeper->n_kept; i++)
		if (strcmp(keeper->kept[i].rule->name, name) == 0)
			return &keeper->kept[i];
	return NULL;
}

void kw_keeper_adopt(struct kw_keeper *to, const struct kw_keeper *from, const char *name, bool now)
{
	const struct kept *old = find(from, name);
	struct kept *new = find(to, name);

	if (old == NULL || new == NULL)
		return;
	new->failures = old->failures;
	new->files_failed = old->files_failed;
	if (!now)
		new->due_ms = old->due_ms;
	if (to->trim_ms > from->trim_ms)
		to->trim_ms = from->trim_ms;
}

static int64_t next_ms(const struct kw_keeper *keeper, const struct kept *kept)
{
	if (kept->on_its_way)
		return INT64_MAX;
	if (has_files_without_key(keeper, kept) && kept->remove_due_ms < kept->due_ms)
		return kept->remove_due_ms;
	return kept->due_ms;
}

int64_t kw_keeper_next_ms(const struct kw_keeper *keeper)
{
	int64_t next = keeper->n_on_their_way == 0 ? keeper->trim_ms : INT64_MAX;

	if (keeper->retired)
		return INT64_MAX;
	for (size_t i = 0; i < keeper->n_kept; i++) {
		int64_t of_key = next_ms(keeper, &keeper->kept[i]);

		if (of_key < next)
			next = of_key;
	}
	return next;
}

bool kw_keeper_ready(const struct kw_keeper *keeper)
{
	for (size_t i = 0; i < keeper->n_kept; i++)
		if (keeper->kept[i].rule->required && keeper->kept[i].files_failed)
			return false;
	return kw_store_ready(keeper->parts.store);
}

void kw_keeper_hurry(struct kw_keeper *keeper, const char *name)
{
	const struct kw_entry *entry = kw_store_find(keeper->parts.store, name);

	for (size_t i = 0; entry != NULL && i < keeper->n_kept; i++)
		if (strcmp(keeper->kept[i].rule->name, name) == 0)
			keeper->kept[i].due_ms = kw_boot_ms(keeper->parts.clock);
	kw_keeper_tick(keeper);
}
