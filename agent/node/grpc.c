/* SPDX-License-Identifier: Apache-2.0 */
#include "node/grpc.h"

#include <string.h>

#define CONTENT_TYPE "application/grpc"
enum { STATUS_DIGITS_MAX = 4 };

struct kw_blob kw_grpc_frame(struct kw_bytes message)
{
	struct kw_blob framed = kw_blob_new(KW_GRPC_PREFIX_SIZE);

	framed.data[1] = (uint8_t)(message.len >> 24);
	framed.data[2] = (uint8_t)(message.len >> 16);
	framed.data[3] = (uint8_t)(message.len >> 8);
	framed.data[4] = (uint8_t)message.len;
	kw_blob_append(&framed, message);
	return framed;
}

enum kw_grpc_status kw_grpc_unframe(struct kw_bytes body, struct kw_bytes *ret,
				    const char **ret_why)
{
	struct kw_cursor c = { .in = body };
	uint8_t compressed = 0;
	uint32_t size = 0;

	*ret_why = "the call is not one whole message";
	if (!kw_take_u8(&c, &compressed) || !kw_take_be32(&c, &size) || compressed > 1)
		return KW_GRPC_INTERNAL;
	if (compressed == 1) {
		*ret_why = "compression is not offered";
		return KW_GRPC_UNIMPLEMENTED;
	}
	if (size != kw_cursor_left(&c) || !kw_take(&c, size, ret))
		return KW_GRPC_INTERNAL;
	return KW_GRPC_OK;
}

bool kw_grpc_is_content_type(struct kw_bytes value)
{
	static const size_t len = sizeof(CONTENT_TYPE) - 1;

	if (value.len < len || memcmp(value.data, CONTENT_TYPE, len) != 0)
		return false;
	return value.len == len || value.data[len] == '+' || value.data[len] == ';';
}

int kw_grpc_status_parse(struct kw_bytes value)
{
	int status = 0;

	if (value.len == 0 || value.len > STATUS_DIGITS_MAX)
		return KW_GRPC_UNKNOWN;
	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] < '0' || value.data[i] > '9')
			return KW_GRPC_UNKNOWN;
		status = 10 * status + (value.data[i] - '0');
	}
	return status;
}

void kw_grpc_body_take(struct kw_grpc_body *body, struct kw_bytes more)
{
	const size_t max = KW_GRPC_PREFIX_SIZE + KW_GRPC_MESSAGE_MAX;

	if (more.len > max - body->bytes.len)
		body->too_long = true;
	else if (!body->too_long)
		kw_blob_append(&body->bytes, more);
}

void kw_grpc_body_clear(struct kw_grpc_body *body)
{
	kw_blob_clear(&body->bytes);
	body->too_long = false;
}

bool kw_grpc_feed(struct kw_grpc_session *session, struct kw_bytes in)
{
	ssize_t taken = nghttp2_session_mem_recv(session->h2, in.data, in.len);

	return taken >= 0 && (size_t)taken == in.len;
}

struct kw_bytes kw_grpc_pending(struct kw_grpc_session *session)
{
	const uint8_t *data = NULL;
	ssize_t len;

	if (session->pending.len > 0)
		return session->pending;
	len = nghttp2_session_mem_send(session->h2, &data);
	session->pending = (struct kw_bytes){ data, len > 0 ? (size_t)len : 0 };
	return session->pending;
}

void kw_grpc_sent(struct kw_grpc_session *session, size_t n)
{
	session->pending.data += n;
	session->pending.len -= n;
}

bool kw_grpc_is_over(struct kw_grpc_session *session)
{
	return session->pending.len == 0 && !nghttp2_session_want_read(session->h2)
	       && !nghttp2_session_want_write(session->h2);
}

void kw_grpc_session_clear(struct kw_grpc_session *session)
{
	nghttp2_session_del(session->h2);
	*session = (struct kw_grpc_session){ 0 };
}
