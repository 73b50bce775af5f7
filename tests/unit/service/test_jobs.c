/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include "service/jobs.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

static _Atomic int ran, ended;

struct counted {
	struct kw_job job;
	pthread_t ran_on;
};

static void run(struct kw_job *job)
{
	((struct counted *)job)->ran_on = pthread_self();
	atomic_fetch_add(&ran, 1);
}

static void done(struct kw_job *job)
{
	(void)job;
	atomic_fetch_add(&ended, 1);
}

static struct kw_jobs *pool(unsigned n, bool started)
{
	struct kw_jobs *jobs = NULL;
	struct kw_error err = { 0 };

	ran = 0;
	ended = 0;
	assert_int_equal(kw_jobs_new(n, "test", &jobs, &err), 0);
	if (started)
		assert_int_equal(kw_jobs_start(jobs, &err), 0);
	return jobs;
}

static void wait_ended(struct kw_jobs *jobs, int n)
{
	struct pollfd fd = { .fd = kw_jobs_fd(jobs), .events = POLLIN };

	while (ended < n) {
		assert_int_equal(poll(&fd, 1, 10000), 1);
		kw_jobs_finish(jobs);
	}
}

static void given_jobs_they_run_on_workers_and_end_here(void **state)
{
	(void)state;
	struct kw_jobs *jobs = pool(3, true);
	struct counted counted[20] = { 0 };

	for (int i = 0; i < 20; i++) {
		counted[i].job = (struct kw_job){ .run = run, .done = done };
		assert_true(kw_jobs_submit(jobs, &counted[i].job));
	}
	wait_ended(jobs, 20);
	assert_int_equal(ran, 20);
	for (int i = 0; i < 20; i++)
		assert_false(pthread_equal(counted[i].ran_on, pthread_self()));
	assert_true(kw_jobs_idle(jobs));
	kw_jobs_free(jobs);
}

static void given_a_full_queue_the_next_is_refused(void **state)
{
	(void)state;
	struct kw_jobs *jobs = pool(1, false); /* nobody takes them out */
	static struct counted counted[KW_JOBS_QUEUE_MAX + 1];

	for (int i = 0; i <= KW_JOBS_QUEUE_MAX; i++) {
		counted[i].job = (struct kw_job){ .run = run, .done = done };
		assert_int_equal(kw_jobs_submit(jobs, &counted[i].job), i < KW_JOBS_QUEUE_MAX);
	}
	kw_jobs_free(jobs);
	assert_int_equal(ran, 0);
	assert_int_equal(ended, KW_JOBS_QUEUE_MAX); /* what never ran is given back */
}

static void count_call(void *arg)
{
	*(pthread_t *)arg = pthread_self();
	atomic_fetch_add(&ran, 1);
}

static void given_a_call_it_runs_on_the_worker_and_is_waited_for(void **state)
{
	(void)state;
	struct kw_jobs *jobs = pool(1, true);
	pthread_t ran_on = pthread_self();

	for (int i = 0; i < 100; i++)
		kw_jobs_call(jobs, count_call, &ran_on);
	assert_int_equal(ran, 100);
	assert_false(pthread_equal(ran_on, pthread_self()));
	kw_jobs_free(jobs);
}

static void given_no_thread_yet_a_call_runs_here(void **state)
{
	(void)state;
	struct kw_jobs *jobs = pool(1, false);
	pthread_t ran_on = 0;

	kw_jobs_call(jobs, count_call, &ran_on);
	assert_true(pthread_equal(ran_on, pthread_self()));
	kw_jobs_free(jobs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(given_jobs_they_run_on_workers_and_end_here),
		cmocka_unit_test(given_a_full_queue_the_next_is_refused),
		cmocka_unit_test(given_a_call_it_runs_on_the_worker_and_is_waited_for),
		cmocka_unit_test(given_no_thread_yet_a_call_runs_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
