/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward collateral`: fetched and judged; where the node's report can be read, held against it
 * too. */
#include "service/internal.h"

static void not_held_against_report(struct kw_checks *checks, const char *why)
{
	kw_checks_not_possible(checks, "report of this machine", KW_E_SNP_NO_SOURCE,
			       "chip id and TCB as in the VCEK", why);
}

/* The evidence of this machine, or NULL with the reason among the checks. */
static struct kw_evidence *evidence_if_there(struct kw_service *service, struct kw_checks *checks)
{
	struct kw_evidence *evidence = NULL;
	struct kw_error err = { 0 };

	if (kw_service_gather(service, &evidence, &err) < 0)
		not_held_against_report(checks, err.detail);
	return evidence;
}

static int fetch(struct kw_service *service, const struct kw_evidence *evidence, bool fresh,
		 struct kw_collateral **ret, struct kw_error *err)
{
	if (evidence == NULL)
		return kw_collateral_get(service->collateral, NULL, fresh, ret, err);
	return kw_service_collateral_for(service, &evidence->snp,
					 kw_blob_bytes(&evidence->device_table), fresh, ret, err);
}

int kw_service_collateral(struct kw_service *service, bool fresh, struct kw_collateral **ret,
			  struct kw_checks *checks, struct kw_error *err)
{
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *evidence = NULL;
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;

	evidence = evidence_if_there(service, checks);
	if (fetch(service, evidence, fresh, &collateral, err) < 0)
		return -1;
	if (evidence != NULL)
		kw_judge_evidence(service, evidence, collateral, checks);
	else
		kw_collateral_judge(collateral, service->amd_roots,
				    kw_wall_s(service->options.clock), checks);
	if (kw_checks_result(checks, 0, err) < 0)
		return kw_wrap(err, "verifying the collateral from %s", collateral->source);
	*ret = KW_STEAL(collateral);
	return 0;
}
