/* SPDX-License-Identifier: Apache-2.0 */
/* Opens the sockets. TCP on literals only, and on loopback where keys are served: the configuration
 * has checked that. */
#include "server/server.h"
#include "util/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { BACKLOG = 1024 };

/* "127.0.0.1:8080" or "[::1]:8080". */
static bool parse_address(const char *text, struct sockaddr_storage *ret, socklen_t *ret_len)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
	const char *colon = strrchr(text, ':');
	bool is_v6 = text[0] == '[';
	char host[64], *end = NULL;
	unsigned long port = colon != NULL ? strtoul(colon + 1, &end, 10) : 0;
	size_t len = colon != NULL ? (size_t)(colon - text) - 2u * is_v6 : 0;

	if (colon == NULL || *end != '\0' || port > UINT16_MAX || len >= sizeof(host))
		return false;
	memcpy(host, text + is_v6, len);
	host[len] = '\0';
	*ret = (struct sockaddr_storage){ 0 };
	if (is_v6) {
		*v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
					     .sin6_port = htons((uint16_t)port) };
		*ret_len = sizeof(*v6);
		return inet_pton(AF_INET6, host, &v6->sin6_addr) == 1;
	}
	*v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	*ret_len = sizeof(*v4);
	return inet_pton(AF_INET, host, &v4->sin_addr) == 1;
}

static int open_tcp(const char *text, int *ret, struct kw_error *err)
{
	struct sockaddr_storage address;
	socklen_t len = 0;
	KW_CLEANUP(kw_fd_close) int fd = -1;
	int on = 1;

	if (!parse_address(text, &address, &len))
		return kw_fail(err, KW_E_CFG_VALUE, "'%s' is no address and port", text);
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0
	    || bind(fd, (const struct sockaddr *)&address, len) < 0 || listen(fd, BACKLOG) < 0)
		return kw_fail(err, KW_E_SRV_LISTEN, "listening on %s: %m", text);
	*ret = kw_fd_steal(&fd);
	return 0;
}

/* A socket file that nobody listens on is the remnant of an earlier run: it goes. */
static void remove_remnant(const struct sockaddr_un *address)
{
	struct stat st;
	KW_CLEANUP(kw_fd_close) int fd = -1;

	if (lstat(address->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0
	    && errno == ECONNREFUSED)
		unlink(address->sun_path);
}

static int open_unix(const struct kw_config *config, struct kw_listener *listener,
		     struct kw_error *err)
{
	const char *path = config->server.socket.path;
	int64_t gid = config->server.socket.gid;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	KW_CLEANUP(kw_fd_close) int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path))
		return kw_fail(err, KW_E_CFG_VALUE, "server.socket.path '%s' is over %zu bytes",
			       path, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	remove_remnant(&address);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return kw_fail(err, KW_E_SRV_LISTEN, "listening on %s: %m", path);
	listener->unlink_path = kw_strdup(path);
	if ((gid >= 0 && chown(path, (uid_t)-1, (gid_t)gid) < 0)
	    || chmod(path, config->server.socket.mode) < 0 || listen(fd, BACKLOG) < 0)
		return kw_fail(err, KW_E_SRV_LISTEN, "listening on %s: %m", path);
	listener->fd = kw_fd_steal(&fd);
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
	    && open_tcp(config->server.http, &l[KW_LISTENER_TCP].fd, err) < 0)
		return kw_wrap(err, "server.http");
	if (config->server.socket.path[0] != '\0'
	    && open_unix(config, &l[KW_LISTENER_SOCKET], err) < 0)
		return kw_wrap(err, "server.socket");
	if (config->server.health[0] != '\0'
	    && open_tcp(config->server.health, &l[KW_LISTENER_HEALTH].fd, err) < 0)
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
