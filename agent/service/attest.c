/* SPDX-License-Identifier: Apache-2.0 */
#include "service/attest.h"

#include "service/internal.h"
#include "service/raw_evidence.h"
#include "util/json.h"
#include "util/memory.h"

void kw_caller_report_clear(struct kw_caller_report *report)
{
	kw_blob_clear(&report->report);
	kw_blob_clear(&report->uvm);
	kw_collateral_freep(&report->collateral);
}

bool kw_error_is_no_source(const struct kw_error *err)
{
	return kw_error_is(err, KW_E_SNP_CALLER_DATA) || kw_error_is(err, KW_E_SNP_NO_SOURCE)
	       || kw_error_is(err, KW_E_SNP_UNSUPPORTED);
}

static int judge(struct kw_service *service, const struct kw_snp_report *snp,
		 const struct kw_collateral *collateral, struct kw_bytes report_data,
		 struct kw_error *err)
{
	const struct kw_config *config = service->config;
	const struct kw_signed_report report = kw_signed_report_of(snp);
	const struct kw_snp_rules rules = { .allow_debug = config->evidence.allow_debug };
	struct kw_checks checks = { 0 };

	kw_collateral_judge(collateral, service->amd_roots, kw_wall_s(service->options.clock),
			    &checks);
	kw_collateral_judge_report(collateral, &report, config->evidence.allow_masked_chip,
				   &checks);
	kw_snp_report_judge(snp, &rules, &checks);
	kw_checks_same_bytes(&checks, "report data", KW_E_SNP_FRESHNESS, report_data.data,
			     snp->report_data, report_data.len);
	return kw_required_checks(config, &checks, err);
}

int kw_service_caller_report(struct kw_service *service, struct kw_bytes runtime,
			     struct kw_caller_report *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_caller_report_clear) struct kw_caller_report r = { 0 };
	uint8_t report_data[KW_HCL_USER_DATA_SIZE];
	KW_CLEANUP(kw_snp_taken_clear) struct kw_snp_taken taken = { 0 };
	struct kw_snp_report snp = { 0 };

	kw_raw_report_data(runtime, report_data);
	if (kw_service_report(service, report_data, &taken, err) < 0)
		return kw_wrap(err, "evidence");
	r.report = kw_blob_steal(&taken.report);
	if (kw_snp_report_parse(kw_blob_bytes(&r.report), &snp, err) < 0)
		return kw_wrap(err, "evidence");
	if (kw_service_collateral_for(service, &snp, kw_blob_bytes(&taken.table), false,
				      &r.collateral, err)
	    < 0)
		return kw_wrap(err, "collateral for the report");
	if (judge(service, &snp, r.collateral, KW_BYTES(report_data), err) < 0)
		return kw_wrap(err, "verifying this machine's evidence");
	ret->report = kw_blob_steal(&r.report);
	ret->collateral = KW_STEAL(r.collateral);
	ret->uvm = kw_reference_info();
	return 0;
}

/* Evidence without a wrapping key: the token is for the caller's own use. */
static int evidence_of(struct kw_caller_report *report, struct kw_bytes runtime,
		       struct kw_evidence **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *e = kw_alloc(sizeof(*e));

	e->kind = KW_EVIDENCE_SNP;
	e->runtime = kw_blob_copy(runtime);
	e->snp_report = kw_blob_steal(&report->report);
	if (kw_snp_report_parse(kw_blob_bytes(&e->snp_report), &e->snp, err) < 0)
		return -1;
	*ret = KW_STEAL(e);
	return 0;
}

static int check_json(struct kw_bytes runtime, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *json = NULL;

	if (kw_json_parse(runtime, KW_JSON_STRICT, KW_E_SRV_BODY, &json, err) < 0)
		return kw_wrap(err, "runtime data");
	return 0;
}

int kw_service_caller_token(struct kw_service *service, const char *endpoint,
			    struct kw_bytes runtime, struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_caller_report_clear) struct kw_caller_report report = { 0 };
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *evidence = NULL;
	struct kw_exchange x = { .endpoint = endpoint };
	struct kw_checks checks = { 0 };
	int64_t expiry_s = 0;

	if (check_json(runtime, err) < 0
	    || kw_service_caller_report(service, runtime, &report, err) < 0
	    || evidence_of(&report, runtime, &evidence, err) < 0)
		return -1;
	x.evidence = evidence;
	x.collateral = report.collateral;
	return kw_exchange(service, &x, &checks, ret, &expiry_s, err);
}
