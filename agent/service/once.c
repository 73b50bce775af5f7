/* SPDX-License-Identifier: Apache-2.0 */
#include "service/once.h"

#include "service/outputs.h"
#include "service/pause.h"
#include "util/log.h"
#include "util/memory.h"

enum state { WAITING, DONE, REFUSED };

struct task { /* one key */
	const struct kw_config_key *rule;
	struct kw_outputs *outputs;
	enum state state;
	unsigned attempts;
	int64_t due_ms;
	struct kw_error err; /* of the last attempt */
};

struct tasks {
	struct task *rows; /* those that are required come first */
	size_t n_rows;
};

static void tasks_clear(struct tasks *tasks)
{
	for (size_t i = 0; i < tasks->n_rows; i++)
		kw_outputs_free(tasks->rows[i].outputs);
	free(tasks->rows);
}

static void add(struct tasks *tasks, const struct kw_config *config, bool required, int64_t now_ms)
{
	for (size_t i = 0; i < config->n_keys; i++) {
		const struct kw_config_key *rule = &config->keys[i];

		if (rule->required == required)
			tasks->rows[tasks->n_rows++] = (struct task){
				.rule = rule,
				.outputs = kw_outputs_new(config, rule),
				.due_ms = now_ms,
			};
	}
}

/* What an earlier run left belongs to no key that was released. */
static void remove_files(struct tasks *tasks)
{
	for (size_t i = 0; i < tasks->n_rows; i++) {
		struct kw_error err = { 0 };

		if (kw_outputs_remove(tasks->rows[i].outputs, &err) < 0)
			kw_log_error(KW_LOG_WARNING, "output", tasks->rows[i].rule->name, &err);
	}
}

static bool any_required(const struct tasks *tasks, enum state state)
{
	for (size_t i = 0; i < tasks->n_rows; i++)
		if (tasks->rows[i].rule->required && tasks->rows[i].state == state)
			return true;
	return false;
}

/* The task that is due first; NULL: it is decided how this ends. */
static struct task *next(const struct tasks *tasks)
{
	bool decided = !any_required(tasks, WAITING);
	struct task *first = NULL;

	if (any_required(tasks, REFUSED))
		return NULL;
	for (size_t i = 0; i < tasks->n_rows; i++) {
		struct task *task = &tasks->rows[i];

		if (task->state == WAITING && !(decided && task->attempts > 0)
		    && (first == NULL || task->due_ms < first->due_ms))
			first = task;
	}
	return first;
}

static int release_and_write(const struct kw_once *once, struct task *task)
{
	KW_CLEANUP(kw_material_unrefp) struct kw_material *material = NULL;
	size_t n_written = 0;

	if (once->acquire(once->ctx, task->rule, &material, &task->err) < 0)
		return -1;
	kw_log(KW_LOG_INFO, "released", task->rule->name, "%s", material->kid);
	if (kw_outputs_write(task->outputs, material, &n_written, &task->err) < 0)
		return kw_wrap(&task->err, "key '%s'", task->rule->name);
	if (n_written > 0)
		kw_log(KW_LOG_INFO, "written", task->rule->name, "%zu files", n_written);
	return 0;
}

/* An output that cannot be written is no outage: its volume does not mend itself. */
static bool can_get_better(const struct kw_error *err)
{
	return kw_error_is_outage(err) && err->def->retry != KW_NEVER
	       && err->def->kind != KW_NO_OUTPUT;
}

static int64_t in_s(int64_t ms)
{
	return (ms + 999) / 1000;
}

static void failed(const struct kw_once *once, struct task *task)
{
	const struct kw_error *err = &task->err;
	int64_t now_ms = kw_boot_ms(once->clock), pause_ms;

	if (!can_get_better(err)) {
		task->state = REFUSED;
		kw_log_error(KW_LOG_ERROR, "refused", task->rule->name, err);
		return;
	}
	pause_ms = kw_pause_ms(once->random, task->attempts - 1, err);
	task->due_ms = now_ms + pause_ms;
	kw_log(KW_LOG_WARNING, "waiting", task->rule->name,
	       "stage %s, attempt %u, next try in %lld s, %lld s left: %s: %s", err->def->stage,
	       task->attempts, (long long)in_s(pause_ms), (long long)in_s(once->end_ms - now_ms),
	       err->def->id, err->detail);
}

static void try(const struct kw_once *once, struct task *task)
{
	int64_t left_ms = once->end_ms - kw_boot_ms(once->clock);
	struct kw_error before = task->err;

	task->attempts++;
	task->err = (struct kw_error){ 0 };
	kw_log(KW_LOG_INFO, "releasing", task->rule->name, "attempt %u, %lld s left",
	       task->attempts, (long long)in_s(left_ms));
	if (release_and_write(once, task) == 0)
		task->state = DONE;
	else
		failed(once, task);
	/* What the deadline cut short says nothing of why there was no key until then. */
	if (task->state == WAITING && before.def != NULL && kw_boot_ms(once->clock) >= once->end_ms)
		task->err = before;
}

/* False: it would be after the deadline. */
static bool wait_until(const struct kw_once *once, int64_t due_ms)
{
	int64_t now_ms = kw_boot_ms(once->clock);

	if (due_ms < now_ms)
		due_ms = now_ms;
	if (due_ms >= once->end_ms)
		return false;
	if (due_ms > now_ms)
		kw_sleep_ms(once->clock, due_ms - now_ms);
	return true;
}

static int report(const struct task *task, struct kw_error *err)
{
	if (task->attempts == 0)
		return kw_fail(err, KW_E_SYS_DEADLINE,
			       "key '%s': init.deadline passed before it was asked for",
			       task->rule->name);
	*err = task->err;
	return task->state == REFUSED
		       ? -1
		       : kw_wrap(err, "init.deadline passed, %u attempts", task->attempts);
}

static int judge(const struct tasks *tasks, struct kw_error *err)
{
	enum state wanted = any_required(tasks, REFUSED) ? REFUSED : WAITING;

	for (size_t i = 0; i < tasks->n_rows; i++)
		if (tasks->rows[i].rule->required && tasks->rows[i].state == wanted)
			return report(&tasks->rows[i], err);
	return 0;
}

int kw_once_run(const struct kw_once *once, struct kw_error *err)
{
	KW_CLEANUP(tasks_clear) struct tasks tasks = { 0 };
	int64_t now_ms = kw_boot_ms(once->clock);
	struct task *task = NULL;

	tasks.rows = kw_alloc((once->config->n_keys + 1) * sizeof(*tasks.rows));
	add(&tasks, once->config, true, now_ms);
	add(&tasks, once->config, false, now_ms);
	remove_files(&tasks);
	while ((task = next(&tasks)) != NULL && wait_until(once, task->due_ms))
		try(once, task);
	return judge(&tasks, err);
}
