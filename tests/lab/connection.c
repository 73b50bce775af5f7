/* SPDX-License-Identifier: Apache-2.0 */
#include "connection.h"

#include "fault.h"
#include "pki.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { INTERNAL_MAX = 64 };

static uint16_t internal_ports[INTERNAL_MAX];
static pthread_mutex_t internal_lock = PTHREAD_MUTEX_INITIALIZER;

/* Replaces the first `from` by `to`; 0 is an empty place. */
static bool internal_swap(uint16_t from, uint16_t to)
{
	bool found = false;

	pthread_mutex_lock(&internal_lock);
	for (size_t i = 0; i < INTERNAL_MAX && !found; i++) {
		found = internal_ports[i] == from;
		if (found)
			internal_ports[i] = to;
	}
	pthread_mutex_unlock(&internal_lock);
	return found;
}

void lab_internal_add(uint16_t port)
{
	if (!internal_swap(0, port))
		lab_die("too many connections of the lab to itself");
}

void lab_internal_remove(uint16_t port)
{
	internal_swap(port, 0);
}

bool lab_internal_has(uint16_t port)
{
	return port != 0 && internal_swap(port, port);
}

/* A context of its own when a TLS fault is on; NULL: the server's. */
static SSL_CTX *bent_context(enum lab_service service)
{
	struct lab_fault fault;
	struct lab_pair pair = lab_pki.tls;
	bool bad_cert = lab_fault_take(service, "tls-cert", &fault);
	bool old = lab_fault_take(service, "tls-version", &fault);
	SSL_CTX *context;

	if (!bad_cert && !old)
		return NULL;
	context = SSL_CTX_new(TLS_server_method());
	if (context == NULL)
		lab_die("no TLS context");
	if (bad_cert) {
		const char *kind = lab_fault_arg(&fault, "kind");

		pair = lab_pki_tls_for(kind != NULL ? kind : "self-signed");
	}
	if (old) {
		SSL_CTX_set_security_level(context, 0);
		SSL_CTX_set_min_proto_version(context, TLS1_1_VERSION);
		SSL_CTX_set_max_proto_version(context, TLS1_1_VERSION);
	}
	if (SSL_CTX_use_certificate(context, pair.cert) != 1
	    || SSL_CTX_use_PrivateKey(context, pair.key) != 1)
		lab_die("TLS certificate of a fault");
	return context;
}

static bool handshake(struct lab_connection *c)
{
	if (!c->internal)
		c->own_context = bent_context(c->server->service);
	c->ssl = SSL_new(c->own_context != NULL ? c->own_context : c->server->context);
	if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1)
		lab_die("no TLS connection");
	ERR_clear_error();
	if (SSL_accept(c->ssl) == 1)
		return true;
	lab_log(c->server->service, "TLS", "-", c->own_context != NULL ? "fault" : "refused",
		"handshake failed: %s", ERR_reason_error_string(ERR_peek_error()));
	return false;
}

int lab_accept(int listener)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);

	return accept4(listener, (struct sockaddr *)&peer, &size, SOCK_CLOEXEC);
}

uint16_t lab_socket_port(int fd, int (*end)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_storage at = { 0 };
	socklen_t size = sizeof(at);
	char port[NI_MAXSERV];

	if (end(fd, (struct sockaddr *)&at, &size) != 0
	    || getnameinfo((struct sockaddr *)&at, size, NULL, 0, port, sizeof(port),
			   NI_NUMERICSERV)
		       != 0)
		return 0;
	return (uint16_t)strtoul(port, NULL, 10);
}

bool lab_connection_open(struct lab_connection *c)
{
	struct timeval idle = { .tv_sec = LAB_IDLE_S };

	c->internal = lab_internal_has(lab_socket_port(c->fd, getpeername));
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof(idle));
	setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &idle, sizeof(idle));
	return !c->server->tls || handshake(c);
}

void lab_connection_close(struct lab_connection *c)
{
	if (c->ssl != NULL && SSL_is_init_finished(c->ssl))
		SSL_shutdown(c->ssl);
	SSL_free(c->ssl);
	SSL_CTX_free(c->own_context);
	c->ssl = NULL;
	c->own_context = NULL;
}

bool lab_connection_fill(struct lab_connection *c)
{
	ssize_t n;

	do {
		ERR_clear_error();
		n = c->ssl != NULL ? SSL_read(c->ssl, c->buffer, sizeof(c->buffer))
				   : recv(c->fd, c->buffer, sizeof(c->buffer), 0);
	} while (n < 0 && errno == EINTR);
	c->at = 0;
	c->filled = n > 0 ? (size_t)n : 0;
	return n > 0;
}

bool lab_connection_send(struct lab_connection *c, struct kw_bytes bytes)
{
	while (bytes.len > 0) {
		int piece = bytes.len < (1 << 20) ? (int)bytes.len : 1 << 20;
		ssize_t n;

		ERR_clear_error();
		n = c->ssl != NULL ? SSL_write(c->ssl, bytes.data, piece)
				   : send(c->fd, bytes.data, (size_t)piece, MSG_NOSIGNAL);
		if (n <= 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes.data += n;
		bytes.len -= (size_t)n;
	}
	return true;
}

void lab_connection_reset(struct lab_connection *c)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	if (c->ssl != NULL)
		SSL_set_quiet_shutdown(c->ssl, 1);
}
