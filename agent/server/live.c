/* SPDX-License-Identifier: Apache-2.0 */
#include "server/live.h"

#include "util/memory.h"

struct kw_live {
	struct kw_job job;
	struct kw_service *service;
	const struct kw_config_key *rule;
	struct kw_secret bearer;
	struct kw_request *request; /* NULL: nobody waits any more */
	bool ran, ended, failed;
	struct kw_material *material;
	struct kw_error err;
};

static void live_free(struct kw_live *live)
{
	kw_secret_clear(&live->bearer);
	kw_material_unref(live->material);
	free(live);
}

static void run(struct kw_job *job)
{
	struct kw_live *live = (struct kw_live *)job;

	live->ran = true;
	live->failed = kw_acquire(live->service, live->rule, &live->bearer, NULL, &live->material,
				  &live->err)
		       < 0;
}

static void done(struct kw_job *job)
{
	struct kw_live *live = (struct kw_live *)job;
	struct kw_request *request = live->request;

	live->ended = true;
	if (!live->ran) { /* the pool stopped first */
		live->failed = true;
		(void)kw_fail(&live->err, KW_E_SRV_STOPPING, "the release was not started");
	}
	if (request == NULL) {
		live_free(live);
		return;
	}
	kw_resume(request);
}

bool kw_live_start(struct kw_request *request, const struct kw_config_key *rule,
		   struct kw_secret *bearer)
{
	struct kw_live *live = kw_alloc(sizeof(*live));

	live->job = (struct kw_job){ .run = run, .done = done };
	live->service = request->server->service;
	live->rule = rule;
	live->request = request;
	kw_secret_move(&live->bearer, bearer);
	if (!kw_jobs_submit(request->server->workers, &live->job)) {
		live_free(live);
		return false;
	}
	request->live = live;
	kw_suspend(request, NULL);
	return true;
}

bool kw_live_has_ended(const struct kw_request *request)
{
	return request->live != NULL && request->live->ended;
}

int kw_live_result(const struct kw_request *request, struct kw_material **ret, struct kw_error *err)
{
	const struct kw_live *live = request->live;

	if (live->failed) {
		*err = live->err;
		return -1;
	}
	*ret = live->material;
	return 0;
}

void kw_live_abandon(struct kw_request *request)
{
	struct kw_live *live = request->live;

	if (live == NULL)
		return;
	request->live = NULL;
	live->request = NULL;
	if (live->ended)
		live_free(live);
}
