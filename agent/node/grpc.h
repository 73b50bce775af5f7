/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gRPC over HTTP/2 as the kubelet speaks it: what both ends share. A message travels behind a
 * prefix of five bytes (compressed or not, length); its status comes in the trailers. Sessions here
 * are bytes in, bytes out: who reads and writes the socket is node/socket.c. Whatever a peer sends
 * is bounded: one message per call of at most KW_GRPC_MESSAGE_MAX bytes and KW_GRPC_STREAMS_MAX
 * calls at a time; no header is kept, and nghttp2 bounds their size and what it answers by itself.
 * Not thread-safe: all of it belongs to the event thread.
 */
#pragma once

#include "util/bytes.h"
#include "util/cleanup.h"

#include <nghttp2/nghttp2.h>

enum {
	KW_GRPC_PREFIX_SIZE = 5,
	KW_GRPC_MESSAGE_MAX = 64 << 10, /* an Allocate with a thousand ids is a tenth of it */
	KW_GRPC_STREAMS_MAX = 32,
	KW_GRPC_HEADERS_MAX = 8 << 10,
	KW_GRPC_TEXT_SIZE = 160, /* of grpc-message */
	KW_GRPC_CALL_MS = 10000, /* how long a peer may take to send, take or answer a call */
};

/* The codes of gRPC that are given or told apart here; a peer may send any other number. */
enum kw_grpc_status {
	KW_GRPC_OK = 0,
	KW_GRPC_UNKNOWN = 2,
	KW_GRPC_INVALID_ARGUMENT = 3,
	KW_GRPC_NOT_FOUND = 5,
	KW_GRPC_RESOURCE_EXHAUSTED = 8,
	KW_GRPC_UNIMPLEMENTED = 12,
	KW_GRPC_INTERNAL = 13,
	KW_GRPC_UNAVAILABLE = 14,
};

/* Prefix and message, owned. */
struct kw_blob kw_grpc_frame(struct kw_bytes message);
/* The one message of a call, borrowed from its whole body; what is wrong is in `ret_why`, static.
 */
enum kw_grpc_status kw_grpc_unframe(struct kw_bytes body, struct kw_bytes *ret,
				    const char **ret_why) KW_MUST_USE;
/* "application/grpc", alone or with "+proto" or parameters behind it. */
bool kw_grpc_is_content_type(struct kw_bytes value);
/* A status as it stands in a header: digits; KW_GRPC_UNKNOWN for anything else. */
int kw_grpc_status_parse(struct kw_bytes value);

/* A body as it arrives. Past the limit nothing more is kept. */
struct kw_grpc_body {
	struct kw_blob bytes;
	bool too_long;
};
void kw_grpc_body_take(struct kw_grpc_body *body, struct kw_bytes more);
void kw_grpc_body_clear(struct kw_grpc_body *body);

/* nghttp2's session, and what it wants to send. */
struct kw_grpc_session {
	nghttp2_session *h2;
	struct kw_bytes pending; /* nghttp2's own, until the next call */
};
/* False: the peer broke the protocol; the connection is of no more use. */
bool kw_grpc_feed(struct kw_grpc_session *session, struct kw_bytes in) KW_MUST_USE;
/* What is to be sent next; nothing, if nothing is. */
struct kw_bytes kw_grpc_pending(struct kw_grpc_session *session);
void kw_grpc_sent(struct kw_grpc_session *session, size_t n);
bool kw_grpc_is_over(struct kw_grpc_session *session); /* neither end has anything to say */
void kw_grpc_session_clear(struct kw_grpc_session *session);

static inline nghttp2_nv kw_grpc_header(const char *name, const char *value)
{
	const struct kw_bytes n = kw_bytes_text(name), v = kw_bytes_text(value);

	/* nghttp2 copies both, whatever its type says */
	return (nghttp2_nv){ (uint8_t *)n.data, (uint8_t *)v.data, n.len, v.len,
			     NGHTTP2_NV_FLAG_NONE };
}
