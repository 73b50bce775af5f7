/* SPDX-License-Identifier: Apache-2.0 */
#include "service/jobs.h"
#include "util/memory.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>

struct queue {
	struct kw_job *first, **end;
	size_t n;
};

struct kw_jobs {
	char name[16]; /* of the threads, for people who look with ps -L */
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct queue waiting, ended;
	size_t queue_max;
	bool started, stopping;
	unsigned n_running;
	int fd;
	unsigned n_workers;
	pthread_t *workers;
};

static void push(struct queue *q, struct kw_job *job)
{
	job->next = NULL;
	*q->end = job;
	q->end = &job->next;
	q->n++;
}

static struct kw_job *pop(struct queue *q)
{
	struct kw_job *job = q->first;

	if (job == NULL)
		return NULL;
	q->first = job->next;
	if (q->first == NULL)
		q->end = &q->first;
	q->n--;
	return job;
}

int kw_jobs_new(unsigned n_workers, const char *name, struct kw_jobs **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_jobs_freep) struct kw_jobs *jobs = kw_alloc(sizeof(*jobs));

	pthread_mutex_init(&jobs->lock, NULL);
	pthread_cond_init(&jobs->more, NULL);
	jobs->waiting.end = &jobs->waiting.first;
	jobs->ended.end = &jobs->ended.first;
	jobs->queue_max = KW_JOBS_QUEUE_MAX;
	jobs->workers = kw_alloc(n_workers * sizeof(*jobs->workers));
	jobs->n_workers = n_workers;
	strncpy(jobs->name, name, sizeof(jobs->name) - 1);
	jobs->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (jobs->fd < 0)
		return kw_fail(err, KW_E_SYS_INTERNAL, "eventfd: %m");
	*ret = KW_STEAL(jobs);
	return 0;
}

void kw_jobs_limit(struct kw_jobs *jobs, size_t queue_max)
{
	jobs->queue_max = queue_max;
}

static void wake_event_thread(const struct kw_jobs *jobs)
{
	uint64_t one = 1;

	while (write(jobs->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

static void *work(void *arg)
{
	struct kw_jobs *jobs = arg;

	pthread_mutex_lock(&jobs->lock);
	for (;;) {
		struct kw_job *job = NULL;
		bool hand_back = false;

		while (!jobs->stopping && jobs->waiting.first == NULL)
			pthread_cond_wait(&jobs->more, &jobs->lock);
		if (jobs->stopping)
			break;
		job = pop(&jobs->waiting);
		jobs->n_running++;
		pthread_mutex_unlock(&jobs->lock);
		hand_back = job->done != NULL; /* without it the job may be gone after run() */
		job->run(job);
		pthread_mutex_lock(&jobs->lock);
		jobs->n_running--;
		if (hand_back) {
			push(&jobs->ended, job);
			wake_event_thread(jobs);
		}
	}
	pthread_mutex_unlock(&jobs->lock);
	return NULL;
}

/* Signals are the event thread's: a worker is made with all of them blocked. */
int kw_jobs_start(struct kw_jobs *jobs, struct kw_error *err)
{
	sigset_t all, before;
	unsigned n = 0;
	int failed = 0;

	sigfillset(&all);
	sigdelset(&all, SIGSYS); /* names what the sandbox refuses, in whichever thread */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; n < jobs->n_workers && failed == 0; n++) {
		failed = pthread_create(&jobs->workers[n], NULL, work, jobs);
		if (failed == 0)
			pthread_setname_np(jobs->workers[n], jobs->name);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	jobs->n_workers = failed == 0 ? n : n - 1;
	jobs->started = true;
	if (failed == 0)
		return 0;
	errno = failed; /* pthread functions return it instead */
	return kw_fail(err, KW_E_SYS_INTERNAL, "starting a thread: %m");
}

static void stop_workers(struct kw_jobs *jobs)
{
	pthread_mutex_lock(&jobs->lock);
	jobs->stopping = true;
	pthread_cond_broadcast(&jobs->more);
	pthread_mutex_unlock(&jobs->lock);
	if (jobs->started)
		for (unsigned i = 0; i < jobs->n_workers; i++)
			pthread_join(jobs->workers[i], NULL);
}

void kw_jobs_free(struct kw_jobs *jobs)
{
	struct kw_job *job = NULL;

	if (jobs == NULL)
		return;
	stop_workers(jobs);
	kw_jobs_finish(jobs);
	while ((job = pop(&jobs->waiting)) != NULL)
		job->done(job);
	kw_fd_close(&jobs->fd);
	pthread_cond_destroy(&jobs->more);
	pthread_mutex_destroy(&jobs->lock);
	free(jobs->workers);
	free(jobs);
}

bool kw_jobs_submit(struct kw_jobs *jobs, struct kw_job *job)
{
	bool room = false;

	pthread_mutex_lock(&jobs->lock);
	room = jobs->waiting.n < jobs->queue_max && !jobs->stopping;
	if (room) {
		push(&jobs->waiting, job);
		pthread_cond_signal(&jobs->more);
	}
	pthread_mutex_unlock(&jobs->lock);
	return room;
}

struct call { /* lives on the stack of the caller, who waits */
	struct kw_job job;
	void (*fn)(void *arg);
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool has_ended;
};

static void run_call(struct kw_job *job)
{
	struct call *call = (struct call *)job;

	call->fn(call->arg);
	pthread_mutex_lock(&call->lock);
	call->has_ended = true;
	pthread_cond_signal(&call->ended);
	pthread_mutex_unlock(&call->lock);
}

static void wait_for(struct call *call)
{
	pthread_mutex_lock(&call->lock);
	while (!call->has_ended)
		pthread_cond_wait(&call->ended, &call->lock);
	pthread_mutex_unlock(&call->lock);
}

void kw_jobs_call(void *arg_jobs, void (*fn)(void *arg), void *arg)
{
	struct kw_jobs *jobs = arg_jobs;
	struct call call = { .job = { .run = run_call }, .fn = fn, .arg = arg };
	bool submitted = false;

	if (!jobs->started) {
		fn(arg);
		return;
	}
	pthread_mutex_init(&call.lock, NULL);
	pthread_cond_init(&call.ended, NULL);
	submitted = kw_jobs_submit(jobs, &call.job);
	assert(submitted); /* callers are fewer than the queue is long, and end before the pool */
	wait_for(&call);
	pthread_cond_destroy(&call.ended);
	pthread_mutex_destroy(&call.lock);
}

bool kw_jobs_idle(struct kw_jobs *jobs)
{
	bool idle = false;

	pthread_mutex_lock(&jobs->lock);
	idle = jobs->n_running == 0 && jobs->waiting.first == NULL && jobs->ended.first == NULL;
	pthread_mutex_unlock(&jobs->lock);
	return idle;
}

int kw_jobs_fd(const struct kw_jobs *jobs)
{
	return jobs->fd;
}

void kw_jobs_finish(struct kw_jobs *jobs)
{
	struct kw_job *job = NULL, *next = NULL;
	uint64_t n = 0;

	while (read(jobs->fd, &n, sizeof(n)) < 0 && errno == EINTR)
		;
	pthread_mutex_lock(&jobs->lock);
	job = jobs->ended.first;
	jobs->ended = (struct queue){ 0 };
	jobs->ended.end = &jobs->ended.first;
	pthread_mutex_unlock(&jobs->lock);
	for (; job != NULL; job = next) {
		next = job->next;
		job->done(job);
	}
}
