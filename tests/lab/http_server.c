/* SPDX-License-Identifier: Apache-2.0 */
#include "connection.h"
#include "pki.h"
#include "util/memory.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG = 128, PORT_TEXT_SIZE = 16 };

/* "127.0.0.1:0", "[::1]:443" into its two parts. */
static void split_address(const char *address, char *host, size_t size, char *port)
{
	const char *colon = strrchr(address, ':');
	size_t len = colon != NULL ? (size_t)(colon - address) : 0;

	if (len == 0 || len >= size || strlen(colon + 1) >= PORT_TEXT_SIZE)
		lab_die("'%s' is not ADDRESS:PORT", address);
	if (address[0] == '[' && address[len - 1] == ']') {
		address++;
		len -= 2;
	}
	snprintf(host, size, "%.*s", (int)len, address);
	snprintf(port, PORT_TEXT_SIZE, "%s", colon + 1);
}

static uint16_t bound_port(int fd, char *address, size_t size)
{
	struct sockaddr_storage at = { 0 };
	socklen_t len = sizeof(at);
	char host[NI_MAXHOST], port[NI_MAXSERV];

	if (getsockname(fd, (struct sockaddr *)&at, &len) != 0
	    || getnameinfo((struct sockaddr *)&at, len, host, sizeof(host), port, sizeof(port),
			   NI_NUMERICHOST | NI_NUMERICSERV)
		       != 0)
		lab_die("getsockname: %m");
	snprintf(address, size, at.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
	return (uint16_t)strtoul(port, NULL, 10);
}

uint16_t lab_server_bind(struct lab_server *server, char *address, size_t size)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
	struct addrinfo *found = NULL;
	char host[64], port[PORT_TEXT_SIZE];
	int yes = 1;

	split_address(address, host, sizeof(host), port);
	if (getaddrinfo(host, port, &hints, &found) != 0)
		lab_die("'%s' is not a numeric address", address);
	server->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(server->fd, found->ai_addr, found->ai_addrlen) != 0
	    || listen(server->fd, BACKLOG) != 0)
		lab_die("listening on %s: %m", address);
	freeaddrinfo(found);
	return bound_port(server->fd, address, size);
}

static void unlist(struct lab_connection *c)
{
	struct lab_server *server = c->server;
	struct lab_connection **at = &server->open;

	pthread_mutex_lock(&server->lock);
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	close(c->fd);
	free(c);
	pthread_cond_broadcast(&server->changed);
	pthread_mutex_unlock(&server->lock);
}

/* One request and its answer; false: the connection is over. */
static bool exchange(struct lab_connection *c)
{
	struct lab_request request = { 0 };
	struct lab_reply refusal = { 0 };
	enum lab_read read = lab_request_read(c, &request, &refusal);
	bool go_on = false;

	if (read == LAB_READ_OK) {
		go_on = lab_answer(c, &request);
	} else if (read == LAB_READ_BAD) {
		lab_log(c->server->service, "?", "?", "bad", "%s", refusal.reason);
		lab_reply_send(c, &refusal, false);
	}
	lab_request_clear(&request);
	lab_reply_clear(&refusal);
	return go_on;
}

static void *converse(void *arg)
{
	struct lab_connection *c = arg;

	if (lab_connection_open(c))
		while (exchange(c))
			;
	lab_connection_close(c);
	unlist(c);
	return NULL;
}

static void serve(struct lab_server *server, int fd)
{
	struct lab_connection *c = kw_alloc(sizeof(*c));
	pthread_attr_t detached;
	pthread_t thread;
	int yes = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	c->server = server;
	c->fd = fd;
	pthread_mutex_lock(&server->lock);
	c->next = server->open;
	server->open = c;
	pthread_mutex_unlock(&server->lock);
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &detached, converse, c) != 0)
		lab_die("no more threads");
	pthread_attr_destroy(&detached);
}

static bool stopping(struct lab_server *server)
{
	bool yes;

	pthread_mutex_lock(&server->lock);
	yes = server->stopping;
	pthread_mutex_unlock(&server->lock);
	return yes;
}

static void *listen_on(void *arg)
{
	struct lab_server *server = arg;

	while (!stopping(server)) {
		int fd = lab_accept(server->fd);

		if (fd >= 0)
			serve(server, fd);
		else if (errno == EMFILE || errno == ENFILE)
			lab_server_pause(server, 100);
	}
	return NULL;
}

static SSL_CTX *context_new(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1
	    || SSL_CTX_use_certificate(context, lab_pki.tls.cert) != 1
	    || SSL_CTX_use_PrivateKey(context, lab_pki.tls.key) != 1)
		lab_die("the TLS certificate cannot be used");
	return context;
}

void lab_server_start(struct lab_server *server)
{
	pthread_condattr_t monotonic;

	pthread_mutex_init(&server->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&server->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (server->tls)
		server->context = context_new();
	if (pthread_create(&server->thread, NULL, listen_on, server) != 0)
		lab_die("no thread for a listener");
}

void lab_server_pause(struct lab_server *server, long ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&server->lock);
	while (!server->stopping
	       && pthread_cond_timedwait(&server->changed, &server->lock, &until) != ETIMEDOUT)
		;
	pthread_mutex_unlock(&server->lock);
}

void lab_server_drop_others(struct lab_server *server, const struct lab_connection *but)
{
	pthread_mutex_lock(&server->lock);
	for (struct lab_connection *c = server->open; c != NULL; c = c->next)
		if (c != but)
			shutdown(c->fd, SHUT_RDWR);
	pthread_mutex_unlock(&server->lock);
}

void lab_server_stop(struct lab_server *server)
{
	pthread_mutex_lock(&server->lock);
	server->stopping = true;
	pthread_cond_broadcast(&server->changed);
	pthread_mutex_unlock(&server->lock);
	shutdown(server->fd, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->fd);
	lab_server_drop_others(server, NULL);
	pthread_mutex_lock(&server->lock);
	while (server->open != NULL)
		pthread_cond_wait(&server->changed, &server->lock);
	pthread_mutex_unlock(&server->lock);
	SSL_CTX_free(server->context);
	pthread_cond_destroy(&server->changed);
	pthread_mutex_destroy(&server->lock);
}
