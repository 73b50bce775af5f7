/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connections with the kubelet: our socket in its directory, on which it calls the plugin, and
 * the call to its socket that registers us. The kubelet empties that directory whenever it starts
 * and forgets its plugins; the directory is watched, our socket made again and the registration
 * repeated. A registration is good as long as the kubelet keeps a ListAndWatch open. What fails is
 * tried again with growing pauses. On the event thread; allowed to be wrong about nothing the peer
 * sends, see node/grpc.h.
 */
#pragma once

#include "node/loop.h"
#include "node/plugin.h"

struct kw_kubelet;
struct kw_kubelet_parts { /* all outlive it */
	const struct kw_config *config;
	const struct kw_clock *clock;
	const struct kw_random *random;
	struct kw_loop *loop;
	struct kw_plugin *plugin;
};
/* Starts nothing yet. SYS_INTERNAL. */
int kw_kubelet_new(const struct kw_kubelet_parts *parts, struct kw_kubelet **ret,
		   struct kw_error *err) KW_MUST_USE;
void kw_kubelet_free(struct kw_kubelet *kubelet); /* removes our socket */
KW_DEFINE_FREEP(struct kw_kubelet, kw_kubelet_free);

/* Does what is due; the boot clock of what will be next. */
int64_t kw_kubelet_tick(struct kw_kubelet *kubelet);
/* The plugin's devices changed: those who watch them are told. */
void kw_kubelet_renew(struct kw_kubelet *kubelet);

struct kw_kubelet_state {
	bool is_registered;  /* and it watches */
	struct kw_error err; /* why not; row NULL: it is being done */
	uint64_t n_registered, n_failed;
};
struct kw_kubelet_state kw_kubelet_state(const struct kw_kubelet *kubelet);
