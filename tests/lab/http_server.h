/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTP/1.1 server of the lab's own, over plain sockets or TLS, one thread for each
 * connection, so that every misbehaviour on the wire (see docs/lab.md) is possible. A server knows
 * one function: it answers a request. Handlers run on many threads at once.
 */
#pragma once

#include "lab.h"
#include "util/attributes.h"
#include "util/bytes.h"
#include "util/json.h"

#include <openssl/ssl.h>
#include <pthread.h>

enum {
	LAB_HEAD_MAX = 64 << 10,
	LAB_BODY_MAX = 4 << 20,
	LAB_HEADERS_MAX = 64,
	LAB_IDLE_S = 60,
};

struct lab_header {
	const char *name, *value; /* in `head` of the request */
};

struct lab_request {
	enum lab_service service;
	struct kw_blob head, body;
	const char *method, *target, *path, *query; /* query: "" if there is none */
	bool old;				    /* HTTP/1.0 */
	bool internal;				    /* from the lab itself: no fault applies */
	struct lab_header headers[LAB_HEADERS_MAX];
	size_t n_headers;
};
void lab_request_clear(struct lab_request *request);

/* The value of a header, NULL if it is not there. Names in any case. */
const char *lab_request_header(const struct lab_request *request, const char *name);
/* The value of a query or form parameter, percent-decoded and owned; NULL if it is not there. */
char *lab_query_get(const char *query, const char *name);

struct lab_reply {
	int status;
	char type[64];	 /* Content-Type */
	char more[1024]; /* further header lines, each with its CRLF */
	struct kw_blob body;
	char reason[512]; /* for the log */
	const char *code; /* of lab_reply_error(), else NULL; static */
};
void lab_reply_clear(struct lab_reply *reply);
void lab_reply_header(struct lab_reply *reply, const char *name, const char *fmt, ...)
	KW_PRINTF(3, 4);
/* Takes `json`. */
void lab_reply_json(struct lab_reply *reply, int status, struct kw_json *json);
void lab_reply_bytes(struct lab_reply *reply, const char *type, struct kw_bytes body);
void lab_reply_reason(struct lab_reply *reply, const char *fmt, ...) KW_PRINTF(2, 3);
/* {"error":{"code","message","innererror":{"code"}}}: MAA and Key Vault. `inner` may be NULL. */
void lab_reply_error(struct lab_reply *reply, int status, const char *code, const char *inner,
		     const char *fmt, ...) KW_PRINTF(5, 6);
/* {"error","error_description"}: IMDS. */
void lab_reply_oauth_error(struct lab_reply *reply, int status, const char *error, const char *fmt,
			   ...) KW_PRINTF(4, 5);

struct lab_connection;
struct lab_server {
	enum lab_service service;
	int fd;
	bool tls;
	bool stopping; /* under the lock */
	/* For servers of two services: which one a path belongs to. NULL: `service`. */
	enum lab_service (*service_of)(const char *path);
	void (*handle)(const struct lab_request *request, struct lab_reply *reply);

	SSL_CTX *context;
	pthread_t thread;
	pthread_mutex_t lock; /* of `open` and `stopping` */
	pthread_cond_t changed;
	struct lab_connection *open; /* list */
};

/* Binds to ADDRESS:PORT; `address` becomes what was bound. Gives the port. */
uint16_t lab_server_bind(struct lab_server *server, char *address, size_t size);
void lab_server_start(struct lab_server *server);
/* Ends the listener and every connection, and waits for their threads. */
void lab_server_stop(struct lab_server *server);
