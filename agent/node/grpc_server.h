/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's end of one gRPC connection. A table gives a function per method; it answers at once.
 * A method that streams answers once when it is called, and again for every kw_grpc_peer_renew(),
 * always with the newest state: what a slow peer has not taken yet is left out, so a peer can never
 * make a queue grow. Calls that are not complete in time are reset. See node/grpc.h for limits.
 */
#pragma once

#include "node/grpc.h"
#include "util/clock.h"

struct kw_grpc_reply {
	struct kw_blob message;	      /* with KW_GRPC_OK alone */
	char text[KW_GRPC_TEXT_SIZE]; /* what is wrong, otherwise; printable ASCII */
};

struct kw_grpc_method {
	const char *path; /* "/package.Service/Method"; NULL ends the table */
	bool streams;	  /* then it never fails */
	enum kw_grpc_status (*call)(void *ctx, struct kw_bytes request, struct kw_grpc_reply *ret);
};

struct kw_grpc_server {
	const struct kw_grpc_method *methods;
	void *ctx;
	const struct kw_clock *clock;
};

struct kw_grpc_peer;
/* `server` outlives it. */
struct kw_grpc_peer *kw_grpc_peer_new(const struct kw_grpc_server *server);
void kw_grpc_peer_free(struct kw_grpc_peer *peer);
KW_DEFINE_FREEP(struct kw_grpc_peer, kw_grpc_peer_free);

struct kw_grpc_session *kw_grpc_peer_session(struct kw_grpc_peer *peer);
void kw_grpc_peer_renew(struct kw_grpc_peer *peer);
size_t kw_grpc_peer_watching(const struct kw_grpc_peer *peer); /* streams that are open */
/* Resets calls that are not complete in time; the boot clock of the next such, or INT64_MAX. */
int64_t kw_grpc_peer_tick(struct kw_grpc_peer *peer);
