/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `keyward probe live|ready|started`: one GET to the health listener, for exec probes of an image
 * without a shell. Plain sockets: nothing is secret here, and a probe must be cheap.
 */
#include "cmd/command.h"
#include "config/forms.h"
#include "util/clock.h"
#include "util/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum { DEADLINE_MS = 2000, STATUS_LINE_SIZE = 64 };

struct args {
	const char *config, *address;
	int what;
};
static const struct kw_flag flags[] = {
	{ KW_POSITIONAL_CHOICE, 0, "WHAT", "live|ready|started", "what to ask",
	  offsetof(struct args, what), NULL },
	KW_FLAG_CONFIG(struct args, config),
	{ KW_OPTIONAL, 0, "address", "HOST:PORT", "ask there; no configuration is read",
	  offsetof(struct args, address), NULL },
	{ 0 },
};

static const char *const paths[] = { "/livez", "/readyz", "/startupz" };

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* "127.0.0.1:8081" or "[::1]:8081"; the size, or 0. Where serve listens on all addresses (0.0.0.0,
 * [::]), connecting there reaches this machine. */
static socklen_t parse_address(const char *text, union address *ret)
{
	KW_CLEANUP(freep) char *host = kw_form_address.take(text);
	char *colon = host ? strrchr(host, ':') : NULL;
	union address address = { 0 };
	in_port_t port;

	if (!colon)
		return 0;
	port = htons((in_port_t)strtoul(colon + 1, NULL, 10));
	*colon = '\0';
	if (*host == '[') {
		colon[-1] = '\0';
		address.v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = port };
		if (inet_pton(AF_INET6, host + 1, &address.v6.sin6_addr) != 1)
			return 0;
		*ret = address;
		return sizeof(address.v6);
	}
	address.v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port };
	if (inet_pton(AF_INET, host, &address.v4.sin_addr) != 1)
		return 0;
	*ret = address;
	return sizeof(address.v4);
}

/* Until the socket is ready for `events`, at most to the deadline. */
static bool wait_for(int fd, short events, int64_t deadline_ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };
	int64_t left;
	int n;

	do {
		left = deadline_ms - kw_boot_ms(&kw_clock_system);
		n = left > 0 ? poll(&poll_fd, 1, (int)left) : 0;
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		errno = ETIMEDOUT;
	return n > 0;
}

static bool dial(int fd, const union address *to, socklen_t size, int64_t deadline_ms)
{
	socklen_t len = sizeof(errno);
	int failure = 0;

	if (connect(fd, &to->any, size) == 0)
		return true;
	if (errno != EINPROGRESS || !wait_for(fd, POLLOUT, deadline_ms)
	    || getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &len) < 0)
		return false;
	errno = failure;
	return failure == 0;
}

/* The first bytes of the answer: the status line is all that counts. */
static bool exchange(int fd, const char *request, char answer[STATUS_LINE_SIZE],
		     int64_t deadline_ms)
{
	size_t len = strlen(request), at = 0;
	ssize_t n;

	if (send(fd, request, len, MSG_NOSIGNAL) != (ssize_t)len) /* fits any socket buffer */
		return false;
	while (at < STATUS_LINE_SIZE - 1 && !memchr(answer, '\n', at)) {
		if (!wait_for(fd, POLLIN, deadline_ms))
			return false;
		n = recv(fd, answer + at, STATUS_LINE_SIZE - 1 - at, 0);
		if (n < 0)
			return false;
		if (n == 0)
			break;
		at += (size_t)n;
	}
	answer[at] = '\0';
	return true;
}

static int ask(const char *address, const char *path, struct kw_error *err)
{
	KW_CLEANUP(freep) char *request = NULL;
	KW_CLEANUP(kw_fd_close) int fd = -1;
	int64_t deadline_ms = kw_boot_ms(&kw_clock_system) + DEADLINE_MS;
	char answer[STATUS_LINE_SIZE];
	union address to;
	socklen_t size = parse_address(address, &to);

	if (size == 0)
		return kw_fail(err, KW_E_CFG_USAGE, "'--address' needs %s, found '%.64s'",
			       kw_form_address.expected, address);
	request = kw_format("GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path,
			    address);
	fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || !dial(fd, &to, size, deadline_ms)
	    || !exchange(fd, request, answer, deadline_ms))
		return kw_fail(err, KW_E_SRV_PROBE, "asking http://%s%s: %m", address, path);
	if (strncmp(answer, "HTTP/1.1 200 ", strlen("HTTP/1.1 200 ")) != 0)
		return kw_fail(err, KW_E_SRV_PROBE, "http://%s%s answers '%.12s', expected 200",
			       address, path, answer);
	return 0;
}

static int run(int argc, char **argv, struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	struct args args = { 0 };
	const char *path;

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0)
		return -1;
	path = paths[args.what];
	if (args.address)
		return ask(args.address, path, err);
	if (kw_config_load(args.config, &config, err) < 0)
		return -1;
	if (!*config->server.health)
		return kw_fail(err, KW_E_CFG_CONFLICT, "%s: 'server.health' is off", config->path);
	return ask(config->server.health, path, err);
}

const struct kw_command kw_cmd_probe = {
	.name = "probe",
	.summary = "ask whether serve is live, ready or started",
	.flags = flags,
	.run = run,
};
