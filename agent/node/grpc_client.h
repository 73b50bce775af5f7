/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's end of one gRPC connection, for one unary call. The owner carries the bytes, keeps
 * the deadline and frees the call when it is done or given up. See node/grpc.h for limits.
 */
#pragma once

#include "node/grpc.h"

struct kw_grpc_call;
struct kw_grpc_call *kw_grpc_call_new(const char *path, struct kw_bytes request);
void kw_grpc_call_free(struct kw_grpc_call *call);
KW_DEFINE_FREEP(struct kw_grpc_call, kw_grpc_call_free);

struct kw_grpc_session *kw_grpc_call_session(struct kw_grpc_call *call);

struct kw_grpc_outcome {
	int status;		      /* KW_GRPC_OK, or what the peer says, or what its answer is */
	char text[KW_GRPC_TEXT_SIZE]; /* what is wrong; cleaned */
};
/* True: the peer has answered, or ended the call without an answer. */
bool kw_grpc_call_done(const struct kw_grpc_call *call, struct kw_grpc_outcome *ret);
