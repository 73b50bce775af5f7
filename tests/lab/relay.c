/* SPDX-License-Identifier: Apache-2.0 */
#include "relay.h"

#include "connection.h"
#include "lab.h"
#include "relay_control.h"
#include "tpm_front.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 128, BACKLOG = 64, BIND_TRIES = 50, WAITED_FOR = 3 };

struct connection {
	struct lab_client client;
	bool control;
	uint8_t in[LAB_TPM_MAX];
	size_t filled;
};

static struct {
	int stop, commands, control; /* event, listeners */
	pthread_t thread;
	struct connection *open[CONNECTIONS_MAX];
	size_t n_open;
	unsigned long last_connection;
} relay;

static bool fault_gone(void)
{
	struct lab_fault fault;
	return lab_fault_take(LAB_TPM, "gone", &fault);
}

static void close_at(size_t i)
{
	struct connection *c = relay.open[i];
	lab_leftovers_closed(&c->client);
	close(c->client.fd);
	free(c);
	relay.open[i] = relay.open[--relay.n_open];
}

static void accept_from(int listener)
{
	int fd = lab_accept(listener), on = 1;
	if (fd < 0)
		return;
	struct connection *c = calloc(1, sizeof(*c));
	if (!c)
		lab_die("out of memory");
	if (relay.n_open == CONNECTIONS_MAX)
		close_at(0); /* whoever has not spoken for so long */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	c->client.fd = fd;
	c->client.connection = ++relay.last_connection;
	c->control = listener == relay.control;
	relay.open[relay.n_open++] = c;
}

static bool send_all(int fd, const uint8_t *data, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = send(fd, data + at, len - at, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += (size_t)n;
	}
	return true;
}

static void consume(struct connection *c, size_t len)
{
	c->filled -= len;
	memmove(c->in, c->in + len, c->filled);
}

/* False: the connection is over. */
static bool serve_control(struct connection *c)
{
	while (c->filled > 0) {
		struct lab_control control =
			lab_control_answer((struct kw_bytes){ c->in, c->filled });
		if (control.taken == 0)
			return true;
		if (control.tcti)
			lab_leftovers_reconnects(c->client.fd);
		if (!send_all(c->client.fd, control.answer, control.answer_len) || !control.known)
			return false;
		consume(c, control.taken);
	}
	return true;
}

static bool serve_commands(struct connection *c)
{
	uint8_t response[LAB_TPM_MAX];
	while (c->filled >= LAB_TPM_HEADER_SIZE) {
		struct kw_cursor in = { .in = { c->in, c->filled } };
		uint32_t size = 0;
		if (!kw_skip(&in, 2) || !kw_take_be32(&in, &size) || size < LAB_TPM_HEADER_SIZE
		    || size > LAB_TPM_MAX)
			return false;
		if (c->filled < size)
			return true;
		if (fault_gone())
			return false;
		c->client.n_commands++;
		size_t len = lab_front_run(&c->client, (struct kw_bytes){ c->in, size }, response);
		if (!send_all(c->client.fd, response, len))
			return false;
		consume(c, size);
	}
	return true;
}

static bool serve(struct connection *c)
{
	ssize_t n = recv(c->client.fd, c->in + c->filled, sizeof(c->in) - c->filled, 0);
	if (n <= 0)
		return n < 0 && errno == EINTR;
	c->filled += (size_t)n;
	return c->control ? serve_control(c) : serve_commands(c);
}

static size_t wait_for(struct pollfd ret[WAITED_FOR + CONNECTIONS_MAX])
{
	size_t n = 0;
	ret[n++] = (struct pollfd){ .fd = relay.stop, .events = POLLIN };
	ret[n++] = (struct pollfd){ .fd = relay.commands, .events = POLLIN };
	ret[n++] = (struct pollfd){ .fd = relay.control, .events = POLLIN };
	for (size_t i = 0; i < relay.n_open; i++)
		ret[n++] = (struct pollfd){ .fd = relay.open[i]->client.fd, .events = POLLIN };
	if (poll(ret, n, -1) < 0 && errno != EINTR)
		lab_die("poll: %m");
	return n;
}

static void *run(void *unused)
{
	struct pollfd fds[WAITED_FOR + CONNECTIONS_MAX];
	(void)unused;
	for (;;) {
		size_t n = wait_for(fds);
		if (fds[0].revents)
			return NULL;
		/* from the last, because closing moves the last into the gap */
		for (size_t i = n; i-- > WAITED_FOR;)
			if (fds[i].revents && !serve(relay.open[i - WAITED_FOR]))
				close_at(i - WAITED_FOR);
		if (fds[1].revents)
			accept_from(relay.commands);
		if (fds[2].revents)
			accept_from(relay.control);
	}
}

static int listen_on(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
	if (fd < 0)
		lab_die("socket: %m");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0
	    && listen(fd, BACKLOG) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Two neighbouring ports; `at` has the first one afterwards. */
static bool listen_on_pair(struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);
	relay.commands = listen_on(at);
	if (relay.commands < 0)
		return false;
	getsockname(relay.commands, (struct sockaddr *)at, &len);
	struct sockaddr_in next = *at;
	next.sin_port = htons((uint16_t)(ntohs(at->sin_port) + 1));
	relay.control = next.sin_port != 0 ? listen_on(&next) : -1;
	if (relay.control >= 0)
		return true;
	close(relay.commands);
	return false;
}

static struct sockaddr_in parse(const char *address)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	const char *colon = strrchr(address, ':');
	char host[INET_ADDRSTRLEN] = "";
	if (colon && (size_t)(colon - address) < sizeof(host))
		memcpy(host, address, (size_t)(colon - address));
	char *end = NULL;
	unsigned long port = colon ? strtoul(colon + 1, &end, 10) : UINT16_MAX + 1;
	if (port > UINT16_MAX || *end != '\0' || inet_pton(AF_INET, host, &at.sin_addr) != 1)
		lab_die("'%s' is not ADDRESS:PORT", address);
	at.sin_port = htons((uint16_t)port);
	return at;
}

void lab_relay_start(char *address, size_t size)
{
	struct sockaddr_in wanted = parse(address), at = wanted;
	char host[INET_ADDRSTRLEN];
	int tries = wanted.sin_port == 0 ? BIND_TRIES : 1;
	bool bound = false;
	while (!bound && tries-- > 0) {
		at = wanted;
		bound = listen_on_pair(&at);
	}
	if (!bound)
		lab_die("the TPM's two ports from %s on: %m", address);
	inet_ntop(AF_INET, &at.sin_addr, host, sizeof(host));
	snprintf(address, size, "%s:%u", host, ntohs(at.sin_port));
	relay.stop = eventfd(0, EFD_CLOEXEC);
	if (relay.stop < 0 || pthread_create(&relay.thread, NULL, run, NULL) != 0)
		lab_die("no thread for the TPM");
}

void lab_relay_stop(void)
{
	uint64_t one = 1;
	if (write(relay.stop, &one, sizeof(one)) != sizeof(one))
		lab_die("stopping the TPM's thread: %m");
	pthread_join(relay.thread, NULL);
	while (relay.n_open > 0)
		close_at(0);
	close(relay.commands);
	close(relay.control);
	close(relay.stop);
}
