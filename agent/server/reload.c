/* SPDX-License-Identifier: Apache-2.0 */
#include "server/reload.h"

#include "util/file.h"
#include "util/log.h"
#include "util/memory.h"
#include "util/text.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>

enum {
	SETTLE_MS = 200, /* one change comes as several events */
	RETRY_MS = 1000, /* the queue of the workers is full */
};

struct reading { /* the job */
	struct kw_job job;
	struct kw_server *server;
	const struct kw_serve_options *options;
	bool ran, failed;
	struct kw_config *config;   /* NULL: as it was */
	struct kw_service *service; /* of the new configuration */
	struct kw_tokens *tokens;
	struct kw_error err;
};

struct kw_reload {
	struct kw_server *server;
	const struct kw_serve_options *options;
	struct kw_config *own; /* the present configuration, unless it is the first */
	int fd;
	int64_t due_ms;		 /* INT64_MAX: nothing is asked for */
	struct reading *reading; /* on its way, or waiting for its swap */
	bool ready;		 /* the latter */
};

/* The directories. */

static void watch(int fd, const char *path)
{
	KW_CLEANUP(freep) char *copy = kw_strdup(path);
	char *slash = strrchr(copy, '/');

	if (slash == NULL)
		return;
	*(slash == copy ? slash + 1 : slash) = '\0';
	(void)inotify_add_watch(fd, copy,
				IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ONLYDIR);
}

/* A directory that cannot be watched is no reason not to serve: SIGHUP is left. */
static void watch_all(const struct kw_reload *reload)
{
	const struct kw_config *config = reload->server->config;

	watch(reload->fd, config->path);
	for (size_t i = 0; i < config->server.n_tokens; i++)
		watch(reload->fd, config->server.tokens[i].file);
}

int kw_reload_new(struct kw_server *server, const struct kw_serve_options *options,
		  struct kw_reload **ret, struct kw_error *err)
{
	struct kw_reload *reload = kw_alloc(sizeof(*reload));

	*reload = (struct kw_reload){
		.server = server,
		.options = options,
		.due_ms = INT64_MAX,
		.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC),
	};
	*ret = reload;
	if (reload->fd < 0)
		return kw_fail(err, KW_E_SYS_INTERNAL, "inotify: %m");
	watch_all(reload);
	return 0;
}

static void reading_free(struct reading *reading)
{
	if (reading == NULL)
		return;
	kw_service_free(reading->service);
	kw_tokens_free(reading->tokens);
	kw_config_free(reading->config);
	free(reading);
}

void kw_reload_free(struct kw_reload *reload)
{
	if (reload == NULL)
		return;
	kw_fd_close(&reload->fd);
	reading_free(reload->reading);
	kw_config_free(reload->own);
	free(reload);
}

int kw_reload_fd(const struct kw_reload *reload)
{
	return reload->fd;
}

void kw_reload_read(struct kw_reload *reload)
{
	char events[4096];
	bool any = false;

	while (read(reload->fd, events, sizeof(events)) > 0)
		any = true;
	if (any)
		reload->due_ms = kw_boot_ms(reload->server->clock) + SETTLE_MS;
}

void kw_reload_ask(struct kw_reload *reload)
{
	reload->due_ms = kw_boot_ms(reload->server->clock);
}

/* On a worker. */

static int read_all(struct reading *r, struct kw_error *err)
{
	const struct kw_config *now = r->server->config;
	struct kw_service_options options;

	if (r->options->load(r->options->load_ctx, now, &r->config, err) < 0)
		return -1;
	if (kw_config_equal(now, r->config)) {
		kw_config_free(r->config);
		r->config = NULL;
		return kw_tokens_open(now, r->server->random, &r->tokens, err);
	}
	options = kw_server_service_options(r->server, r->config);
	if (kw_service_open(&options, &r->service, err) < 0)
		return -1;
	return kw_tokens_open(r->config, r->server->random, &r->tokens, err);
}

static void run(struct kw_job *job)
{
	struct reading *r = (struct reading *)job;

	r->ran = true;
	r->failed = read_all(r, &r->err) < 0;
}

/* The swap. */

static bool has_path(const struct kw_config *config, const char *path)
{
	for (size_t i = 0; i < config->n_keys; i++)
		for (size_t k = 0; k < config->keys[i].n_outputs; k++)
			if (strcmp(config->keys[i].outputs[k].path, path) == 0)
				return true;
	for (size_t i = 0; i < config->n_secrets; i++)
		for (size_t k = 0; k < config->secrets[i].n_outputs; k++)
			if (strcmp(config->secrets[i].outputs[k].path, path) == 0)
				return true;
	return false;
}

struct removal {
	struct kw_job job;
	char *path;
};

static void run_removal(struct kw_job *job)
{
	struct kw_error err = { 0 };

	if (kw_file_remove(((struct removal *)job)->path, &err) < 0)
		kw_log_error(KW_LOG_ERROR, "output", NULL, &err);
}

static void end_removal(struct kw_job *job)
{
	free(((struct removal *)job)->path);
	free(job);
}

static void remove_file(struct kw_server *server, const char *path)
{
	struct removal *removal = kw_alloc(sizeof(*removal));

	removal->job = (struct kw_job){ .run = run_removal, .done = end_removal };
	removal->path = kw_strdup(path);
	if (!kw_jobs_submit(server->workers, &removal->job))
		end_removal(&removal->job);
}

/* Files that the new configuration does not name any more. */
static void remove_files(struct kw_server *server, const struct kw_config *old)
{
	for (size_t i = 0; i < old->n_keys; i++)
		for (size_t k = 0; k < old->keys[i].n_outputs; k++)
			if (!has_path(server->config, old->keys[i].outputs[k].path))
				remove_file(server, old->keys[i].outputs[k].path);
	for (size_t i = 0; i < old->n_secrets; i++)
		for (size_t k = 0; k < old->secrets[i].n_outputs; k++)
			if (!has_path(server->config, old->secrets[i].outputs[k].path))
				remove_file(server, old->secrets[i].outputs[k].path);
}

/* A key that is the same key of the vault stays released; one with other files is released anew at
 * once, because that writes them. */
static void adopt_keys(struct kw_server *server, const struct kw_config *old,
		       struct kw_store *old_store, const struct kw_keeper *old_keeper)
{
	bool same_secrets = kw_config_secrets_equal(old, server->config);

	for (size_t i = 0; i < server->config->n_keys; i++) {
		const struct kw_config_key *rule = &server->config->keys[i];
		const struct kw_config_key *was = kw_config_key_find(old, rule->name);

		if (was == NULL || strcmp(was->url, rule->url) != 0)
			continue;
		kw_store_adopt(server->store, old_store, rule->name);
		kw_keeper_adopt(server->keeper, old_keeper, rule->name,
				!same_secrets || !kw_config_key_equal(was, rule));
	}
}

static void drop_views(struct kw_server *server, size_t n)
{
	for (size_t i = 0; i < n; i++)
		kw_views_drop(server, i);
	free(server->views);
}

static void swap_config(struct kw_reload *reload, struct reading *r)
{
	struct kw_server *server = reload->server;
	const struct kw_config *old = server->config;
	struct kw_service *old_service = server->service;
	struct kw_keeper *old_keeper = server->keeper;
	struct kw_store *old_store = server->store;

	drop_views(server, old->n_keys);
	server->config = r->config;
	server->service = KW_STEAL(r->service);
	kw_server_make_keys(server);
	adopt_keys(server, old, old_store, old_keeper);
	remove_files(server, old);
	free(server->custom_trust);
	server->custom_trust = kw_config_custom_trust(server->config);
	kw_log_set_level((enum kw_log_level)server->config->log.level);
	kw_keeper_free(old_keeper);
	kw_service_free(old_service);
	kw_store_free(old_store);
}

static void swap_all(struct kw_reload *reload)
{
	struct reading *r = KW_STEAL(reload->reading);
	struct kw_server *server = reload->server;
	struct kw_tokens *old_tokens = server->tokens;
	struct kw_config *old_own = reload->own;
	bool changed = r->config != NULL;

	reload->ready = false;
	server->draining = false;
	kw_resume_keys(
		server); /* they are judged anew, behind the swap: what is removed ends them */
	server->tokens = KW_STEAL(r->tokens);
	if (changed) {
		swap_config(reload, r);
		reload->own = KW_STEAL(r->config);
	}
	kw_tokens_free(old_tokens);
	if (changed) {
		kw_count(&server->counters->reloads[0]);
		kw_config_free(old_own);
		watch_all(reload);
		kw_log(KW_LOG_INFO, "reloaded", NULL, "%zu keys, %zu secrets, %zu tokens",
		       server->config->n_keys, server->config->n_secrets,
		       server->config->server.n_tokens);
	}
	reading_free(r);
}

/* On the event thread. */

static void done(struct kw_job *job)
{
	struct reading *r = (struct reading *)job;
	struct kw_reload *reload = r->server->reload;

	if (r->ran && !r->failed) {
		reload->ready = true;
		return;
	}
	reload->reading = NULL;
	if (r->ran) {
		(void)kw_wrap(&r->err, "the configuration in force stays");
		kw_count(&r->server->counters->reloads[1]);
		kw_log_error(KW_LOG_ERROR, "not-reloaded", NULL, &r->err);
	}
	reading_free(r);
}

static void start(struct kw_reload *reload)
{
	struct reading *r = kw_alloc(sizeof(*r));

	r->job = (struct kw_job){ .run = run, .done = done };
	r->server = reload->server;
	r->options = reload->options;
	reload->reading = r;
	reload->due_ms = INT64_MAX;
	if (kw_jobs_submit(reload->server->workers, &r->job))
		return;
	reload->reading = NULL;
	reload->due_ms = kw_boot_ms(reload->server->clock) + RETRY_MS;
	free(r);
}

void kw_reload_tick(struct kw_reload *reload)
{
	struct kw_server *server = reload->server;

	if (reload->reading == NULL && reload->due_ms <= kw_boot_ms(server->clock))
		start(reload);
	if (!reload->ready || reload->reading == NULL)
		return;
	if (reload->reading->config != NULL) {
		server->draining = true;
		kw_keeper_retire(server->keeper);
		kw_service_cancel(server->service); /* what runs for the old one ends soon */
		if (!kw_jobs_idle(server->workers) || !kw_jobs_idle(server->errands))
			return;
	}
	swap_all(reload);
}

int64_t kw_reload_next_ms(const struct kw_reload *reload)
{
	return reload->reading == NULL ? reload->due_ms : INT64_MAX;
}
