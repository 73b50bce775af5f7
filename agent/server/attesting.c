/* SPDX-License-Identifier: Apache-2.0 */
#include "server/attesting.h"

#include "service/raw_evidence.h"
#include "service/runtime_data.h"
#include "util/json.h"
#include "util/memory.h"
#include "util/text.h"

#include <string.h>

static void free_attesting(struct kw_work *work)
{
	struct kw_attesting *a = (struct kw_attesting *)work;

	kw_blob_clear(&a->data);
	free(a->endpoint);
	kw_attestation_unref(a->session);
	kw_json_free(a->evidence);
	kw_caller_report_clear(&a->report);
	kw_secret_clear(&a->token);
	kw_collateral_free(a->collateral);
	free(a);
}

static int run(struct kw_work *work, struct kw_error *err)
{
	struct kw_attesting *a = (struct kw_attesting *)work;
	struct kw_bytes data = kw_blob_bytes(&a->data);

	switch (a->kind) {
	case KW_ATTEST_TOKEN:
		return kw_attestation_make(a->service, (const char *)a->data.data, &a->session,
					   &a->checks, err);
	case KW_ATTEST_EVIDENCE:
		return kw_service_raw_evidence(a->service, data, &a->evidence, &a->checks, err);
	case KW_ATTEST_REPORT:
		return kw_service_caller_report(a->service, data, &a->report, err);
	case KW_ATTEST_MAA:
		return kw_service_caller_token(a->service, a->endpoint, data, &a->token, err);
	case KW_ATTEST_COLLATERAL:
		return kw_service_collateral(a->service, false, &a->collateral, &a->checks, err);
	}
	return kw_fail(err, KW_E_SYS_INTERNAL, "an unknown kind of attestation");
}

bool kw_attesting_start(struct kw_request *request, enum kw_attesting_kind kind,
			struct kw_bytes data, const char *endpoint)
{
	struct kw_attesting *a = kw_alloc(sizeof(*a));

	a->work = (struct kw_work){ .run = run, .free = free_attesting };
	a->service = request->server->service;
	a->kind = kind;
	a->data = kw_blob_copy(data);
	a->endpoint = endpoint != NULL ? kw_strdup(endpoint) : NULL;
	return kw_work_start(request, request->server->errands, &a->work);
}

int kw_attesting_access(const struct kw_request *request, struct kw_error *err)
{
	if (kw_access_rate(request, "attest", err) < 0)
		return -1;
	if (request->caller.bad_token)
		return kw_fail(err, KW_E_SRV_TOKEN, "the bearer token is none of ours");
	if (!kw_caller_may_attest(request))
		return kw_fail(err, KW_E_SRV_ATTEST, "the caller may not attest");
	return 0;
}

int kw_attesting_check_data(const struct kw_request *request, struct kw_bytes data,
			    struct kw_error *err)
{
	if (!request->server->config->server.attest.caller_keys
	    && kw_runtime_data_may_carry_keys(data))
		return kw_fail(err, KW_E_SRV_CALLER_KEYS,
			       "the data may carry 'keys', and server.attest.callerKeys is false");
	return 0;
}
