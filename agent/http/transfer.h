/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One attempt with libcurl: every option that makes it safe is set here, every time. A struct
 * kw_handle keeps the connections that it opened; it belongs to one thread at a time.
 */
#pragma once

#include "http/resolve.h"
#include "http/roots.h"
#include "http/route.h"
#include "http/stage.h"

struct kw_handle;
struct kw_handle *kw_handle_new(void);	       /* NULL: libcurl has no memory */
void kw_handle_free(struct kw_handle *handle); /* closes its connections */
KW_DEFINE_FREEP(struct kw_handle, kw_handle_free);

/* What one attempt needs; all borrowed. */
struct kw_attempt {
	const struct kw_http_request *request;
	const struct kw_origin *origin;
	const char *rest; /* of the URL, behind the authority */
	const struct kw_route *route;
	const struct kw_addresses *addresses; /* of route->dial */
	const struct kw_roots *roots;
	int64_t timeout_ms;
	int64_t wall_s;
	const atomic_bool *cancelled;
};

/* NONE: `ret` holds the answer. LOCAL: `err` is complete. Else its detail has libcurl's words and
 * the caller names the row. */
enum kw_failure kw_attempt_run(struct kw_handle *handle, const struct kw_attempt *attempt,
			       struct kw_http_answer *ret, struct kw_error *err);

/* libcurl and c-ares, once per process, unless the program has done it. */
int kw_transfer_setup(struct kw_error *err) KW_MUST_USE;
