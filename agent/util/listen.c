/* SPDX-License-Identifier: Apache-2.0 */
#include "util/listen.h"

#include "util/cleanup.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { BACKLOG = 1024, PORT_DIGITS_MAX = 5 };

/* Behind the last colon; 0: not a port. */
static in_port_t parse_port(const char *text)
{
	size_t len = strlen(text);
	unsigned long port = strtoul(text, NULL, 10);

	if (len == 0 || len > PORT_DIGITS_MAX || strspn(text, "0123456789") != len || *text == '0'
	    || port > UINT16_MAX)
		return 0;
	return htons((in_port_t)port);
}

bool kw_address_parse(const char *text, struct kw_address *ret)
{
	const char *colon = strrchr(text, ':');
	in_port_t port = colon ? parse_port(colon + 1) : 0;
	bool is_v6 = *text == '[' && colon > text && colon[-1] == ']';
	char host[INET6_ADDRSTRLEN];
	size_t len = colon ? (size_t)(colon - text) - 2u * is_v6 : 0;
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = port };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = port };

	if (port == 0 || len >= sizeof(host))
		return false;
	memcpy(host, text + is_v6, len);
	host[len] = '\0';
	if (inet_pton(is_v6 ? AF_INET6 : AF_INET, host,
		      is_v6 ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr)
	    != 1)
		return false;
	*ret = (struct kw_address){ .len = is_v6 ? sizeof(v6) : sizeof(v4) };
	memcpy(&ret->socket, is_v6 ? (const void *)&v6 : (const void *)&v4, ret->len);
	return true;
}

int kw_listen_tcp(const char *text, int *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_fd_close) int fd = -1;
	struct kw_address address = { 0 };
	int on = 1;

	if (!kw_address_parse(text, &address))
		return kw_fail(err, KW_E_CFG_VALUE, "'%s' is no address and port", text);
	fd = socket(address.socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0
	    || bind(fd, (const struct sockaddr *)&address.socket, address.len) < 0
	    || listen(fd, BACKLOG) < 0)
		return kw_fail(err, KW_E_SRV_LISTEN, "listening on %s: %m", text);
	*ret = kw_fd_steal(&fd);
	return 0;
}

int kw_unix_address(const char *path, struct kw_address *ret, struct kw_error *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	if (len >= sizeof(address.sun_path))
		return kw_fail(err, KW_E_CFG_VALUE, "the socket's path '%s' is over %zu bytes",
			       path, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, len + 1);
	*ret = (struct kw_address){ .len = sizeof(address) };
	memcpy(&ret->socket, &address, sizeof(address));
	return 0;
}

static void remove_remnant(const char *path, const struct kw_address *address)
{
	KW_CLEANUP(kw_fd_close) int fd = -1;
	struct stat st;

	if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address->socket, address->len) < 0
	    && errno == ECONNREFUSED)
		unlink(path);
}

int kw_listen_unix(const struct kw_listen_target *target, int *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_fd_close) int fd = -1;
	struct kw_address address = { 0 };

	if (kw_unix_address(target->path, &address, err) < 0)
		return -1;
	remove_remnant(target->path, &address);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address.socket, address.len) < 0)
		return kw_fail(err, KW_E_SRV_LISTEN, "listening on %s: %m", target->path);
	if ((target->gid != (gid_t)-1 && chown(target->path, (uid_t)-1, target->gid) < 0)
	    || chmod(target->path, target->mode) < 0 || listen(fd, BACKLOG) < 0) {
		kw_fail(err, KW_E_SRV_LISTEN, "listening on %s: %m", target->path);
		unlink(target->path);
		return -1;
	}
	*ret = kw_fd_steal(&fd);
	return 0;
}
