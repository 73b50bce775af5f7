/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that may wait: a small fixed pool of threads with a bounded queue. A job runs on a worker;
 * its result goes back to the event thread, which is woken by an eventfd and calls
 * kw_jobs_finish(). A pool of one is also how the TPM gets its only user: kw_jobs_call() runs a
 * transaction there and waits.
 */
#pragma once

#include "util/attributes.h"
#include "util/cleanup.h"
#include "util/error.h"

enum { KW_JOBS_QUEUE_MAX = 1024 };

struct kw_job {
	void (*run)(struct kw_job *job);  /* on a worker */
	void (*done)(struct kw_job *job); /* on the event thread; frees the job; NULL: not wanted */
	struct kw_job *next;		  /* the queue's */
};

struct kw_jobs;
/* Starts nothing yet: sockets, devices and the sandbox come before the first thread. */
int kw_jobs_new(unsigned n_workers, const char *name, struct kw_jobs **ret,
		struct kw_error *err) KW_MUST_USE;
/* At most so many wait (else KW_JOBS_QUEUE_MAX). Before the start. */
void kw_jobs_limit(struct kw_jobs *jobs, size_t queue_max);
int kw_jobs_start(struct kw_jobs *jobs, struct kw_error *err) KW_MUST_USE;
/* Lets running jobs end, hands no further one out, joins the threads, then frees. NULL allowed.
 * Jobs that never ran are given to done() as they are. */
void kw_jobs_free(struct kw_jobs *jobs);
KW_DEFINE_FREEP(struct kw_jobs, kw_jobs_free);

/* False: the queue is full; the caller keeps the job. */
bool kw_jobs_submit(struct kw_jobs *jobs, struct kw_job *job) KW_MUST_USE;
/* Runs `fn(arg)` on a worker and waits for it; in the caller's own thread before kw_jobs_start().
 */
void kw_jobs_call(void *jobs, void (*fn)(void *arg), void *arg);
/* Nothing is queued, running, or waiting for kw_jobs_finish(). */
bool kw_jobs_idle(struct kw_jobs *jobs);
/* Readable when jobs have ended. */
int kw_jobs_fd(const struct kw_jobs *jobs);
/* On the event thread: done() of every job that has ended. */
void kw_jobs_finish(struct kw_jobs *jobs);
