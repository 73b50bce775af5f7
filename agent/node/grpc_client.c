/* SPDX-License-Identifier: Apache-2.0 */
#include "node/grpc_client.h"

#include "util/memory.h"
#include "util/text.h"

#include <stdio.h>
#include <string.h>

struct kw_grpc_call {
	struct kw_grpc_session session;
	struct kw_blob out;
	size_t out_at;
	bool has_http_ok, is_grpc, has_status, is_done;
	struct kw_grpc_outcome outcome;
	struct kw_grpc_body in;
};

static ssize_t read_request(nghttp2_session *h2 KW_UNUSED, int32_t id KW_UNUSED, uint8_t *to,
			    size_t room, uint32_t *flags, nghttp2_data_source *source,
			    void *ctx KW_UNUSED)
{
	struct kw_grpc_call *call = source->ptr;
	size_t n = call->out.len - call->out_at;

	if (n > room)
		n = room;
	memcpy(to, call->out.data + call->out_at, n);
	call->out_at += n;
	if (call->out_at == call->out.len)
		*flags |= NGHTTP2_DATA_FLAG_EOF;
	return (ssize_t)n;
}

static int on_header(nghttp2_session *h2 KW_UNUSED, const nghttp2_frame *frame KW_UNUSED,
		     const uint8_t *name, size_t name_len, const uint8_t *value, size_t value_len,
		     uint8_t flags KW_UNUSED, void *ctx)
{
	struct kw_grpc_call *call = ctx;
	const struct kw_bytes n = { name, name_len }, v = { value, value_len };

	if (kw_bytes_equal(n, kw_bytes_text(":status"))) {
		call->has_http_ok = kw_bytes_equal(v, kw_bytes_text("200"));
	} else if (kw_bytes_equal(n, kw_bytes_text("content-type"))) {
		call->is_grpc = kw_grpc_is_content_type(v);
	} else if (kw_bytes_equal(n, kw_bytes_text("grpc-status"))) {
		call->has_status = true;
		call->outcome.status = kw_grpc_status_parse(v);
	} else if (kw_bytes_equal(n, kw_bytes_text("grpc-message"))) {
		kw_text_clean(v, call->outcome.text, sizeof(call->outcome.text));
	}
	return 0;
}

static int on_data(nghttp2_session *h2 KW_UNUSED, uint8_t flags KW_UNUSED, int32_t id KW_UNUSED,
		   const uint8_t *data, size_t len, void *ctx)
{
	struct kw_grpc_call *call = ctx;

	kw_grpc_body_take(&call->in, (struct kw_bytes){ data, len });
	return 0;
}

static void fail(struct kw_grpc_call *call, int status, const char *text)
{
	call->outcome.status = status;
	(void)snprintf(call->outcome.text, sizeof(call->outcome.text), "%s", text);
}

/* An answer is only what has all of its parts. */
static int on_close(nghttp2_session *h2 KW_UNUSED, int32_t id KW_UNUSED, uint32_t code KW_UNUSED,
		    void *ctx)
{
	struct kw_grpc_call *call = ctx;
	struct kw_bytes message = { 0 };
	const char *why = NULL;
	enum kw_grpc_status framing;

	call->is_done = true;
	if (!call->has_http_ok || !call->is_grpc) {
		fail(call, KW_GRPC_UNKNOWN, "the answer is not gRPC");
	} else if (!call->has_status) {
		fail(call, KW_GRPC_UNKNOWN, "the answer broke off: it has no grpc-status");
	} else if (call->outcome.status == KW_GRPC_OK) {
		framing = kw_grpc_unframe(kw_blob_bytes(&call->in.bytes), &message, &why);
		if (call->in.too_long)
			fail(call, KW_GRPC_RESOURCE_EXHAUSTED, "the answer is too long");
		else if (framing != KW_GRPC_OK)
			fail(call, (int)framing, "the answer is not one whole message");
	}
	return 0;
}

static nghttp2_session *new_session(struct kw_grpc_call *call)
{
	nghttp2_session_callbacks *callbacks = NULL;
	nghttp2_session *h2 = NULL;

	if (nghttp2_session_callbacks_new(&callbacks) != 0)
		kw_out_of_memory();
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
	if (nghttp2_session_client_new(&h2, callbacks, call) != 0)
		kw_out_of_memory();
	nghttp2_session_callbacks_del(callbacks);
	return h2;
}

struct kw_grpc_call *kw_grpc_call_new(const char *path, struct kw_bytes request)
{
	struct kw_grpc_call *call = kw_alloc(sizeof(*call));
	static const nghttp2_settings_entry settings[] = {
		{ NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
		{ NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, KW_GRPC_HEADERS_MAX },
	};
	const nghttp2_nv headers[] = {
		kw_grpc_header(":method", "POST"),
		kw_grpc_header(":scheme", "http"),
		kw_grpc_header(":path", path),
		kw_grpc_header(":authority", "localhost"),
		kw_grpc_header("content-type", "application/grpc"),
		kw_grpc_header("te", "trailers"),
		kw_grpc_header("user-agent", "keyward/" KW_VERSION),
	};
	const nghttp2_data_provider body = { .source.ptr = call, .read_callback = read_request };

	call->out = kw_grpc_frame(request);
	call->session.h2 = new_session(call);
	if (nghttp2_submit_settings(call->session.h2, NGHTTP2_FLAG_NONE, settings,
				    sizeof(settings) / sizeof(settings[0]))
		    != 0
	    || nghttp2_submit_request(call->session.h2, NULL, headers,
				      sizeof(headers) / sizeof(headers[0]), &body, NULL)
		       < 0)
		kw_out_of_memory();
	return call;
}

void kw_grpc_call_free(struct kw_grpc_call *call)
{
	if (!call)
		return;
	kw_grpc_session_clear(&call->session);
	kw_blob_clear(&call->out);
	kw_grpc_body_clear(&call->in);
	free(call);
}

struct kw_grpc_session *kw_grpc_call_session(struct kw_grpc_call *call)
{
	return &call->session;
}

bool kw_grpc_call_done(const struct kw_grpc_call *call, struct kw_grpc_outcome *ret)
{
	if (call->is_done)
		*ret = call->outcome;
	return call->is_done;
}
