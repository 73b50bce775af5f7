/* SPDX-License-Identifier: Apache-2.0 */
#include "node/grpc_server.h"

#include "util/memory.h"

#include <stdio.h>
#include <string.h>

enum { STATUS_TEXT_SIZE = 12 };

/* One call. */
struct stream {
	struct kw_grpc_peer *peer;
	int32_t id;
	const struct kw_grpc_method *method; /* NULL: none of ours */
	bool is_post, is_grpc, is_answered, is_watching;
	bool is_stale; /* a watcher that has to be told something newer */
	int64_t end_by_ms;
	struct kw_grpc_body in;
	struct kw_blob out;
	size_t out_at;
	struct stream *next;
};

struct kw_grpc_peer {
	const struct kw_grpc_server *server;
	struct kw_grpc_session session;
	struct stream *streams;
};

/* Answers. */

static void submit_status_alone(struct stream *s, enum kw_grpc_status status, const char *text)
{
	char number[STATUS_TEXT_SIZE];

	(void)snprintf(number, sizeof(number), "%d", (int)status);
	const nghttp2_nv headers[] = {
		kw_grpc_header(":status", "200"),
		kw_grpc_header("content-type", "application/grpc"),
		kw_grpc_header("grpc-status", number),
		kw_grpc_header("grpc-message", text),
	};
	s->is_answered = true;
	(void)nghttp2_submit_response(s->peer->session.h2, s->id, headers,
				      sizeof(headers) / sizeof(headers[0]), NULL);
}

static void submit_http_status(struct stream *s, const char *status)
{
	const nghttp2_nv header = kw_grpc_header(":status", status);

	s->is_answered = true;
	(void)nghttp2_submit_response(s->peer->session.h2, s->id, &header, 1, NULL);
}

static void submit_ok_trailer(struct stream *s)
{
	const nghttp2_nv trailer = kw_grpc_header("grpc-status", "0");

	(void)nghttp2_submit_trailer(s->peer->session.h2, s->id, &trailer, 1);
}

/* The newest state, for a stream that was told everything before it. */
static void refill(struct stream *s)
{
	struct kw_grpc_reply reply = { 0 };

	s->is_stale = false;
	(void)s->method->call(s->peer->server->ctx, (struct kw_bytes){ 0 }, &reply);
	kw_blob_clear(&s->out);
	s->out = kw_grpc_frame(kw_blob_bytes(&reply.message));
	s->out_at = 0;
	kw_blob_clear(&reply.message);
}

static ssize_t read_answer(nghttp2_session *h2 KW_UNUSED, int32_t id KW_UNUSED, uint8_t *to,
			   size_t room, uint32_t *flags, nghttp2_data_source *source,
			   void *ctx KW_UNUSED)
{
	struct stream *s = source->ptr;
	size_t n;

	if (s->out_at == s->out.len && s->is_stale)
		refill(s);
	n = s->out.len - s->out_at;
	if (n > room)
		n = room;
	memcpy(to, s->out.data + s->out_at, n);
	s->out_at += n;
	if (s->method->streams)
		return n > 0 ? (ssize_t)n : NGHTTP2_ERR_DEFERRED;
	if (s->out_at == s->out.len) {
		*flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
		submit_ok_trailer(s);
	}
	return (ssize_t)n;
}

static void submit_answer(struct stream *s, struct kw_bytes message)
{
	const nghttp2_nv headers[] = {
		kw_grpc_header(":status", "200"),
		kw_grpc_header("content-type", "application/grpc"),
	};
	const nghttp2_data_provider provider = { .source.ptr = s, .read_callback = read_answer };

	s->out = kw_grpc_frame(message);
	s->is_answered = true;
	s->is_watching = s->method->streams;
	(void)nghttp2_submit_response(s->peer->session.h2, s->id, headers,
				      sizeof(headers) / sizeof(headers[0]), &provider);
}

static void call_method(struct stream *s, struct kw_bytes request)
{
	struct kw_grpc_reply reply = { 0 };
	enum kw_grpc_status status = s->method->call(s->peer->server->ctx, request, &reply);

	if (status == KW_GRPC_OK)
		submit_answer(s, kw_blob_bytes(&reply.message));
	else
		submit_status_alone(s, status, reply.text);
	kw_blob_clear(&reply.message);
}

/* The request is complete. */
static void dispatch(struct stream *s)
{
	struct kw_bytes request = { 0 };
	const char *why = NULL;
	enum kw_grpc_status status;

	if (s->is_answered)
		return;
	if (!s->is_post) {
		submit_http_status(s, "405");
	} else if (!s->is_grpc) {
		submit_http_status(s, "415");
	} else if (!s->method) {
		submit_status_alone(s, KW_GRPC_UNIMPLEMENTED, "no such method");
	} else {
		status = kw_grpc_unframe(kw_blob_bytes(&s->in.bytes), &request, &why);
		if (status == KW_GRPC_OK)
			call_method(s, request);
		else
			submit_status_alone(s, status, why);
	}
	kw_grpc_body_clear(&s->in);
}

/* What nghttp2 calls. */

static void stream_free(struct stream *s)
{
	kw_grpc_body_clear(&s->in);
	kw_blob_clear(&s->out);
	free(s);
}

static int on_begin_headers(nghttp2_session *h2, const nghttp2_frame *frame, void *ctx)
{
	struct kw_grpc_peer *peer = ctx;
	struct stream *s;

	if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	s = kw_alloc(sizeof(*s));
	s->peer = peer;
	s->id = frame->hd.stream_id;
	s->end_by_ms = kw_boot_ms(peer->server->clock) + KW_GRPC_CALL_MS;
	s->next = peer->streams;
	peer->streams = s;
	return nghttp2_session_set_stream_user_data(h2, s->id, s) == 0
		       ? 0
		       : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static bool is_text(struct kw_bytes bytes, const char *text)
{
	return kw_bytes_equal(bytes, kw_bytes_text(text));
}

static int on_header(nghttp2_session *h2, const nghttp2_frame *frame, const uint8_t *name,
		     size_t name_len, const uint8_t *value, size_t value_len,
		     uint8_t flags KW_UNUSED, void *ctx KW_UNUSED)
{
	struct stream *s = nghttp2_session_get_stream_user_data(h2, frame->hd.stream_id);
	const struct kw_bytes n = { name, name_len }, v = { value, value_len };

	if (!s || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
		return 0;
	if (is_text(n, ":method"))
		s->is_post = is_text(v, "POST");
	else if (is_text(n, "content-type"))
		s->is_grpc = kw_grpc_is_content_type(v);
	else if (is_text(n, ":path"))
		for (const struct kw_grpc_method *m = s->peer->server->methods; m->path; m++)
			if (is_text(v, m->path))
				s->method = m;
	return 0;
}

static int on_data(nghttp2_session *h2, uint8_t flags KW_UNUSED, int32_t id, const uint8_t *data,
		   size_t len, void *ctx KW_UNUSED)
{
	struct stream *s = nghttp2_session_get_stream_user_data(h2, id);

	if (!s || s->is_answered)
		return 0;
	kw_grpc_body_take(&s->in, (struct kw_bytes){ data, len });
	if (s->in.too_long) {
		submit_status_alone(s, KW_GRPC_RESOURCE_EXHAUSTED, "the message is too long");
		kw_grpc_body_clear(&s->in);
	}
	return 0;
}

static int on_frame(nghttp2_session *h2, const nghttp2_frame *frame, void *ctx KW_UNUSED)
{
	struct stream *s = NULL;

	if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA)
	    && frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
		s = nghttp2_session_get_stream_user_data(h2, frame->hd.stream_id);
	if (s)
		dispatch(s);
	return 0;
}

static int on_close(nghttp2_session *h2 KW_UNUSED, int32_t id, uint32_t code KW_UNUSED, void *ctx)
{
	struct kw_grpc_peer *peer = ctx;

	for (struct stream **at = &peer->streams; *at; at = &(*at)->next) {
		struct stream *s = *at;

		if (s->id != id)
			continue;
		*at = s->next;
		stream_free(s);
		break;
	}
	return 0;
}

/* The connection. */

static void open_session(struct kw_grpc_peer *peer)
{
	static const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, KW_GRPC_STREAMS_MAX },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, KW_GRPC_HEADERS_MAX },
	};
	nghttp2_session_callbacks *callbacks = NULL;

	if (nghttp2_session_callbacks_new(&callbacks) != 0)
		kw_out_of_memory();
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	if (nghttp2_session_server_new(&peer->session.h2, callbacks, peer) != 0
	    || nghttp2_submit_settings(peer->session.h2, NGHTTP2_FLAG_NONE, settings,
				       sizeof(settings) / sizeof(settings[0]))
		       != 0)
		kw_out_of_memory();
	nghttp2_session_callbacks_del(callbacks);
}

struct kw_grpc_peer *kw_grpc_peer_new(const struct kw_grpc_server *server)
{
	struct kw_grpc_peer *peer = kw_alloc(sizeof(*peer));

	peer->server = server;
	open_session(peer);
	return peer;
}

void kw_grpc_peer_free(struct kw_grpc_peer *peer)
{
	if (!peer)
		return;
	kw_grpc_session_clear(&peer->session);
	while (peer->streams) {
		struct stream *s = peer->streams;

		peer->streams = s->next;
		stream_free(s);
	}
	free(peer);
}

struct kw_grpc_session *kw_grpc_peer_session(struct kw_grpc_peer *peer)
{
	return &peer->session;
}

void kw_grpc_peer_renew(struct kw_grpc_peer *peer)
{
	for (struct stream *s = peer->streams; s; s = s->next)
		if (s->is_watching) {
			s->is_stale = true;
			(void)nghttp2_session_resume_data(peer->session.h2, s->id);
		}
}

size_t kw_grpc_peer_watching(const struct kw_grpc_peer *peer)
{
	size_t n = 0;

	for (const struct stream *s = peer->streams; s; s = s->next)
		n += s->is_watching;
	return n;
}

int64_t kw_grpc_peer_tick(struct kw_grpc_peer *peer)
{
	int64_t now_ms = kw_boot_ms(peer->server->clock), next = INT64_MAX;

	for (struct stream *s = peer->streams; s; s = s->next) {
		if (s->is_watching)
			continue;
		if (s->end_by_ms <= now_ms) {
			(void)nghttp2_submit_rst_stream(peer->session.h2, NGHTTP2_FLAG_NONE, s->id,
							NGHTTP2_CANCEL);
			s->end_by_ms = INT64_MAX; /* it ends when that is sent */
		}
		if (s->end_by_ms < next)
			next = s->end_by_ms;
	}
	return next;
}
