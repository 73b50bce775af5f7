/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The receiving side of one attempt: libcurl's two callbacks, the caps, and where the body goes. A
 * body over the cap is never cut silently: a 200 fails, and of any other status, where the body is
 * only a message, the body is left out.
 */
#pragma once

#include "http/headers.h"
#include "http/stage.h"

enum kw_receive_stop {
	KW_RECEIVE_GOES_ON,
	KW_RECEIVE_OVERSIZE,
	KW_RECEIVE_HEADERS, /* too many */
	KW_RECEIVE_ARENA,   /* full; `err` says so */
};

struct kw_receiver {
	const struct kw_http_request *request;
	struct kw_answer_headers headers;
	struct kw_blob body;
	struct kw_secret secret; /* has room for more than `used` */
	size_t used;
	enum kw_receive_stop stop;
	struct kw_error err;
};

void kw_receiver_clear(struct kw_receiver *receiver);

/* CURLOPT_WRITEFUNCTION and CURLOPT_HEADERFUNCTION; `ctx` is the receiver. */
size_t kw_receive_body(char *data, size_t size, size_t n, void *ctx);
size_t kw_receive_header(char *data, size_t size, size_t n, void *ctx);

/* When libcurl is done, or was stopped by the receiver: hands the answer over, or says in err's
 * detail why there is none. */
enum kw_failure kw_receiver_finish(struct kw_receiver *receiver, int status, int64_t wall_s,
				   struct kw_http_answer *ret, struct kw_error *err);
