/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work for one request that may not be done on the event thread: it runs as a job while the request
 * is suspended, then the route's handler is called again. Whoever needs some embeds a struct
 * kw_work as the first member, with `run` and `free` set. Once started it belongs to the request;
 * when the connection goes first, the work ends by itself and its result is dropped.
 */
#pragma once

#include "server/server.h"

struct kw_work {
	struct kw_job job;
	int (*run)(struct kw_work *work, struct kw_error *err); /* on a worker */
	void (*free)(struct kw_work *work);
	struct kw_request *request; /* NULL: nobody waits any more */
	bool ran, ended;
	int result; /* of run() */
	struct kw_error err;
};

/* Starts the job and suspends the request. False: busy; the work is freed either way. */
bool kw_work_start(struct kw_request *request, struct kw_jobs *jobs,
		   struct kw_work *work) KW_MUST_USE;
bool kw_work_has_ended(const struct kw_request *request);
/* After that: what run() returned, with its error. */
int kw_work_result(const struct kw_request *request, struct kw_error *err) KW_MUST_USE;
/* The connection is gone, or its answer is sent. */
void kw_work_abandon(struct kw_request *request);
