/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tiny HTTP server on 127.0.0.1 inside the test: a script of replies, one per request, the last
 * one for ever; and the requests as they came. One thread, which loopback_stop() ends.
 */
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum loopback_then {
	LOOPBACK_KEEP,
	LOOPBACK_CLOSE,
	LOOPBACK_RESET, /* after what `text` has, which may be nothing */
	LOOPBACK_HOLD,	/* neither answers nor closes */
};

struct loopback_reply {
	const char *text; /* the whole answer; NULL: none */
	enum loopback_then then;
};

/* Content-Length is counted from a literal body. */
#define LOOPBACK_ANSWER(status, headers, length, body) \
	"HTTP/1.1 " status "\r\n" headers "Content-Length: " #length "\r\n\r\n" body

enum { LOOPBACK_CONNECTIONS = 8, LOOPBACK_REQUESTS = 32, LOOPBACK_REQUEST_SIZE = 8192 };

struct loopback {
	const struct loopback_reply *script;
	size_t n_script;
	int listener, stop[2];
	unsigned port;
	pthread_t thread;
	atomic_uint n_requests, n_connections;
	char requests[LOOPBACK_REQUESTS][LOOPBACK_REQUEST_SIZE];
};

/* The bytes that a request with this head still needs for its body. */
static inline size_t loopback_body_length(const char *request)
{
	const char *length = strcasestr(request, "\r\nContent-Length:");
	return length != NULL ? strtoul(length + sizeof("\r\nContent-Length:") - 1, NULL, 10) : 0;
}

static inline bool loopback_is_whole(const char *request, size_t len)
{
	const char *end = strstr(request, "\r\n\r\n");
	return end != NULL && len - (size_t)(end + 4 - request) >= loopback_body_length(request);
}

/* False: the peer closed the connection. */
static inline bool loopback_read(int fd, char *to)
{
	size_t len = 0;
	do {
		ssize_t n = read(fd, to + len, LOOPBACK_REQUEST_SIZE - 1 - len);
		if (n <= 0)
			return false;
		len += (size_t)n;
		to[len] = '\0';
	} while (!loopback_is_whole(to, len));
	return true;
}

/* False: the connection is over. */
static inline bool loopback_serve(struct loopback *server, int fd)
{
	unsigned n = atomic_load(&server->n_requests);
	if (!loopback_read(fd, server->requests[n % LOOPBACK_REQUESTS]))
		return false;
	atomic_store(&server->n_requests, n + 1);
	const struct loopback_reply *reply =
		&server->script[n < server->n_script ? n : server->n_script - 1];
	size_t len = reply->text != NULL ? strlen(reply->text) : 0;
	if (len > 0 && send(fd, reply->text, len, MSG_NOSIGNAL) < 0)
		return false;
	if (reply->then == LOOPBACK_RESET) {
		const struct linger at_once = { .l_onoff = 1 };
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	}
	return reply->then == LOOPBACK_KEEP || reply->then == LOOPBACK_HOLD;
}

static inline void *loopback_run(void *ctx)
{
	struct loopback *server = ctx;
	struct pollfd polled[2 + LOOPBACK_CONNECTIONS] = {
		{ .fd = server->stop[0], .events = POLLIN },
		{ .fd = server->listener, .events = POLLIN },
	};
	nfds_t n = 2;
	while (poll(polled, n, -1) > 0 && polled[0].revents == 0) {
		for (nfds_t i = n; i > 2; i--) {
			struct pollfd *at = &polled[i - 1];
			if (at->revents == 0 || loopback_serve(server, at->fd))
				continue;
			close(at->fd);
			*at = polled[--n];
		}
		if (polled[1].revents != 0 && n < 2 + LOOPBACK_CONNECTIONS) {
			polled[n++] = (struct pollfd){ .fd = accept(server->listener, NULL, NULL),
						       .events = POLLIN };
			atomic_fetch_add(&server->n_connections, 1);
		}
	}
	while (n > 2)
		close(polled[--n].fd);
	return NULL;
}

/* A listener on a free port. */
static inline int loopback_listen(unsigned *ret_port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, 8) < 0
	    || getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		abort();
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static inline struct loopback *loopback_start(const struct loopback_reply *script, size_t n_script)
{
	struct loopback *server = calloc(1, sizeof(*server));
	if (server == NULL || pipe(server->stop) < 0)
		abort();
	server->script = script;
	server->n_script = n_script;
	server->listener = loopback_listen(&server->port);
	if (pthread_create(&server->thread, NULL, loopback_run, server) != 0)
		abort();
	return server;
}

static inline void loopback_stop(struct loopback *server)
{
	if (server == NULL)
		return;
	if (write(server->stop[1], "", 1) != 1)
		abort();
	pthread_join(server->thread, NULL);
	close(server->stop[0]);
	close(server->stop[1]);
	close(server->listener);
	free(server);
}
