/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence that has been verified here before anything leaves: gathered where the TPM
 * belongs, matched with collateral, judged as a whole.
 */
#include "collateral/context.h"
#include "service/internal.h"
#include "service/pause.h"
#include "util/log.h"

#include <string.h>

enum {
	SPREAD_FROM_MS = 1000, /* what a lone pod's transaction stays below */
	SPREAD_FACTOR = 3,
	SPREAD_MAX_MS = 40 * 1000,
	SPREAD_SHARE = 3, /* of the time that is left before the end */
	SPREAD_SLICE_MS = 100,
};

struct gathering { /* travels to the thread that owns the TPM and back */
	struct kw_service *service;
	struct kw_evidence **ret;
	struct kw_error *err;
	int result;
};

/* Probing opens the device too, so the choice is made here, once, and only by the TPM's thread. */
int kw_service_provider(struct kw_service *service, const struct kw_provider **ret,
			struct kw_error *err)
{
	struct kw_checks why = { 0 };
	char tried[sizeof(err->detail)];

	if (service->provider == NULL) {
		if (kw_provider_choose(service->config, &service->provider, &why, err) < 0)
			return -1;
		kw_provider_tried(&why, tried, sizeof(tried));
		kw_log(KW_LOG_INFO, "evidence", NULL, "provider %s (%s)", service->provider->name,
		       tried);
	}
	*ret = service->provider;
	return 0;
}

/* HOST_DATA is for the relying party to decide on: a policy file that is not this guest's is said
 * and nothing more (SNP evidence 8.3). */
static void compare_policy(const struct kw_evidence *evidence)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob policy = { 0 };
	struct kw_error err = { 0 };
	uint8_t digest[KW_SNP_HOST_DATA_SIZE];

	if (kw_context_read(KW_CONTEXT_SECURITY_POLICY, &policy, &err) < 0) {
		if (!kw_error_is(&err, KW_E_COL_NONE))
			kw_log_error(KW_LOG_WARNING, "evidence", NULL, &err);
		return;
	}
	kw_digest(KW_SHA256, kw_blob_bytes(&policy), digest);
	if (memcmp(digest, evidence->snp.host_data, sizeof(digest)) == 0)
		return;
	kw_fail(&err, KW_E_SNP_HOST_DATA,
		"the security policy of the container group is not the one in HOST_DATA");
	kw_log_error(KW_LOG_ERROR, "evidence", NULL, &err);
}

static int gather(struct gathering *g)
{
	struct kw_service *service = g->service;
	const struct kw_provider *provider = NULL;

	if (kw_service_provider(service, &provider, g->err) < 0
	    || provider->gather(service->config, service->options.random, g->ret, g->err) < 0)
		return -1;
	if ((*g->ret)->kind == KW_EVIDENCE_SNP)
		compare_policy(*g->ret);
	return 0;
}

bool kw_tpm_connection_broke(struct kw_error *err)
{
	if (!kw_error_is(err, KW_E_TPM_GONE))
		return false;
	*err = (struct kw_error){ 0 };
	return true;
}

static void gather_there(void *arg)
{
	struct gathering *g = arg;

	g->result = gather(g);
	if (g->result < 0 && kw_tpm_connection_broke(g->err))
		g->result = gather(g);
	if (g->result < 0 && kw_error_is(g->err, KW_E_SNP_DEVICE))
		g->service->provider = NULL; /* the device is gone: choose again the next time */
}

struct waiting { /* for the TPM's worker */
	struct kw_service *service;
	void (*transaction)(void *arg);
	void *arg;
	int64_t since_ms;
};

static void run_counted(void *arg)
{
	const struct waiting *w = arg;
	const struct kw_service_options *options = &w->service->options;

	if (options->counters != NULL)
		kw_histogram_add(&options->counters->tpm_waits,
				 kw_boot_ms(options->clock) - w->since_ms);
	w->transaction(w->arg);
}

void kw_service_on_tpm(struct kw_service *service, void (*transaction)(void *arg), void *arg)
{
	struct waiting w = { service, transaction, arg, kw_boot_ms(service->options.clock) };

	if (service->options.tpm_run != NULL)
		service->options.tpm_run(service->options.tpm_ctx, run_counted, &w);
	else
		transaction(arg);
}

int kw_service_gather(struct kw_service *service, struct kw_evidence **ret, struct kw_error *err)
{
	struct gathering g = { service, ret, err, -1 };

	kw_service_on_tpm(service, gather_there, &g);
	return g.result;
}

struct reporting {
	struct kw_service *service;
	const uint8_t *report_data;
	struct kw_snp_taken *ret;
	struct kw_error *err;
	int result;
};

static void report_there(void *arg)
{
	struct reporting *r = arg;
	struct kw_service *service = r->service;
	const struct kw_provider *provider = NULL;

	r->result = kw_service_provider(service, &provider, r->err);
	if (r->result < 0)
		return;
	if (provider->report == NULL)
		r->result = kw_fail(r->err, KW_E_SNP_CALLER_DATA,
				    "provider %s: the report carries the runtime data of the vTPM",
				    provider->name);
	else
		r->result = provider->report(service->config, service->options.random,
					     r->report_data, r->ret, r->err);
}

int kw_service_report(struct kw_service *service, const uint8_t report_data[KW_HCL_USER_DATA_SIZE],
		      struct kw_snp_taken *ret, struct kw_error *err)
{
	struct reporting r = { service, report_data, ret, err, -1 };

	kw_service_on_tpm(service, report_there, &r);
	return r.result;
}

struct opening {
	struct kw_evidence *evidence;
	enum kw_rsa_scheme scheme;
	enum kw_hash oaep;
	struct kw_bytes wrapped;
	struct kw_secret *ret;
	struct kw_error *err;
	int result;
};

static int open_wrapped(struct opening *o)
{
	return o->evidence->provider->unwrap(o->evidence, o->scheme, o->oaep, o->wrapped, o->ret,
					     o->err);
}

static void open_there(void *arg)
{
	struct opening *o = arg;

	o->result = open_wrapped(o);
	if (o->result < 0 && kw_tpm_connection_broke(o->err))
		o->result = open_wrapped(o);
}

int kw_service_open_wrapped(struct kw_service *service, struct kw_evidence *evidence,
			    enum kw_rsa_scheme scheme, enum kw_hash oaep, struct kw_bytes wrapped,
			    struct kw_secret *ret, struct kw_error *err)
{
	struct opening o = { evidence, scheme, oaep, wrapped, ret, err, -1 };

	kw_service_on_tpm(service, open_there, &o);
	return o.result;
}

struct kw_signed_report kw_signed_report_of(const struct kw_snp_report *snp)
{
	struct kw_signed_report r = {
		.signed_part = snp->signed_part,
		.signature = snp->signature,
		.version = snp->version,
		.signature_algo = snp->signature_algo,
		.signing_key = snp->signing_key,
		.chip_masked = snp->chip_masked,
		.family = snp->cpuid_family,
		.model = snp->cpuid_model,
	};

	memcpy(r.reported_tcb, snp->reported_tcb, sizeof(r.reported_tcb));
	memcpy(r.chip_id, snp->chip_id, sizeof(r.chip_id));
	return r;
}

void kw_judge_evidence(struct kw_service *service, const struct kw_evidence *evidence,
		       const struct kw_collateral *collateral, struct kw_checks *checks)
{
	const struct kw_config *config = service->config;
	int64_t now_s = kw_wall_s(service->options.clock);
	struct kw_signed_report report = kw_signed_report_of(&evidence->snp);

	kw_collateral_judge(collateral, service->amd_roots, now_s, checks);
	kw_collateral_judge_report(collateral, &report, config->evidence.allow_masked_chip, checks);
	kw_evidence_judge(evidence, config, now_s, checks);
}

/* Rows that may stay "not possible" without stopping a release. */
static bool may_be_not_possible(const struct kw_config *config, enum kw_error_name error)
{
	if (error == KW_E_TPM_LOG_REPLAY || error == KW_E_TPM_LOG_FORM
	    || error == KW_E_TPM_LOG_MISSING)
		return !config->evidence.require_event_log;
	if (error == KW_E_COL_CHIP_ID)
		return true; /* a VLEK names none; whether it may be hidden has its own row */
	if (error == KW_E_COL_CRL)
		return config->collateral.crl != KW_CRL_REQUIRED;
	return error == KW_E_COL_TCBM; /* the certificate itself is compared with the report */
}

int kw_required_checks(const struct kw_config *config, const struct kw_checks *checks,
		       struct kw_error *err)
{
	if (kw_checks_result(checks, 0, err) < 0)
		return -1;
	for (size_t i = 0; i < checks->n_rows; i++) {
		const struct kw_check *row = &checks->rows[i];

		if (row->verdict == KW_VERDICT_NOT_POSSIBLE
		    && !may_be_not_possible(config, row->error))
			return kw_fail(err, row->error, "%s: not possible: %s", row->check,
				       row->found);
	}
	return 0;
}

/* Versions before 3 do not name their processor. */
static enum kw_product product_of(const struct kw_snp_report *snp)
{
	return snp->version < KW_SNP_CPUID_SINCE
		       ? KW_PRODUCT_UNKNOWN
		       : kw_product_from_cpuid(snp->cpuid_family, snp->cpuid_model);
}

int kw_service_collateral_for(struct kw_service *service, const struct kw_snp_report *snp,
			      struct kw_bytes device_table, bool fresh, struct kw_collateral **ret,
			      struct kw_error *err)
{
	struct kw_collateral_wanted wanted = {
		.chip_masked = snp->chip_masked,
		.vlek = snp->signing_key == KW_SNP_VLEK,
		.device_table = device_table,
		.product = product_of(snp),
	};

	memcpy(wanted.chip_id, snp->chip_id, sizeof(wanted.chip_id));
	memcpy(wanted.reported_tcb, snp->reported_tcb, sizeof(wanted.reported_tcb));
	return kw_collateral_get(service->collateral, &wanted, fresh, ret, err);
}

/*
 * The TPM is the one thing for which all pods of a node stand in line, so how long it took tells
 * how many of them are starting. What follows asks IMDS, which bears five calls a second from all
 * of them together: each waits for a random share of a time that grows with their number. A lone
 * pod, whose transaction takes a fraction of a second, does not wait at all.
 */
static void spread(struct kw_service *service, int64_t took_ms)
{
	int64_t now_ms = kw_boot_ms(service->options.clock), end_ms = service->options.end_by_ms;
	int64_t most_ms = took_ms < SPREAD_FROM_MS ? 0 : SPREAD_FACTOR * took_ms;

	if (!service->options.one_of_many)
		return;
	if (most_ms > SPREAD_MAX_MS)
		most_ms = SPREAD_MAX_MS;
	if (end_ms > 0 && most_ms > (end_ms - now_ms) / SPREAD_SHARE)
		most_ms = (end_ms - now_ms) / SPREAD_SHARE;
	int64_t until_ms = now_ms + kw_share_ms(service->options.random, most_ms);
	while (kw_boot_ms(service->options.clock) < until_ms
	       && kw_http_pause(service->http, SPREAD_SLICE_MS))
		;
}

static int gather_with_collateral(struct kw_service *service, struct kw_evidence **ret,
				  struct kw_collateral **ret_collateral, struct kw_error *err)
{
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *evidence = NULL;
	int64_t begun_ms = kw_boot_ms(service->options.clock);

	if (kw_service_gather(service, &evidence, err) < 0) {
		(void)kw_wrap(err, "evidence");
		return -1;
	}
	spread(service, kw_boot_ms(service->options.clock) - begun_ms);
	if (kw_service_collateral_for(service, &evidence->snp,
				      kw_blob_bytes(&evidence->device_table), false, ret_collateral,
				      err)
	    < 0) {
		(void)kw_wrap(err, "collateral for the report");
		return -1;
	}
	*ret = KW_STEAL(evidence);
	return 0;
}

static bool mismatch(const struct kw_error *err)
{
	return kw_error_is(err, KW_E_COL_TCB) || kw_error_is(err, KW_E_COL_CHIP_ID);
}

/* Collateral that does not fit is refused before it is judged; its check shows all the same. */
static void note_refusal(const struct kw_error *err, struct kw_checks *checks)
{
	static const struct {
		enum kw_error_name error;
		const char *check, *expected;
	} rows[] = {
		{ KW_E_COL_CERTIFICATE, "leaf extensions", "those of a VCEK or VLEK" },
		{ KW_E_COL_TCBM, "tcbm", "the TCB of the leaf" },
		{ KW_E_COL_CHIP_ID, "chip id", "that of the leaf" },
		{ KW_E_COL_TCB, "reported TCB", "the TCB of the leaf" },
		{ KW_E_SNP_SIGNING_KEY, "signing key", "the key of the leaf" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (kw_error_is(err, rows[i].error))
			kw_checks_judge(checks, rows[i].check, rows[i].error, false,
					rows[i].expected, err->detail);
}

static int judge(struct kw_service *service, const struct kw_evidence *evidence,
		 const struct kw_collateral *collateral, struct kw_checks *checks,
		 struct kw_error *err)
{
	checks->n_rows = 0;
	*err = (struct kw_error){ 0 };
	kw_judge_evidence(service, evidence, collateral, checks);
	return kw_required_checks(service->config, checks, err);
}

/* Collateral is cached before it is judged: one bad answer must not stay for a day. */
static int judge_twice(struct kw_service *service, const struct kw_evidence *evidence,
		       struct kw_collateral **collateral, struct kw_checks *checks,
		       struct kw_error *err)
{
	struct kw_collateral *fresh = NULL;
	struct kw_error ignored = { 0 };

	if (judge(service, evidence, *collateral, checks, err) == 0)
		return 0;
	if (strcmp(err->def->stage, "COL") != 0 && !kw_error_is(err, KW_E_SNP_SIGNATURE))
		return -1;
	if (kw_service_collateral_for(service, &evidence->snp,
				      kw_blob_bytes(&evidence->device_table), true, &fresh,
				      &ignored)
	    < 0)
		return -1;
	kw_collateral_free(*collateral);
	*collateral = fresh;
	return judge(service, evidence, *collateral, checks, err);
}

int kw_verified_evidence(struct kw_service *service, struct kw_evidence **ret,
			 struct kw_collateral **ret_collateral, struct kw_checks *checks,
			 struct kw_error *err)
{
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *evidence = NULL;
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	int r = gather_with_collateral(service, &evidence, &collateral, err);

	if (r < 0 && mismatch(err)) {
		/* The host may have committed new firmware between report and collateral: once more
		 * with a second report (key release 1.2, point 2). */
		*err = (struct kw_error){ 0 };
		r = gather_with_collateral(service, &evidence, &collateral, err);
	}
	if (r < 0) {
		note_refusal(err, checks);
		return -1;
	}
	if (judge_twice(service, evidence, &collateral, checks, err) < 0)
		return kw_wrap(err, "verifying this machine's evidence");
	*ret = KW_STEAL(evidence);
	*ret_collateral = KW_STEAL(collateral);
	return 0;
}
