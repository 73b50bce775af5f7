/* SPDX-License-Identifier: Apache-2.0 */
#include "service/raw_evidence.h"

#include "service/internal.h"
#include "util/base64.h"

#include <string.h>

enum { VTPM_FORMAT_VERSION = 2, SNP_FORMAT_VERSION = 1 };

struct reading { /* travels to the thread that owns the TPM and back */
	struct kw_service *service;
	uint8_t report_data[KW_HCL_USER_DATA_SIZE];
	bool as_it_stands; /* where a report stands: in a vTPM */
	struct kw_raw_evidence *ret;
	struct kw_error *err;
	int result;
};

static int read_once(const struct reading *r)
{
	const struct kw_config *config = r->service->config;
	const struct kw_provider *provider = NULL;

	if (kw_service_provider(r->service, &provider, r->err) < 0)
		return -1;
	return r->as_it_stands && !provider->report
		       ? kw_raw_report_read(config, r->ret, r->err)
		       : kw_raw_evidence_from(provider, config, r->service->options.random,
					      r->report_data, r->ret, r->err);
}

static void read_there(void *arg)
{
	struct reading *r = arg;

	r->result = read_once(r);
	if (r->result < 0 && kw_tpm_connection_broke(r->err))
		r->result = read_once(r);
}

static int read_evidence(struct kw_service *service, struct kw_bytes nonce, bool as_it_stands,
			 struct kw_raw_evidence *ret, struct kw_error *err)
{
	struct reading r = {
		.service = service, .as_it_stands = as_it_stands, .ret = ret, .err = err
	};

	kw_raw_report_data(nonce, r.report_data);
	kw_service_on_tpm(service, read_there, &r);
	return r.result;
}

int kw_service_raw_report(struct kw_service *service, struct kw_bytes nonce,
			  struct kw_raw_evidence *ret, struct kw_error *err)
{
	return read_evidence(service, nonce, true, ret, err);
}

void kw_raw_report_data(struct kw_bytes nonce, uint8_t ret[KW_HCL_USER_DATA_SIZE])
{
	memset(ret, 0, KW_HCL_USER_DATA_SIZE);
	kw_digest(KW_SHA256, nonce, ret);
}

static void judge_vtpm(const struct kw_raw_evidence *e, struct kw_bytes report_data,
		       struct kw_checks *checks)
{
	kw_hcl_report_judge(&e->report, checks);
	kw_quote_judge(kw_blob_bytes(&e->quote), kw_blob_bytes(&e->quote_signature), e->report.ak,
		       report_data, &e->pcrs, 1, checks);
}

static void judge(struct kw_service *service, const struct kw_raw_evidence *e,
		  const struct kw_collateral *collateral, struct kw_bytes report_data,
		  struct kw_checks *checks)
{
	const struct kw_config *config = service->config;
	const struct kw_signed_report report = kw_signed_report_of(&e->snp);
	const struct kw_snp_rules rules = { .allow_debug = config->evidence.allow_debug };

	kw_collateral_judge(collateral, service->amd_roots, kw_wall_s(service->options.clock),
			    checks);
	kw_collateral_judge_report(collateral, &report, config->evidence.allow_masked_chip, checks);
	kw_snp_report_judge(&e->snp, &rules, checks);
	if (e->hcl.len > 0)
		judge_vtpm(e, report_data, checks);
	else
		kw_checks_same_bytes(checks, "runtime claims hash", KW_E_SNP_REPORT_DATA,
				     report_data.data, e->snp.report_data,
				     sizeof(e->snp.report_data));
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

static void add_vtpm(struct kw_json *json, const struct kw_raw_evidence *e)
{
	struct kw_json *quote, *pcrs;

	kw_json_add_int(json, "version", VTPM_FORMAT_VERSION);
	quote = kw_json_add_object(json, "tpm_quote");
	add_hex(quote, "signature", kw_blob_bytes(&e->quote_signature));
	add_hex(quote, "message", kw_blob_bytes(&e->quote));
	pcrs = kw_json_add_array(quote, "pcrs");
	for (unsigned i = 0; i < KW_TPM_PCRS; i++)
		add_hex(pcrs, NULL, (struct kw_bytes){ e->pcrs.value[i], KW_SHA256_SIZE });
	add_base64url(json, "hcl_report", kw_blob_bytes(&e->hcl));
}

static struct kw_json *raw_json(const struct kw_raw_evidence *e,
				const struct kw_collateral *collateral)
{
	struct kw_json *json = kw_json_new_object();

	if (e->hcl.len > 0) {
		add_vtpm(json, e);
	} else {
		kw_json_add_int(json, "version", SNP_FORMAT_VERSION);
		add_base64url(json, "snp_report", kw_blob_bytes(&e->snp_report));
		add_base64url(json, "chain", kw_bytes_text(collateral->chain_pem));
	}
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
	if (read_evidence(service, nonce, false, &evidence, err) < 0)
		return kw_wrap(err, "evidence");
	if (kw_service_collateral_for(service, &evidence.snp, kw_blob_bytes(&evidence.device_table),
				      false, &collateral, err)
	    < 0)
		return kw_wrap(err, "collateral for the report");
	judge(service, &evidence, collateral, KW_BYTES(report_data), checks);
	if (kw_required_checks(service->config, checks, err) < 0)
		return kw_wrap(err, "verifying this machine's evidence");
	*ret = raw_json(&evidence, collateral);
	return 0;
}
