/* SPDX-License-Identifier: Apache-2.0 */
#include "node/kubelet.h"

#include "node/grpc_client.h"
#include "node/socket.h"
#include "service/pause.h"
#include "util/listen.h"
#include "util/log.h"
#include "util/memory.h"
#include "util/text.h"

#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum {
	PEERS_MAX = 8,	     /* the kubelet opens one or two */
	LOOK_MS = 10 * 1000, /* should the watch on the directory have missed something */
	GRACE_MS = 5 * 1000, /* how long the kubelet may take to call back, or to come again */
	SOCKET_MODE = 0600,
};

/* Which file a path leads to; all zero: none. */
struct identity {
	dev_t device;
	ino_t inode;
	struct timespec changed;
};

struct peer {
	struct kw_kubelet *kubelet;
	struct kw_grpc_peer *grpc; /* NULL: this place is free */
	struct kw_socket socket;
};

struct kw_kubelet {
	struct kw_kubelet_parts parts;
	char *plugin_path, *kubelet_path;
	struct kw_grpc_server server;
	struct kw_watch directory, listener;
	struct identity listening; /* our socket's */
	struct peer peers[PEERS_MAX];
	/* The registration that is being made, */
	struct kw_grpc_call *call; /* NULL: none */
	struct kw_socket call_socket;
	struct identity called; /* the kubelet's socket when it was begun */
	int64_t call_end_ms;
	/* and the last that was. */
	struct identity registered; /* none: not registered */
	int64_t seen_watching_ms;
	int64_t next_try_ms;
	unsigned n_failures; /* in a row */
	struct kw_kubelet_state state;
};

static int64_t now_of(const struct kw_kubelet *kubelet)
{
	return kw_boot_ms(kubelet->parts.clock);
}

static struct identity identity_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return (struct identity){ 0 };
	return (struct identity){ st.st_dev, st.st_ino, st.st_ctim };
}

static bool is_none(const struct identity *identity)
{
	return identity->inode == 0;
}

static bool is_same(const struct identity *a, const struct identity *b)
{
	return a->device == b->device && a->inode == b->inode
	       && a->changed.tv_sec == b->changed.tv_sec
	       && a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Those who call us. */

static void peer_close(struct peer *peer)
{
	kw_socket_close(&peer->socket);
	kw_grpc_peer_freep(&peer->grpc);
}

static void peer_ready(void *ctx, uint32_t events KW_UNUSED)
{
	struct peer *peer = ctx;

	if (!kw_socket_pump(&peer->socket))
		peer_close(peer);
}

/* A free place, else that of somebody who watches nothing; NULL: everybody does. */
static struct peer *find_place(struct kw_kubelet *kubelet)
{
	for (size_t i = 0; i < PEERS_MAX; i++)
		if (!kubelet->peers[i].grpc)
			return &kubelet->peers[i];
	for (size_t i = 0; i < PEERS_MAX; i++)
		if (kw_grpc_peer_watching(kubelet->peers[i].grpc) == 0) {
			peer_close(&kubelet->peers[i]);
			return &kubelet->peers[i];
		}
	return NULL;
}

static void listener_ready(void *ctx, uint32_t events KW_UNUSED)
{
	struct kw_kubelet *kubelet = ctx;
	KW_CLEANUP(kw_fd_close)
	int fd = accept4(kubelet->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct peer *peer = fd >= 0 ? find_place(kubelet) : NULL;
	struct kw_error ignored = { 0 };

	if (!peer)
		return; /* closed, if there was one */
	*peer = (struct peer){ .kubelet = kubelet, .grpc = kw_grpc_peer_new(&kubelet->server) };
	peer->socket = (struct kw_socket){ .loop = kubelet->parts.loop,
					   .session = kw_grpc_peer_session(peer->grpc),
					   .clock = kubelet->parts.clock };
	if (kw_socket_open(&peer->socket, kw_fd_steal(&fd), peer_ready, peer, &ignored) < 0)
		peer_close(peer);
	else
		peer_ready(peer, 0);
}

static size_t watching(const struct kw_kubelet *kubelet)
{
	size_t n = 0;

	for (size_t i = 0; i < PEERS_MAX; i++)
		if (kubelet->peers[i].grpc)
			n += kw_grpc_peer_watching(kubelet->peers[i].grpc);
	return n;
}

static int64_t tick_peers(struct kw_kubelet *kubelet)
{
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < PEERS_MAX; i++) {
		struct peer *peer = &kubelet->peers[i];
		int64_t of_peer;

		if (!peer->grpc)
			continue;
		of_peer = kw_grpc_peer_tick(peer->grpc);
		if (of_peer < next)
			next = of_peer;
		if (kw_socket_is_stuck(&peer->socket) || !kw_socket_pump(&peer->socket))
			peer_close(peer);
	}
	return next;
}

/* Our socket. */

static void stop_listening(struct kw_kubelet *kubelet)
{
	struct identity there = identity_of(kubelet->plugin_path);

	if (!is_none(&kubelet->listening) && is_same(&there, &kubelet->listening))
		unlink(kubelet->plugin_path);
	kw_loop_drop(kubelet->parts.loop, &kubelet->listener);
	kubelet->listening = (struct identity){ 0 };
}

static int start_listening(struct kw_kubelet *kubelet, struct kw_error *err)
{
	const struct kw_listen_target target = { kubelet->plugin_path, SOCKET_MODE, (gid_t)-1 };

	if (kw_listen_unix(&target, &kubelet->listener.fd, err) < 0)
		return -1;
	kubelet->listening = identity_of(kubelet->plugin_path);
	return kw_loop_add(kubelet->parts.loop, &kubelet->listener, EPOLLIN, err);
}

/* The kubelet removes it when it starts; with it goes the registration. */
static int keep_listening(struct kw_kubelet *kubelet, struct kw_error *err)
{
	struct identity there = identity_of(kubelet->plugin_path);

	if (kubelet->listener.fd >= 0 && is_same(&there, &kubelet->listening))
		return 0;
	stop_listening(kubelet);
	kubelet->registered = (struct identity){ 0 };
	return start_listening(kubelet, err);
}

/* Registering. */

static void end_call(struct kw_kubelet *kubelet)
{
	kw_socket_close(&kubelet->call_socket);
	kw_grpc_call_freep(&kubelet->call);
}

static void registration_failed(struct kw_kubelet *kubelet, const struct kw_error *err)
{
	end_call(kubelet);
	kubelet->registered = (struct identity){ 0 };
	kubelet->next_try_ms =
		now_of(kubelet) + kw_pause_ms(kubelet->parts.random, kubelet->n_failures++, err);
	kubelet->state.n_failed++;
	if (strcmp(kubelet->state.err.detail, err->detail) != 0)
		kw_log_error(KW_LOG_WARNING, "not-registered", NULL, err);
	kubelet->state.err = *err;
}

static void registration_done(struct kw_kubelet *kubelet)
{
	kubelet->registered = kubelet->called;
	kubelet->seen_watching_ms = now_of(kubelet);
	kubelet->n_failures = 0;
	kubelet->state.n_registered++;
	kubelet->state.err = (struct kw_error){ 0 };
	kw_log(KW_LOG_INFO, "registered", NULL, "%s with the kubelet",
	       kubelet->parts.config->node.resource);
	end_call(kubelet);
}

static void call_ready(void *ctx, uint32_t events KW_UNUSED)
{
	struct kw_kubelet *kubelet = ctx;
	struct kw_grpc_outcome outcome = { 0 };
	struct kw_error err = { 0 };
	bool goes_on = kw_socket_pump(&kubelet->call_socket);

	if (!kw_grpc_call_done(kubelet->call, &outcome)) {
		if (goes_on)
			return;
		kw_fail(&err, KW_E_SRV_KUBELET,
			"registering '%s': the kubelet ended the connection without an answer",
			kubelet->parts.config->node.resource);
		registration_failed(kubelet, &err);
	} else if (outcome.status != KW_GRPC_OK) {
		kw_fail(&err, KW_E_SRV_KUBELET, "registering '%s': status %d: %s",
			kubelet->parts.config->node.resource, outcome.status, outcome.text);
		registration_failed(kubelet, &err);
	} else {
		registration_done(kubelet);
	}
}

static int dial(struct kw_kubelet *kubelet, int *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_fd_close) int fd = -1;
	struct kw_address address;

	if (kw_unix_address(kubelet->kubelet_path, &address, err) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address.socket, address.len) < 0)
		return kw_fail(err, KW_E_SRV_KUBELET, "connecting to '%s': %m",
			       kubelet->kubelet_path);
	*ret = kw_fd_steal(&fd);
	return 0;
}

static int begin_call(struct kw_kubelet *kubelet, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear)
	struct kw_blob request = kw_plugin_registration(kubelet->parts.config);
	int fd = -1;

	if (dial(kubelet, &fd, err) < 0)
		return -1;
	kubelet->call = kw_grpc_call_new(KW_KUBELET_REGISTER, kw_blob_bytes(&request));
	kubelet->call_end_ms = now_of(kubelet) + KW_GRPC_CALL_MS;
	kubelet->call_socket = (struct kw_socket){ .loop = kubelet->parts.loop,
						   .session = kw_grpc_call_session(kubelet->call),
						   .clock = kubelet->parts.clock };
	return kw_socket_open(&kubelet->call_socket, fd, call_ready, kubelet, err);
}

/* Something changed: what failed before says nothing about the next attempt. */
static void hurry(struct kw_kubelet *kubelet)
{
	kubelet->n_failures = 0;
	kubelet->next_try_ms = 0;
}

/* Notes whether the kubelet has gone, come again, or stopped watching. */
static void look_at_registration(struct kw_kubelet *kubelet)
{
	struct identity there = identity_of(kubelet->kubelet_path);
	struct kw_error err = { 0 };

	if (is_none(&kubelet->registered)) {
		if (!kubelet->call && !is_none(&there) && !is_same(&there, &kubelet->called))
			hurry(kubelet);
		return;
	}
	if (watching(kubelet) > 0)
		kubelet->seen_watching_ms = now_of(kubelet);
	if (!is_same(&there, &kubelet->registered)) {
		kubelet->registered = (struct identity){ 0 };
		hurry(kubelet);
		kw_log(KW_LOG_INFO, "kubelet-restarted", NULL,
		       "its socket was replaced or removed");
	} else if (now_of(kubelet) - kubelet->seen_watching_ms >= GRACE_MS) {
		kw_fail(&err, KW_E_SRV_KUBELET, "the kubelet does not watch the devices");
		registration_failed(kubelet, &err);
	}
}

static void keep_registered(struct kw_kubelet *kubelet)
{
	struct kw_error err = { 0 };

	if (kubelet->call && now_of(kubelet) >= kubelet->call_end_ms) {
		kw_fail(&err, KW_E_SRV_KUBELET, "registering '%s': no answer within %d ms",
			kubelet->parts.config->node.resource, KW_GRPC_CALL_MS);
		registration_failed(kubelet, &err);
	}
	if (kubelet->call || !is_none(&kubelet->registered)
	    || now_of(kubelet) < kubelet->next_try_ms)
		return;
	kubelet->called = identity_of(kubelet->kubelet_path);
	if (keep_listening(kubelet, &err) < 0 || begin_call(kubelet, &err) < 0)
		registration_failed(kubelet, &err);
	else
		call_ready(kubelet, 0);
}

/* The directory. */

/* Events only wake: what there is to do, the next tick sees by looking. */
static void directory_ready(void *ctx, uint32_t events KW_UNUSED)
{
	struct kw_kubelet *kubelet = ctx;
	char dropped[4096];

	while (read(kubelet->directory.fd, dropped, sizeof(dropped)) > 0)
		;
	if (is_none(&kubelet->registered))
		hurry(kubelet);
}

/* Adding a watch that is there already changes nothing, so this is repeated: the directory may have
 * been made later, or anew. */
static void watch_directory(const struct kw_kubelet *kubelet)
{
	(void)inotify_add_watch(kubelet->directory.fd, kubelet->parts.config->node.kubelet,
				IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE_SELF
					| IN_MOVE_SELF | IN_ONLYDIR);
}

/* The whole. */

int kw_kubelet_new(const struct kw_kubelet_parts *parts, struct kw_kubelet **ret,
		   struct kw_error *err)
{
	KW_CLEANUP(kw_kubelet_freep) struct kw_kubelet *kubelet = kw_alloc(sizeof(*kubelet));
	const char *directory = parts->config->node.kubelet;

	kubelet->parts = *parts;
	kubelet->plugin_path = kw_format("%s/" KW_PLUGIN_SOCKET, directory);
	kubelet->kubelet_path = kw_format("%s/" KW_KUBELET_SOCKET, directory);
	kubelet->server = (struct kw_grpc_server){ kw_plugin_methods, parts->plugin, parts->clock };
	kubelet->listener = (struct kw_watch){ -1, listener_ready, kubelet };
	kubelet->call_socket =
		(struct kw_socket){ .watch.fd = -1, .loop = parts->loop, .clock = parts->clock };
	kubelet->directory = (struct kw_watch){ inotify_init1(IN_CLOEXEC | IN_NONBLOCK),
						directory_ready, kubelet };
	if (kubelet->directory.fd < 0)
		return kw_fail(err, KW_E_SYS_INTERNAL, "inotify: %m");
	if (kw_loop_add(parts->loop, &kubelet->directory, EPOLLIN, err) < 0)
		return -1;
	*ret = KW_STEAL(kubelet);
	return 0;
}

void kw_kubelet_free(struct kw_kubelet *kubelet)
{
	if (!kubelet)
		return;
	end_call(kubelet);
	stop_listening(kubelet);
	for (size_t i = 0; i < PEERS_MAX; i++)
		if (kubelet->peers[i].grpc)
			peer_close(&kubelet->peers[i]);
	kw_loop_drop(kubelet->parts.loop, &kubelet->directory);
	free(kubelet->plugin_path);
	free(kubelet->kubelet_path);
	free(kubelet);
}

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t kw_kubelet_tick(struct kw_kubelet *kubelet)
{
	int64_t next = tick_peers(kubelet), now_ms = now_of(kubelet);
	struct identity there = identity_of(kubelet->plugin_path);

	watch_directory(kubelet);
	if (!is_same(&there, &kubelet->listening))
		kubelet->registered = (struct identity){ 0 };
	look_at_registration(kubelet);
	keep_registered(kubelet);
	next = earlier(next, now_ms + LOOK_MS);
	if (kubelet->call)
		next = earlier(next, kubelet->call_end_ms);
	else if (is_none(&kubelet->registered))
		next = earlier(next, kubelet->next_try_ms);
	else if (watching(kubelet) == 0)
		next = earlier(next, kubelet->seen_watching_ms + GRACE_MS);
	return next;
}

void kw_kubelet_renew(struct kw_kubelet *kubelet)
{
	for (size_t i = 0; i < PEERS_MAX; i++) {
		struct peer *peer = &kubelet->peers[i];

		if (!peer->grpc)
			continue;
		kw_grpc_peer_renew(peer->grpc);
		if (!kw_socket_pump(&peer->socket))
			peer_close(peer);
	}
}

struct kw_kubelet_state kw_kubelet_state(const struct kw_kubelet *kubelet)
{
	struct kw_kubelet_state state = kubelet->state;

	state.is_registered = !is_none(&kubelet->registered) && watching(kubelet) > 0;
	return state;
}
