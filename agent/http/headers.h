/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The header lines of both directions. Requests: the list for libcurl, the bearer token built in
 * the arena and wiped at once. Answers: the few headers that mean something to us, cut and cleaned.
 */
#pragma once

#include "http/client.h"

#include <curl/curl.h>

/* Owned by the caller, who frees it with kw_request_headers_free(), which wipes it: libcurl's
 * copies are plain heap. */
int kw_request_headers_new(const struct kw_http_request *request, struct curl_slist **ret,
			   struct kw_error *err) KW_MUST_USE;
void kw_request_headers_free(struct curl_slist *list);
KW_DEFINE_FREEP(struct curl_slist, kw_request_headers_free);

enum { KW_ANSWER_HEADERS_MAX = 64 * 1024 };

struct kw_answer_headers {
	size_t seen; /* bytes */
	bool ended;  /* the empty line came: a connection may break off before */
	char content_type[64], request_id[64], client_request_id[64], www_authenticate[256];
	char retry_after[64], date[64];
};

/* One line as it came, the status line included (it starts a new set: 1xx answers come before the
 * real one). False: more than KW_ANSWER_HEADERS_MAX. */
bool kw_answer_headers_take(struct kw_answer_headers *headers, struct kw_bytes line) KW_MUST_USE;
/* Fills the answer's fields. A Retry-After date is held against the answer's own Date, if it has
 * one: then our clock does not matter. */
void kw_answer_headers_apply(const struct kw_answer_headers *headers, int64_t wall_s,
			     struct kw_http_answer *answer);
