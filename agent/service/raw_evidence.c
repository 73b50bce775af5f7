/* SPDX-License-Identifier: Apache-2.0 */
#include "service/raw_evidence.h"

#include "service/internal.h"
#include "util/base64.h"

#include <string.h>

enum { FORMAT_VERSION = 2 };

struct reading { /* travels to the thread that owns the TPM and back */
	const struct kw_config *config;
	const uint8_t *report_data; /* NULL: the report as it stands */
	struct kw_raw_evidence *ret;
	struct kw_error *err;
	int result;
};

static int read_once(const struct reading *r)
{
	return r->report_data != NULL
		       ? kw_raw_evidence_gather(r->config, r->report_data, r->ret, r->err)
		       : kw_raw_report_read(r->config, r->ret, r->err);
}

static void read_there(void *arg)
{
	struct reading *r = arg;

	r->result = read_once(r);
	if (r->result < 0 && kw_tpm_connection_broke(r->err))
		r->result = read_once(r);
}

static int read_evidence(struct kw_service *service, const uint8_t *report_data,
			 struct kw_raw_evidence *ret, struct kw_error *err)
{
	struct reading r = { service->config, report_data, ret, err, -1 };

	kw_service_on_tpm(service, read_there, &r);
	return r.result;
}

int kw_service_raw_report(struct kw_service *service, struct kw_raw_evidence *ret,
			  struct kw_error *err)
{
	return read_evidence(service, NULL, ret, err);
}

void kw_raw_report_data(struct kw_bytes nonce, uint8_t ret[KW_HCL_USER_DATA_SIZE])
{
	memset(ret, 0, KW_HCL_USER_DATA_SIZE);
	kw_digest(KW_SHA256, nonce, ret);
}

static void judge(struct kw_service *service, const struct kw_raw_evidence *e,
		  const struct kw_collateral *collateral, struct kw_bytes report_data,
		  struct kw_checks *checks)
{
	const struct kw_config *config = service->config;
	const struct kw_signed_report report = kw_signed_report_of(&e->report.snp);
	const struct kw_snp_rules rules = { .allow_debug = config->evidence.allow_debug };

	kw_collateral_judge(collateral, service->amd_roots, kw_wall_s(service->options.clock),
			    checks);
	kw_collateral_judge_report(collateral, &report, config->evidence.allow_masked_chip, checks);
	kw_hcl_report_judge(&e->report, checks);
	kw_snp_report_judge(&e->report.snp, &rules, checks);
	kw_quote_judge(kw_blob_bytes(&e->quote), kw_blob_bytes(&e->quote_signature), e->report.ak,
		       report_data, &e->pcrs, 1, checks);
}

static void add_hex(struct kw_json *to, const char *name, struct kw_bytes bytes)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob hex = kw_blob_new(2 * bytes.len);

	kw_hex_encode(bytes, (char *)hex.data);
	kw_json_add_string(to, name, (const char *)hex.data);
}

static void add_base64url(struct kw_json *to, const char *name, struct kw_bytes bytes)
{
	KW_CLEANUP(freep) char *text = kw_base64_encode(KW_BASE64URL_PADDED, bytes);

	kw_json_add_string(to, name, text);
}

static struct kw_json *raw_json(const struct kw_raw_evidence *e,
				const struct kw_collateral *collateral)
{
	struct kw_json *json = kw_json_new_object(), *quote, *pcrs;

	kw_json_add_int(json, "version", FORMAT_VERSION);
	quote = kw_json_add_object(json, "tpm_quote");
	add_hex(quote, "signature", kw_blob_bytes(&e->quote_signature));
	add_hex(quote, "message", kw_blob_bytes(&e->quote));
	pcrs = kw_json_add_array(quote, "pcrs");
	for (unsigned i = 0; i < KW_TPM_PCRS; i++)
		add_hex(pcrs, NULL, (struct kw_bytes){ e->pcrs.value[i], KW_SHA256_SIZE });
	add_base64url(json, "hcl_report", kw_blob_bytes(&e->hcl));
	add_base64url(json, "vcek", kw_blob_bytes(&collateral->vcek));
	return json;
}

int kw_service_raw_evidence(struct kw_service *service, struct kw_bytes nonce, struct kw_json **ret,
			    struct kw_checks *checks, struct kw_error *err)
{
	KW_CLEANUP(kw_raw_evidence_clear) struct kw_raw_evidence evidence = { 0 };
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	uint8_t report_data[KW_HCL_USER_DATA_SIZE];

	kw_raw_report_data(nonce, report_data);
	if (read_evidence(service, report_data, &evidence, err) < 0)
		return kw_wrap(err, "evidence");
	if (kw_service_collateral_for(service, &evidence.report.snp, (struct kw_bytes){ 0 }, false,
				      &collateral, err)
	    < 0)
		return kw_wrap(err, "collateral for the report");
	judge(service, &evidence, collateral, KW_BYTES(report_data), checks);
	if (kw_required_checks(service->config, checks, err) < 0)
		return kw_wrap(err, "verifying this machine's evidence");
	*ret = raw_json(&evidence, collateral);
	return 0;
}
