/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the sockets. TCP on literals only, and on loopback where keys are served: the configuration
 * has checked that. */
#include "util/listen.h"

#include "server/server.h"
#include "util/text.h"

static int open_unix(const struct kw_config *config, struct kw_listener *listener,
		     struct kw_error *err)
{
	const struct kw_listen_target target = {
		.path = config->server.socket.path,
		.mode = config->server.socket.mode,
		.gid = (gid_t)config->server.socket.gid, /* -1 is "leave" for both */
	};

	if (kw_listen_unix(&target, &listener->fd, err) < 0)
		return -1;
	listener->unlink_path = kw_strdup(target.path);
	return 0;
}

int kw_listeners_open(struct kw_server *server, struct kw_error *err)
{
	const struct kw_config *config = server->config;
	struct kw_listener *l = server->listeners;

	for (size_t i = 0; i < KW_LISTENERS_MAX; i++)
		l[i] = (struct kw_listener){ .server = server,
					     .kind = (enum kw_listener_kind)i,
					     .fd = -1 };
	if (config->server.http[0] != '\0'
	    && kw_listen_tcp(config->server.http, &l[KW_LISTENER_TCP].fd, err) < 0)
		return kw_wrap(err, "server.http");
	if (config->server.socket.path[0] != '\0'
	    && open_unix(config, &l[KW_LISTENER_SOCKET], err) < 0)
		return kw_wrap(err, "server.socket");
	if (config->server.health[0] != '\0'
	    && kw_listen_tcp(config->server.health, &l[KW_LISTENER_HEALTH].fd, err) < 0)
		return kw_wrap(err, "server.health");
	return 0;
}

void kw_listeners_close(struct kw_server *server)
{
	for (size_t i = 0; i < KW_LISTENERS_MAX; i++) {
		struct kw_listener *listener = &server->listeners[i];

		if (listener->server == NULL)
			continue; /* never opened */
		kw_fd_close(&listener->fd);
		if (listener->unlink_path != NULL)
			unlink(listener->unlink_path);
		free(listener->unlink_path);
		*listener = (struct kw_listener){ .fd = -1 };
	}
}
