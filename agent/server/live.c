/* SPDX-License-Identifier: Apache-2.0 */
#include "server/live.h"

#include "util/memory.h"
#include "util/text.h"

struct live {
	struct kw_work work;
	struct kw_service *service;
	const struct kw_config_key *rule; /* while the work runs */
	char *name;			  /* of the key, for good: a reload may come in between */
	struct kw_secret bearer;
	struct kw_material *material;
};

static void free_live(struct kw_work *work)
{
	struct live *live = (struct live *)work;

	kw_secret_clear(&live->bearer);
	kw_material_unref(live->material);
	free(live->name);
	free(live);
}

static int run(struct kw_work *work, struct kw_error *err)
{
	struct live *live = (struct live *)work;

	return kw_acquire(live->service, live->rule, &live->bearer, NULL, &live->material, err);
}

bool kw_live_start(struct kw_request *request, const struct kw_config_key *rule,
		   struct kw_secret *bearer)
{
	struct live *live = kw_alloc(sizeof(*live));

	live->work = (struct kw_work){ .run = run, .free = free_live };
	live->service = request->server->service;
	live->rule = rule;
	live->name = kw_strdup(rule->name);
	kw_secret_move(&live->bearer, bearer);
	return kw_work_start(request, request->server->errands, &live->work);
}

int kw_live_result(const struct kw_request *request, struct kw_material **ret, struct kw_error *err)
{
	const struct live *live = (const struct live *)request->work;

	if (kw_work_result(request, err) < 0)
		return -1;
	*ret = live->material;
	return 0;
}

const char *kw_live_key(const struct kw_request *request)
{
	return ((const struct live *)request->work)->name;
}
