/* SPDX-License-Identifier: Apache-2.0 */
#include "http_get.h"

#include "connection.h"
#include "pki.h"
#include "site.h"
#include "util/cleanup.h"
#include "util/origin.h"
#include "util/text.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MAX = 1 << 20, TIMEOUT_S = 5 };

static void ssl_free(SSL **ssl)
{
	SSL_free(*ssl);
}

static void context_free(SSL_CTX **context)
{
	SSL_CTX_free(*context);
}

static bool is_loopback(const struct addrinfo *at)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (at->ai_family == AF_INET) {
		memcpy(&v4, at->ai_addr, sizeof(v4));
		return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
	}
	memcpy(&v6, at->ai_addr, sizeof(v6));
	return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

/* Where to connect: the lab's own MAA at its listener, other authorities by name, if that is
 * loopback. To be freed; NULL: nowhere. */
static struct addrinfo *address_of(const struct kw_origin *origin)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *found = NULL;
	bool own = kw_origin_is(origin, lab_site.maa);
	KW_CLEANUP(freep) char *port = kw_format("%u", origin->port);

	if (getaddrinfo(own ? lab_site.maa_address : origin->host, port, &hints, &found) != 0)
		return NULL;
	if (own || is_loopback(found))
		return found;
	freeaddrinfo(found);
	return NULL;
}

/* A connected socket whose own port the lab's servers know as internal; -1: none. */
static int connect_from_within(const struct addrinfo *to, uint16_t *ret_port)
{
	struct sockaddr_storage own = { .ss_family = (sa_family_t)to->ai_family };
	struct timeval timeout = { .tv_sec = TIMEOUT_S };
	int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		lab_die("socket: %m");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (bind(fd, (struct sockaddr *)&own, to->ai_addrlen) != 0)
		lab_die("a port of one's own: %m");
	*ret_port = lab_socket_port(fd, getsockname);
	lab_internal_add(*ret_port);
	if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
		return fd;
	close(fd);
	return -1;
}

static SSL *secure(SSL_CTX *context, int fd, const struct kw_origin *origin)
{
	SSL *ssl;
	bool ready;

	X509_STORE_add_cert(SSL_CTX_get_cert_store(context), lab_pki.ca.cert);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	ssl = SSL_new(context);
	ready = ssl != NULL && SSL_set_fd(ssl, fd) == 1
		&& (origin->is_address
			    ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), origin->host)
			    : SSL_set1_host(ssl, origin->host)
				      && SSL_set_tlsext_host_name(ssl, origin->host))
		&& SSL_connect(ssl) == 1;
	if (ready)
		return ssl;
	SSL_free(ssl);
	return NULL;
}

/* Everything until the peer closes. */
static bool read_answer(SSL *ssl, struct kw_blob *answer)
{
	uint8_t piece[4096];
	int n;

	while ((n = SSL_read(ssl, piece, sizeof(piece))) > 0) {
		if (answer->len + (size_t)n > ANSWER_MAX)
			return false;
		kw_blob_append(answer, (struct kw_bytes){ piece, (size_t)n });
	}
	return answer->len > 0;
}

/* The body of a 200 answer. */
static bool take_body(const struct kw_blob *answer, struct kw_blob *ret)
{
	const char *text = (const char *)answer->data;
	const char *body = strstr(text, "\r\n\r\n");

	if (body == NULL || strncmp(text, "HTTP/1.", 7) != 0 || strncmp(text + 8, " 200", 4) != 0)
		return false;
	body += 4;
	*ret = kw_blob_copy(
		(struct kw_bytes){ (const uint8_t *)body, answer->len - (size_t)(body - text) });
	return true;
}

static const char *fetch(int fd, const struct kw_origin *origin, const char *path,
			 struct kw_blob *ret)
{
	KW_CLEANUP(context_free) SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	KW_CLEANUP(ssl_free) SSL *ssl = context != NULL ? secure(context, fd, origin) : NULL;
	KW_CLEANUP(kw_blob_clear) struct kw_blob answer = { 0 };
	KW_CLEANUP(freep)
	char *request = kw_format("GET %s HTTP/1.1\r\nHost: %s:%u\r\nConnection: close\r\n\r\n",
				  *path != '\0' ? path : "/", origin->host, origin->port);

	if (ssl == NULL)
		return "its TLS certificate is not accepted";
	if (SSL_write(ssl, request, (int)strlen(request)) <= 0 || !read_answer(ssl, &answer))
		return "there is no answer";
	return take_body(&answer, ret) ? NULL : "the answer is not 200";
}

bool lab_https_get(const char *url, struct kw_blob *ret, char *why, size_t why_size)
{
	struct kw_origin origin;
	struct addrinfo *to;
	const char *path = "", *error;
	uint16_t port = 0;
	int fd;

	if (!kw_origin_parse(url, &origin, &path) || !origin.tls) {
		snprintf(why, why_size, "'%s' is not an https URL", url);
		return false;
	}
	to = address_of(&origin);
	if (to == NULL) {
		snprintf(why, why_size, "'%s' does not resolve to loopback", origin.host);
		return false;
	}
	fd = connect_from_within(to, &port);
	freeaddrinfo(to);
	error = fd < 0 ? "nobody listens there" : fetch(fd, &origin, path, ret);
	if (fd >= 0)
		close(fd);
	lab_internal_remove(port);
	if (error != NULL)
		snprintf(why, why_size, "fetching %s: %s", url, error);
	return error == NULL;
}
