/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carries the bytes of one gRPC session over a Unix socket that does not block. While something is
 * left to send nothing is read, so that a peer that does not take its answers gets no more of them.
 */
#pragma once

#include "node/grpc.h"
#include "node/loop.h"
#include "util/clock.h"

struct kw_socket {
	struct kw_watch watch;
	struct kw_loop *loop;
	struct kw_grpc_session *session;
	const struct kw_clock *clock;
	int64_t stuck_since_ms; /* something could not be sent since then; 0: nothing is left */
};

/* Takes `fd`; `ready` is called with `ctx` when kw_socket_pump() should be. */
int kw_socket_open(struct kw_socket *socket, int fd, void (*ready)(void *ctx, uint32_t events),
		   void *ctx, struct kw_error *err) KW_MUST_USE;
void kw_socket_close(struct kw_socket *socket);
/* Reads what is there and sends what there is. False: the connection has come to its end. */
bool kw_socket_pump(struct kw_socket *socket) KW_MUST_USE;
/* The peer has not taken its answer for KW_GRPC_CALL_MS. */
bool kw_socket_is_stuck(const struct kw_socket *socket);
