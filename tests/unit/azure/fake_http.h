/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An http room without network: this kw_http_call() is linked in place of the real one. Calls are
 * kept for the test to look at; answers come from a script, one per call.
 */
#pragma once

#include "rows.h"

#include "http/client.h"
#include "util/text.h"

#include <stdio.h>

enum { FAKE_CALLS_MAX = 16 };

struct fake_answer {
	int status; /* 0: no answer, the call fails with the row `fails` */
	const char *body;
	enum kw_error_name fails;
};

static struct {
	const struct fake_answer *script;
	size_t n_script, n_calls;
	struct {
		enum kw_upstream upstream;
		char method[8], url[200], content_type[40], body[512], bearer[40];
	} calls[FAKE_CALLS_MAX];
} fake_http;

static inline void fake_http_expect(const struct fake_answer *script, size_t n)
{
	memset(&fake_http, 0, sizeof(fake_http));
	fake_http.script = script;
	fake_http.n_script = n;
}

static inline void keep(char *to, size_t size, struct kw_bytes from)
{
	assert_true(from.len < size);
	if (from.len > 0)
		memcpy(to, from.data, from.len);
}

static inline void keep_call(const struct kw_http_request *request)
{
	size_t i = fake_http.n_calls++;
	struct kw_bytes bearer =
		request->bearer ? kw_secret_bytes(request->bearer) : kw_bytes_text(NULL);

	assert_true(i < FAKE_CALLS_MAX && request->answer_max > 0);
	fake_http.calls[i].upstream = request->upstream;
	keep(fake_http.calls[i].method, 8, kw_bytes_text(request->method));
	keep(fake_http.calls[i].url, 200, kw_bytes_text(request->url));
	keep(fake_http.calls[i].content_type, 40, kw_bytes_text(request->content_type));
	keep(fake_http.calls[i].body, 512, request->body);
	keep(fake_http.calls[i].bearer, 40, bearer);
}

/* As the real one sorts the statuses of everyone but IMDS. */
static inline enum kw_http_outcome outcome_of(int status)
{
	if (status == 200)
		return KW_HTTP_OK;
	return status == 408 || status == 429 || status >= 500 ? KW_HTTP_RETRY : KW_HTTP_FINAL;
}

int kw_http_call(struct kw_http *http, const struct kw_http_request *request,
		 struct kw_http_answer *ret, struct kw_error *err)
{
	(void)http;
	if (fake_http.n_calls >= fake_http.n_script)
		fail_msg("call of %s is one too many", request->url);
	const struct fake_answer *answer = &fake_http.script[fake_http.n_calls];
	keep_call(request);
	if (answer->status == 0)
		return kw_fail(err, answer->fails, "no answer");
	ret->status = answer->status;
	ret->outcome = outcome_of(answer->status);
	ret->body = kw_blob_copy(kw_bytes_text(answer->body ? answer->body : ""));
	return 0;
}
