/* SPDX-License-Identifier: Apache-2.0 */
#include "server/work.h"

static void run(struct kw_job *job)
{
	struct kw_work *work = (struct kw_work *)job;

	work->ran = true;
	work->result = work->run(work, &work->err);
}

static void done(struct kw_job *job)
{
	struct kw_work *work = (struct kw_work *)job;

	work->ended = true;
	if (!work->ran) /* the pool stopped first */
		work->result = kw_fail(&work->err, KW_E_SRV_STOPPING, "the work was not started");
	if (work->request == NULL)
		work->free(work);
	else
		kw_resume(work->request);
}

bool kw_work_start(struct kw_request *request, struct kw_jobs *jobs, struct kw_work *work)
{
	work->job = (struct kw_job){ .run = run, .done = done };
	work->request = request;
	if (request->server->draining || !kw_jobs_submit(jobs, &work->job)) {
		work->free(work);
		return false;
	}
	request->work = work;
	kw_suspend(request, NULL);
	return true;
}

bool kw_work_has_ended(const struct kw_request *request)
{
	return request->work != NULL && request->work->ended;
}

int kw_work_result(const struct kw_request *request, struct kw_error *err)
{
	const struct kw_work *work = request->work;

	if (work->result < 0)
		*err = work->err;
	return work->result;
}

void kw_work_abandon(struct kw_request *request)
{
	struct kw_work *work = request->work;

	if (work == NULL)
		return;
	request->work = NULL;
	work->request = NULL;
	if (work->ended)
		work->free(work);
}
