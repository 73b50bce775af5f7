/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readiness and metrics of the node helper, on an HTTP listener of its own (libmicrohttpd, in the
 * event thread): GET /livez, /readyz, /startupz, /metrics. Nothing secret is behind it: parts and
 * error ids, counts and ages.
 */
#pragma once

#include "node/kubelet.h"
#include "node/loop.h"
#include "node/part.h"
#include "node/publish.h"

/* What is told; all borrowed, all of the event thread. */
struct kw_node_view {
	const struct kw_clock *clock;
	const struct kw_part *parts; /* KW_N_PARTS */
	const struct kw_plugin *plugin;
	const struct kw_kubelet *kubelet;
	const struct kw_published *published;
};

/* Every part is well, or off. */
bool kw_node_is_ready(const struct kw_part parts[KW_N_PARTS]);
/* One line per part, owned: "kubelet: failed, KW-SRV-030". */
char *kw_node_ready_text(const struct kw_part parts[KW_N_PARTS]);
/* The text format of Prometheus, owned. */
char *kw_node_metrics_text(const struct kw_node_view *view);

struct kw_metrics;
/* "" listens nowhere. SRV_LISTEN. */
int kw_metrics_start(const char *address, const struct kw_node_view *view, struct kw_loop *loop,
		     struct kw_metrics **ret, struct kw_error *err) KW_MUST_USE;
void kw_metrics_free(struct kw_metrics *metrics);
KW_DEFINE_FREEP(struct kw_metrics, kw_metrics_free);
/* For the loop: connections that time out; milliseconds until the next, or -1. */
int64_t kw_metrics_tick(struct kw_metrics *metrics);
