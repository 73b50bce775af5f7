/* SPDX-License-Identifier: Apache-2.0 */
#include "node/node.h"

#include "node/device.h"
#include "node/metrics.h"
#include "sandbox/capabilities.h"
#include "service/jobs.h"
#include "util/log.h"
#include "util/text.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>

enum {
	STOP_MS = 800,		    /* how long a look may take after SIGTERM */
	DEVICE_LOOK_MS = 10 * 1000, /* should the watch on its directory have missed something */
};

struct look {
	struct kw_job job; /* first: what the worker has */
	struct node *node;
	bool is_under_way;
};

struct node {
	const struct kw_config *config;
	const struct kw_clock *clock;
	struct kw_loop loop;
	struct kw_watch signals, device_directory, jobs_watch;
	struct kw_device device;
	struct kw_plugin plugin;
	struct kw_kubelet *kubelet;
	struct kw_publisher *publisher;
	struct kw_jobs *jobs;
	struct kw_metrics *metrics;
	struct look look;
	struct kw_published published; /* of the last look that ended */
	struct kw_part parts[KW_N_PARTS];
	struct kw_node_view view;
	int64_t device_look_ms;
	int64_t stop_by_ms; /* 0: not stopping */
};

/* The device. */

static void look_at_device(struct node *node)
{
	bool changed = kw_device_sync(&node->device);

	node->device_look_ms = kw_boot_ms(node->clock) + DEVICE_LOOK_MS;
	kw_part_set(&node->parts[KW_PART_DEVICE], KW_PART_DEVICE,
		    node->device.is_there ? NULL : &node->device.err);
	node->plugin.is_healthy = node->device.is_there;
	if (changed)
		kw_kubelet_renew(node->kubelet);
}

/* Events only wake: what there is to do, looking tells. */
static void device_directory_ready(void *ctx, uint32_t events KW_UNUSED)
{
	struct node *node = ctx;
	char dropped[4096];

	while (read(node->device_directory.fd, dropped, sizeof(dropped)) > 0)
		;
	look_at_device(node);
}

static int watch_device(struct node *node, struct kw_error *err)
{
	KW_CLEANUP(freep) char *directory = kw_strdup(node->config->node.device);

	*strrchr(directory, '/') = '\0';
	node->device_directory.fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (node->device_directory.fd < 0)
		return kw_fail(err, KW_E_SYS_INTERNAL, "inotify: %m");
	(void)inotify_add_watch(node->device_directory.fd, *directory ? directory : "/",
				IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_ONLYDIR);
	return kw_loop_add(&node->loop, &node->device_directory, EPOLLIN, err);
}

/* The published files. */

static void run_look(struct kw_job *job) /* on the worker */
{
	kw_publisher_look(((struct look *)job)->node->publisher);
}

static void take_published(struct node *node)
{
	node->published = *kw_publisher_result(node->publisher);
	node->parts[KW_PART_TPM] = node->published.tpm;
	node->parts[KW_PART_EVENT_LOG] = node->published.event_log;
	node->parts[KW_PART_COLLATERAL] = node->published.collateral;
	node->parts[KW_PART_CONFIG_MAP] = node->published.config_map;
}

static void look_done(struct kw_job *job)
{
	struct look *look = (struct look *)job;

	look->is_under_way = false;
	take_published(look->node);
}

static void look_if_due(struct node *node)
{
	if (node->look.is_under_way || node->stop_by_ms != 0
	    || kw_boot_ms(node->clock) < node->published.next_ms)
		return;
	node->look = (struct look){ { run_look, look_done, NULL }, node, true };
	if (!kw_jobs_submit(node->jobs, &node->look.job))
		node->look.is_under_way = false;
}

static void jobs_ready(void *ctx, uint32_t events KW_UNUSED)
{
	kw_jobs_finish(((struct node *)ctx)->jobs);
}

/* The loop. */

static void signals_ready(void *ctx, uint32_t events KW_UNUSED)
{
	struct node *node = ctx;
	struct signalfd_siginfo info;

	while (read(node->signals.fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (node->stop_by_ms == 0) {
			kw_log(KW_LOG_INFO, "stopping", NULL, "asked to stop");
			node->stop_by_ms = kw_boot_ms(node->clock) + STOP_MS;
			kw_publisher_cancel(node->publisher);
		}
}

static int watch_signals(struct node *node, struct kw_error *err)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	node->signals.fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (node->signals.fd < 0)
		return kw_fail(err, KW_E_SYS_INTERNAL, "signals: %m");
	return kw_loop_add(&node->loop, &node->signals, EPOLLIN, err);
}

static void note_kubelet(struct node *node)
{
	const struct kw_kubelet_state state = kw_kubelet_state(node->kubelet);

	node->parts[KW_PART_KUBELET] = (struct kw_part){
		.state = state.is_registered ? KW_PART_OK
			 : state.err.def     ? KW_PART_FAILED
					     : KW_PART_PENDING,
		.err = state.err,
	};
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Does what is due; how long there is nothing else to do. */
static int tick(struct node *node)
{
	int64_t now_ms = kw_boot_ms(node->clock), next_ms = kw_kubelet_tick(node->kubelet);
	int64_t of_metrics_ms = kw_metrics_tick(node->metrics);

	if (now_ms >= node->device_look_ms)
		look_at_device(node);
	look_if_due(node);
	note_kubelet(node);
	next_ms = earlier(next_ms, node->device_look_ms);
	if (of_metrics_ms >= 0)
		next_ms = earlier(next_ms, now_ms + of_metrics_ms);
	if (!node->look.is_under_way)
		next_ms = earlier(next_ms, node->published.next_ms);
	if (node->stop_by_ms != 0)
		next_ms = earlier(next_ms, node->stop_by_ms);
	return next_ms <= now_ms ? 0 : (int)(next_ms - now_ms);
}

static bool has_stopped(const struct node *node)
{
	return node->stop_by_ms != 0
	       && (!node->look.is_under_way || kw_boot_ms(node->clock) >= node->stop_by_ms);
}

static int run_loop(struct node *node, struct kw_error *err)
{
	look_at_device(node);
	while (!has_stopped(node))
		if (kw_loop_wait(&node->loop, tick(node), err) < 0)
			return -1;
	return 0;
}

/* The whole. */

static int open_parts(struct node *node, const struct kw_node_options *options,
		      struct kw_error *err)
{
	const struct kw_publisher_parts publisher = { node->config, node->clock, options->random };
	const struct kw_kubelet_parts kubelet = { node->config, node->clock, options->random,
						  &node->loop, &node->plugin };

	if (kw_loop_open(&node->loop, err) < 0 || watch_signals(node, err) < 0
	    || watch_device(node, err) < 0
	    || kw_publisher_new(&publisher, &node->publisher, err) < 0
	    || kw_kubelet_new(&kubelet, &node->kubelet, err) < 0
	    || kw_jobs_new(1, "kw-node", &node->jobs, err) < 0)
		return -1;
	node->jobs_watch.fd = kw_jobs_fd(node->jobs);
	if (kw_loop_add(&node->loop, &node->jobs_watch, EPOLLIN, err) < 0)
		return -1;
	take_published(node);
	node->view = (struct kw_node_view){ node->clock, node->parts, &node->plugin, node->kubelet,
					    &node->published };
	return kw_metrics_start(node->config->node.metrics, &node->view, &node->loop,
				&node->metrics, err);
}

static void close_parts(struct node *node)
{
	kw_metrics_free(node->metrics);
	kw_kubelet_free(node->kubelet);
	/* A look that does not end in its time holds the TPM or a file system: the process ends
	 * under it. */
	if (node->stop_by_ms != 0 && node->look.is_under_way)
		_exit(EXIT_SUCCESS);
	kw_jobs_free(node->jobs);
	kw_publisher_free(node->publisher);
	kw_device_close(&node->device);
	kw_fd_close(&node->signals.fd);
	kw_fd_close(&node->device_directory.fd);
	kw_loop_close(&node->loop);
}

/* What is given up before anybody is listened to; the one place for it. CAP_MKNOD and CAP_CHOWN
 * make the device node, CAP_DAC_OVERRIDE opens a TPM that belongs to a group of the distribution's.
 */
static int confine(struct kw_error *err)
{
	return kw_capabilities_keep(
		KW_CAPABILITY_MKNOD | KW_CAPABILITY_CHOWN | KW_CAPABILITY_DAC_OVERRIDE, err);
}

static void announce(const struct kw_config *config)
{
	KW_CLEANUP(freep) char *custom = kw_config_custom_trust(config);

	kw_log(KW_LOG_INFO, "starting", NULL, "device %s as %s, files in %s, metrics at %s",
	       config->node.device, config->node.resource, config->node.directory,
	       *config->node.metrics ? config->node.metrics : "nowhere");
	if (*custom)
		kw_log(KW_LOG_WARNING, "custom-trust", NULL, "not built in: %s", custom);
}

int kw_node_run(struct kw_config *config, const struct kw_node_options *options,
		struct kw_error *err)
{
	struct node node = {
		.config = config,
		.clock = options->clock,
		.loop.epoll = -1,
	};
	int result = -1;

	kw_config_use_remote_collateral(config);
	node.signals = (struct kw_watch){ -1, signals_ready, &node };
	node.device_directory = (struct kw_watch){ -1, device_directory_ready, &node };
	node.jobs_watch = (struct kw_watch){ -1, jobs_ready, &node };
	kw_device_open(config, &node.device);
	node.plugin = (struct kw_plugin){ .config = config, .device_path = node.device.path };
	if (open_parts(&node, options, err) == 0 && confine(err) == 0
	    && kw_jobs_start(node.jobs, err) == 0) {
		announce(config);
		result = run_loop(&node, err);
	}
	close_parts(&node);
	return result;
}
