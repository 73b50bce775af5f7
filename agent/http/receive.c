/* SPDX-License-Identifier: Apache-2.0 */
#include "http/receive.h"

#include "http/retry.h"

#include <stdio.h>
#include <string.h>

enum { SECRET_ROOM = 4096 }; /* to begin with; tokens have 1 to 3 KB */

void kw_receiver_clear(struct kw_receiver *receiver)
{
	kw_blob_clear(&receiver->body);
	kw_secret_clear(&receiver->secret);
}

static bool widen(struct kw_receiver *receiver, size_t needed)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret wider = { 0 };
	size_t room = receiver->secret.len > 0 ? receiver->secret.len : SECRET_ROOM;
	while (room < needed)
		room *= 2;
	if (room > receiver->request->answer_max)
		room = receiver->request->answer_max;
	if (kw_secret_new(room, &wider, &receiver->err) < 0)
		return false;
	if (receiver->used > 0)
		memcpy(wider.data, receiver->secret.data, receiver->used);
	kw_secret_move(&receiver->secret, &wider);
	return true;
}

static bool keep(struct kw_receiver *receiver, struct kw_bytes part)
{
	size_t needed = receiver->used + part.len;
	if (!receiver->request->answer_secret) {
		kw_blob_append(&receiver->body, part);
	} else {
		if (needed > receiver->secret.len && !widen(receiver, needed)) {
			receiver->stop = KW_RECEIVE_ARENA;
			return false;
		}
		memcpy(receiver->secret.data + receiver->used, part.data, part.len);
	}
	receiver->used = needed;
	return true;
}

size_t kw_receive_body(char *data, size_t size, size_t n, void *ctx)
{
	struct kw_receiver *receiver = ctx;
	struct kw_bytes part = { (const uint8_t *)data, size * n };
	if (part.len == 0)
		return 0;
	if (part.len > receiver->request->answer_max - receiver->used) {
		receiver->stop = KW_RECEIVE_OVERSIZE;
		return 0; /* anything but part.len ends the transfer */
	}
	return keep(receiver, part) ? part.len : 0;
}

size_t kw_receive_header(char *data, size_t size, size_t n, void *ctx)
{
	struct kw_receiver *receiver = ctx;
	struct kw_bytes line = { (const uint8_t *)data, size * n };
	if (kw_answer_headers_take(&receiver->headers, line))
		return line.len;
	receiver->stop = KW_RECEIVE_HEADERS;
	return 0;
}

static enum kw_failure refuse(const struct kw_receiver *receiver, struct kw_error *err)
{
	if (receiver->stop == KW_RECEIVE_HEADERS)
		snprintf(err->detail, sizeof(err->detail),
			 "the answer has more than %d bytes of headers", KW_ANSWER_HEADERS_MAX);
	else
		snprintf(err->detail, sizeof(err->detail), "the answer has more than %zu bytes",
			 receiver->request->answer_max);
	return KW_FAILURE_ANSWER;
}

static void hand_over(struct kw_receiver *receiver, struct kw_http_answer *ret)
{
	if (receiver->stop == KW_RECEIVE_OVERSIZE)
		kw_receiver_clear(receiver);
	if (receiver->request->answer_secret) {
		kw_secret_shrink(&receiver->secret,
				 receiver->secret.data != NULL ? receiver->used : 0);
		kw_secret_move(&ret->secret, &receiver->secret);
		return;
	}
	ret->body = receiver->body.data != NULL ? receiver->body : kw_blob_new(0);
	receiver->body = (struct kw_blob){ 0 };
}

enum kw_failure kw_receiver_finish(struct kw_receiver *receiver, int status, int64_t wall_s,
				   struct kw_http_answer *ret, struct kw_error *err)
{
	enum kw_http_outcome outcome = kw_retry_outcome(receiver->request->upstream, status);
	if (receiver->stop == KW_RECEIVE_ARENA) {
		*err = receiver->err;
		return KW_FAILURE_LOCAL;
	}
	if (receiver->stop == KW_RECEIVE_HEADERS
	    || (receiver->stop == KW_RECEIVE_OVERSIZE && outcome == KW_HTTP_OK))
		return refuse(receiver, err);

	*ret = (struct kw_http_answer){ .outcome = outcome, .status = status };
	hand_over(receiver, ret);
	kw_answer_headers_apply(&receiver->headers, wall_s, ret);
	return KW_FAILURE_NONE;
}
