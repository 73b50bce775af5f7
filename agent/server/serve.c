/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop of `keyward serve`. Nothing here waits for an upstream, a file or the TPM. */
#include "server/serve.h"

#include "server/audit.h"
#include "server/reload.h"
#include "util/log.h"
#include "util/memory.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

enum {
	N_WORKERS = 4,	    /* upstream work at the same time */
	N_OPERATORS = 2,    /* operations with keys at the same time */
	N_ERRANDS = 2,	    /* live releases and attestations of callers at the same time */
	ERRANDS_MAX = 32,   /* more of them that may wait: each may hold an access token */
	PATIENCE_MS = 5000, /* a worker sleeps no longer between two attempts: the keeper waits */
	STOP_MS = 800,	    /* how long running work may take after SIGTERM */
	EVENTS_MAX = 16,
};

struct loop {
	struct kw_server *server;
	const struct kw_serve_options *options;
	int epoll, signals;
	int64_t stop_by_ms; /* 0: not stopping */
	int64_t work_ms;    /* when store, keeper or reload have something to do: a request must not
			       cost more where there are more keys */
	struct {
		int fd; /* -1: there is no such listener */
		bool is_ready;
	} daemons[KW_LISTENERS_MAX];
};

/* Parts. */

static void key_changed(void *ctx, const struct kw_entry *entry)
{
	struct kw_server *server = ctx;

	if (entry->current == NULL || server->views[entry->index].generation != entry->generation)
		kw_views_drop(server, entry->index);
	if (entry->state == KW_STATE_REVOKED)
		kw_count(&server->counters->revocations);
	server->stirred = true;
	kw_resume_key(server, entry);
	kw_log(KW_LOG_DEBUG, "state", entry->name, "%s", kw_key_state_text(entry->state));
}

void kw_server_make_keys(struct kw_server *server)
{
	server->store = kw_store_new(server->clock);
	server->views = kw_alloc((server->config->n_keys + 1) * sizeof(*server->views));
	server->keeper = kw_keeper_new(&(struct kw_keeper_parts){
		server->config, server->service, server->workers, server->store, server->clock,
		server->random, server->counters });
	kw_store_listen(server->store, key_changed, server);
}

struct kw_service_options kw_server_service_options(struct kw_server *server,
						    const struct kw_config *config)
{
	return (struct kw_service_options){
		.config = config,
		.clock = server->clock,
		.random = server->random,
		.tpm_run = kw_jobs_call,
		.tpm_ctx = server->tpm,
		.counters = server->counters,
		.patience_ms = PATIENCE_MS,
		.one_of_many = true,
	};
}

static int open_parts(struct kw_server *server, const struct kw_serve_options *serve,
		      struct kw_error *err)
{
	struct kw_service_options options;

	if (kw_jobs_new(N_WORKERS, "kw-worker", &server->workers, err) < 0
	    || kw_jobs_new(1, "kw-tpm", &server->tpm, err) < 0
	    || kw_jobs_new(N_OPERATORS, "kw-operator", &server->operators, err) < 0
	    || kw_jobs_new(N_ERRANDS, "kw-errand", &server->errands, err) < 0
	    || kw_audit_open(server->config, server->clock, &server->audit, err) < 0)
		return -1;
	kw_jobs_limit(server->errands, ERRANDS_MAX);
	options = kw_server_service_options(server, server->config);
	if (kw_service_open(&options, &server->service, err) < 0
	    || kw_tokens_open(server->config, server->random, &server->tokens, err) < 0
	    || kw_reload_new(server, serve, &server->reload, err) < 0)
		return -1;
	kw_server_make_keys(server);
	return 0;
}

static bool is_idle(const struct kw_server *server)
{
	return (server->workers == NULL || kw_jobs_idle(server->workers))
	       && (server->tpm == NULL || kw_jobs_idle(server->tpm))
	       && (server->operators == NULL || kw_jobs_idle(server->operators))
	       && (server->errands == NULL || kw_jobs_idle(server->errands));
}

static void free_parts(struct kw_server *server)
{
	kw_daemons_stop(server);
	kw_listeners_close(server);
	kw_jobs_free(server->workers);
	kw_jobs_free(server->errands);
	kw_jobs_free(server->tpm);
	kw_jobs_free(server->operators);
	kw_audit_free(server->audit);
	kw_keeper_free(server->keeper);
	kw_service_free(server->service);
	for (size_t i = 0; server->views != NULL && i < server->config->n_keys; i++)
		kw_views_drop(server, i);
	free(server->views);
	kw_store_free(server->store);
	kw_tokens_free(server->tokens);
	kw_reload_free(server->reload); /* the configuration is its own, after the first */
	free(server->custom_trust);
	free(server->waiting.heap);
	free(server->counters);
}

/* Work that outlived its 800 ms still uses the parts: the process ends under it, and the arena too.
 */
static void free_or_exit(struct kw_server *server, int result)
{
	if (result == 0 && !is_idle(server)) {
		kw_store_free(server->store);
		kw_listeners_close(server);
		_exit(EXIT_SUCCESS);
	}
	free_parts(server);
}

/* The loop. */

static int watch(const struct loop *loop, int fd, struct kw_error *err)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return kw_fail(err, KW_E_SYS_INTERNAL, "epoll: %m");
	return 0;
}

static int watch_all(struct loop *loop, struct kw_error *err)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	loop->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->signals < 0 || loop->epoll < 0)
		return kw_fail(err, KW_E_SYS_INTERNAL, "event loop: %m");
	if (watch(loop, loop->signals, err) < 0
	    || watch(loop, kw_reload_fd(loop->server->reload), err) < 0
	    || watch(loop, kw_jobs_fd(loop->server->workers), err) < 0
	    || watch(loop, kw_jobs_fd(loop->server->operators), err) < 0
	    || watch(loop, kw_jobs_fd(loop->server->errands), err) < 0)
		return -1;
	for (size_t i = 0; i < KW_LISTENERS_MAX; i++) {
		struct MHD_Daemon *daemon = loop->server->listeners[i].daemon;

		loop->daemons[i].fd = -1;
		if (daemon == NULL)
			continue;
		loop->daemons[i].fd =
			MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
		if (watch(loop, loop->daemons[i].fd, err) < 0)
			return -1;
	}
	return 0;
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t daemons_next_ms(const struct kw_server *server, int64_t now_ms)
{
	int64_t next = INT64_MAX;
	MHD_UNSIGNED_LONG_LONG in_ms = 0;

	for (size_t i = 0; i < KW_LISTENERS_MAX; i++)
		if (server->listeners[i].daemon != NULL
		    && MHD_get_timeout(server->listeners[i].daemon, &in_ms) == MHD_YES)
			next = earlier(next, now_ms + (int64_t)in_ms);
	return next;
}

static int64_t work_next_ms(const struct loop *loop)
{
	const struct kw_server *server = loop->server;
	int64_t next = kw_store_next_ms(server->store);

	if (loop->stop_by_ms != 0)
		return earlier(next, loop->stop_by_ms);
	return earlier(next, earlier(kw_keeper_next_ms(server->keeper),
				     kw_reload_next_ms(server->reload)));
}

/* How long to sleep: until the next thing that is due, or for good. */
static int pause_ms(const struct loop *loop)
{
	const struct kw_server *server = loop->server;
	int64_t now_ms = kw_boot_ms(server->clock), next = INT64_MAX;

	if (server->resumed)
		return 0;
	next = earlier(next, daemons_next_ms(server, now_ms));
	next = earlier(next, kw_suspended_next_ms(server));
	next = earlier(next, loop->work_ms);
	if (next == INT64_MAX)
		return -1;
	if (next <= now_ms)
		return 0;
	return next - now_ms > INT32_MAX ? INT32_MAX : (int)(next - now_ms);
}

/* The last refusal of the first required key that is missing, or NULL. */
static const struct kw_error *why_unready(const struct kw_server *server)
{
	for (size_t i = 0; i < kw_store_count(server->store); i++) {
		const struct kw_entry *entry = kw_store_at(server->store, i);

		if (entry->required && entry->current == NULL && entry->last_error.def != NULL)
			return &entry->last_error;
	}
	return NULL;
}

static void begin_stop(struct loop *loop)
{
	struct kw_server *server = loop->server;
	const struct kw_error *why = why_unready(server);

	if (loop->stop_by_ms != 0)
		return;
	if (why != NULL && loop->options->unready != NULL)
		loop->options->unready(loop->options->unready_ctx, why);
	kw_log(KW_LOG_INFO, "stopping", NULL, "asked to stop");
	loop->stop_by_ms = kw_boot_ms(server->clock) + STOP_MS;
	server->stopping = true;
	kw_service_cancel(server->service);
	kw_resume_all(server);
}

static void read_signals(struct loop *loop)
{
	struct signalfd_siginfo info;

	while (read(loop->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			kw_reload_ask(loop->server->reload);
		else
			begin_stop(loop);
	}
}

static void run_work(struct loop *loop)
{
	struct kw_server *server = loop->server;

	kw_jobs_finish(server->workers);
	kw_jobs_finish(server->operators);
	kw_jobs_finish(server->errands);
	kw_store_tick(server->store);
	if (loop->stop_by_ms == 0)
		kw_keeper_tick(server->keeper);
	if (loop->stop_by_ms == 0)
		kw_reload_tick(server->reload);
	server->stirred = false;
	loop->work_ms = work_next_ms(loop);
}

/* Those that something came in for, and those with requests that were resumed or timed out. */
static void run_requests(struct loop *loop)
{
	MHD_UNSIGNED_LONG_LONG in_ms = 0;
	bool resumed = false;

	kw_resume_due(loop->server);
	resumed = loop->server->resumed;
	loop->server->resumed = false;
	for (size_t i = 0; i < KW_LISTENERS_MAX; i++) {
		struct MHD_Daemon *daemon = loop->server->listeners[i].daemon;

		if (daemon == NULL)
			continue;
		if (resumed || loop->daemons[i].is_ready
		    || (MHD_get_timeout(daemon, &in_ms) == MHD_YES && in_ms == 0))
			MHD_run(daemon);
		loop->daemons[i].is_ready = false;
	}
}

/* True: something else than requests came in. */
static bool take_event(struct loop *loop, int fd)
{
	for (size_t i = 0; i < KW_LISTENERS_MAX; i++)
		if (loop->daemons[i].fd == fd) {
			loop->daemons[i].is_ready = true;
			return false;
		}
	if (fd == loop->signals)
		read_signals(loop);
	else if (fd == kw_reload_fd(loop->server->reload))
		kw_reload_read(loop->server->reload);
	return true;
}

static bool has_stopped(const struct loop *loop)
{
	return loop->stop_by_ms != 0
	       && (kw_boot_ms(loop->server->clock) >= loop->stop_by_ms || is_idle(loop->server));
}

static int run_loop(struct loop *loop, struct kw_error *err)
{
	struct epoll_event events[EVENTS_MAX];

	run_work(loop);
	while (!has_stopped(loop)) {
		int n = epoll_wait(loop->epoll, events, EVENTS_MAX, pause_ms(loop));
		bool work = false;

		if (n < 0 && errno != EINTR)
			return kw_fail(err, KW_E_SYS_INTERNAL, "epoll: %m");
		for (int i = 0; i < n; i++)
			work |= take_event(loop, events[i].data.fd);
		if (work || loop->server->stirred
		    || kw_boot_ms(loop->server->clock) >= loop->work_ms)
			run_work(loop);
		run_requests(loop);
		if (loop->server->stirred)
			run_work(loop);
	}
	run_requests(loop); /* the last answers go out */
	return 0;
}

static void loop_clear(struct loop *loop)
{
	kw_fd_close(&loop->epoll);
	kw_fd_close(&loop->signals);
}

static int run(struct kw_server *server, const struct kw_serve_options *options,
	       struct kw_error *err)
{
	KW_CLEANUP(loop_clear)
	struct loop loop = { .server = server, .options = options, .epoll = -1, .signals = -1 };
	int result = -1;

	if (watch_all(&loop, err) == 0 && kw_jobs_start(server->workers, err) == 0
	    && kw_jobs_start(server->tpm, err) == 0 && kw_jobs_start(server->operators, err) == 0
	    && kw_jobs_start(server->errands, err) == 0)
		result = run_loop(&loop, err);
	return result;
}

static void announce(const struct kw_server *server)
{
	const struct kw_config *config = server->config;
	char identity[200];

	kw_identity_describe(&config->identity, identity, sizeof(identity));
	kw_log(KW_LOG_INFO, "listening", NULL, "http %s, socket %s, health %s", config->server.http,
	       config->server.socket.path, config->server.health);
	kw_log(KW_LOG_INFO, "identity", NULL, "%s", identity);
	if (server->custom_trust[0] != '\0')
		kw_log(KW_LOG_WARNING, "custom-trust", NULL, "not built in: %s",
		       server->custom_trust);
	for (size_t i = 0; i < config->n_keys; i++)
		for (size_t k = 0; k < config->keys[i].n_allow; k++)
			if (config->keys[i].allow[k].any)
				kw_log(KW_LOG_WARNING, "open-key", config->keys[i].name,
				       "anybody who reaches the port may have it");
}

int kw_serve(const struct kw_config *config, const struct kw_serve_options *options,
	     struct kw_error *err)
{
	struct kw_server server = {
		.config = config,
		.clock = options->clock,
		.random = options->random,
		.custom_trust = kw_config_custom_trust(config),
		.sandbox = options->sandbox,
		.counters = kw_alloc(sizeof(*server.counters)),
	};
	int result = -1;

	if (kw_listeners_open(&server, err) == 0 && open_parts(&server, options, err) == 0
	    && kw_daemons_start(&server, err) == 0) {
		announce(&server);
		result = run(&server, options, err);
	}
	free_or_exit(&server, result);
	return result;
}
