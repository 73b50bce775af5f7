/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of an http_server: bytes in and out, plain or TLS, and the faults that bend them.
 * Belongs to the thread that serves it; the server's list and `fd` alone are seen by others, under
 * the server's lock.
 */
#pragma once

#include "http_server.h"

#include <sys/socket.h>

struct lab_connection {
	struct lab_server *server;
	struct lab_connection *next;
	int fd;
	SSL *ssl;
	SSL_CTX *own_context; /* of a TLS fault */
	bool internal;
	uint8_t buffer[16384];
	size_t filled, at;
};

/* The next connection of a listening socket of any family; -1: none. */
int lab_accept(int listener);

/* The TLS handshake, if the server has TLS. */
bool lab_connection_open(struct lab_connection *c);
void lab_connection_close(struct lab_connection *c);
/* More bytes into the empty buffer; false: the peer is gone or silent. */
bool lab_connection_fill(struct lab_connection *c);
bool lab_connection_send(struct lab_connection *c, struct kw_bytes bytes);
/* Closes with a TCP reset instead of an orderly end. */
void lab_connection_reset(struct lab_connection *c);
/* Waits, but not beyond the end of the server. */
void lab_server_pause(struct lab_server *server, long ms);
/* Shuts every other connection of the server down. */
void lab_server_drop_others(struct lab_server *server, const struct lab_connection *but);

enum lab_read { LAB_READ_OK, LAB_READ_END, LAB_READ_BAD };
/* The next request. BAD: `reply` says why, and the connection ends after it. */
enum lab_read lab_request_read(struct lab_connection *c, struct lab_request *ret,
			       struct lab_reply *reply);

/* Answers a request, as the faults that are on want it. False: the connection is over. */
bool lab_answer(struct lab_connection *c, const struct lab_request *request);
/* Writes a reply without any fault. */
bool lab_reply_send(struct lab_connection *c, const struct lab_reply *reply, bool keep);

/* Ports on 127.0.0.1 that the lab itself connects from: faults do not apply to those. */
void lab_internal_add(uint16_t port);
void lab_internal_remove(uint16_t port);
bool lab_internal_has(uint16_t port);
/* The port at one end of a connected or bound socket: `end` is getsockname or getpeername. 0: none.
 */
uint16_t lab_socket_port(int fd, int (*end)(int, struct sockaddr *, socklen_t *));
