/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of collateral/: THIM answers, SNP reports with their leaf and chain, AMD chains. */
#include "vectors/collateral.h"

#include "evidence/hcl_report.h"
#include "util/base64.h"
#include "util/text.h"
#include "vectors/evidence.h"
#include "vectors/item.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { HEX_SIZE = 2 * KW_CHIP_ID_SIZE + 1, MEMBERS_MAX = 16 };
/* A masked chip id is nothing wrong in this set: there is only nothing to compare it with. */
#define ALLOW_MASKED true

const char *vec_collateral_reason(const struct kw_error *err)
{
	static const struct {
		enum kw_error_name error;
		const char *reason;
	} reasons[] = {
		{ KW_E_COL_ANSWER, "bad-thim" },
		{ KW_E_COL_ROOT, "chain-invalid" },
		{ KW_E_COL_CHAIN, "chain-invalid" },
		{ KW_E_COL_CERTIFICATE, "chain-invalid" },
		{ KW_E_COL_EXPIRED, "certificate-time" },
		{ KW_E_COL_CLOCK, "certificate-time" },
		{ KW_E_COL_PRODUCT, "product-mismatch" },
		{ KW_E_COL_TCBM, "tcbm-mismatch" },
		{ KW_E_COL_CHIP_ID, "chip-id-mismatch" },
		{ KW_E_COL_TCB, "tcb-mismatch" },
		{ KW_E_SNP_LENGTH, "bad-length" },
		{ KW_E_SNP_VERSION, "unsupported-report-version" },
		{ KW_E_SNP_SIGNATURE_FORM, "malformed-signature" },
		{ KW_E_SNP_SIGNATURE, "bad-report-signature" },
		{ KW_E_SNP_PRODUCT, "unknown-product" },
		{ KW_E_SNP_DEBUG, "debug-allowed" },
		{ KW_E_SNP_VMPL, "vmpl-unexpected" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (kw_error_is(err, reasons[i].error))
			return reasons[i].reason;
	return err->def->id;
}

const char *vec_checks_reason(const struct kw_checks *checks)
{
	struct kw_error err = { 0 };

	return kw_checks_result(checks, 0, &err) < 0 ? vec_collateral_reason(&err) : NULL;
}

/* All rows of the chain, that of `tcbm` apart. */
static bool chain_ok(const struct kw_checks *checks)
{
	for (size_t i = 0; i < checks->n_rows; i++)
		if (checks->rows[i].verdict == KW_VERDICT_FAILED
		    && checks->rows[i].error != KW_E_COL_TCBM)
			return false;
	return true;
}

static void add_spl(struct kw_json *tcb, const char *name, bool there, uint8_t spl)
{
	if (there)
		kw_json_add_int(tcb, name, spl);
	else
		kw_json_add_null(tcb, name);
}

void vec_leaf_facts(struct vec_item *item, const struct kw_amd_leaf *leaf)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *facts = kw_json_new_object();
	struct kw_json *tcb = kw_json_add_object(facts, "tcb");
	char hwid[HEX_SIZE];

	kw_hex_encode((struct kw_bytes){ leaf->hwid, leaf->hwid_size }, hwid);
	kw_json_add_string(facts, "product", leaf->product_name[0] ? leaf->product_name : NULL);
	kw_json_add_string(facts, "hwid", leaf->has_hwid ? hwid : NULL);
	kw_json_add_string(facts, "csp_id", leaf->has_csp_id ? leaf->csp_id : NULL);
	add_spl(tcb, "bootloader", leaf->has_tcb, leaf->tcb.bootloader);
	add_spl(tcb, "tee", leaf->has_tcb, leaf->tcb.tee);
	add_spl(tcb, "snp", leaf->has_tcb, leaf->tcb.snp);
	add_spl(tcb, "microcode", leaf->has_tcb, leaf->tcb.microcode);
	if (leaf->has_fmc)
		kw_json_add_int(tcb, "fmc", leaf->tcb.fmc);
	vec_fact_json(item, "leaf", facts);
}

struct kw_amd_roots *vec_amd_roots(void)
{
	struct kw_amd_roots *roots = NULL;
	struct kw_error err = { 0 };

	if (kw_amd_roots_load("builtin", &roots, &err) < 0)
		fail_msg("%s", err.detail);
	return roots;
}

static void judge_chain(struct vec_item *item, const struct kw_collateral *collateral,
			struct kw_checks *checks)
{
	KW_CLEANUP(kw_amd_roots_freep) struct kw_amd_roots *roots = vec_amd_roots();

	kw_collateral_judge(collateral, roots, vec_time(item), checks);
}

static struct kw_signed_report signed_report(const struct kw_snp_report *report)
{
	struct kw_signed_report r = {
		.signed_part = report->signed_part,
		.signature = report->signature,
		.version = report->version,
		.signature_algo = report->signature_algo,
		.signing_key = report->signing_key,
		.chip_masked = report->chip_masked,
		.family = report->cpuid_family,
		.model = report->cpuid_model,
	};

	memcpy(r.reported_tcb, report->reported_tcb, sizeof(r.reported_tcb));
	memcpy(r.chip_id, report->chip_id, sizeof(r.chip_id));
	return r;
}

/* --- SNP reports */

static enum kw_product product_of(const struct kw_snp_report *report)
{
	enum kw_product product = kw_product_from_cpuid(report->cpuid_family, report->cpuid_model);

	return report->version >= 3 ? product : KW_MILAN;
}

const char *vec_collateral_facts(struct vec_item *item, const struct kw_snp_report *report,
				 enum kw_product *ret_product)
{
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	KW_CLEANUP(kw_blob_clear) struct kw_blob leaf = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob roots = { 0 };
	const struct kw_signed_report as_signed = signed_report(report);
	struct kw_checks chain = { 0 }, against = { 0 };
	struct kw_error err = { 0 };
	const char *reason;

	*ret_product = product_of(report);
	if (!vec_has(item, "leaf"))
		return NULL;
	leaf = vec_file(item, "leaf");
	roots = vec_file(item, "roots");
	if (kw_collateral_from_certificates(kw_blob_bytes(&leaf), kw_blob_bytes(&roots),
					    vec_id(item), &collateral, &err)
	    < 0)
		return vec_collateral_reason(&err);
	if (collateral->leaf.product != KW_PRODUCT_UNKNOWN)
		*ret_product = collateral->leaf.product;
	judge_chain(item, collateral, &chain);
	kw_collateral_judge_report(collateral, &as_signed, ALLOW_MASKED, &against);
	vec_leaf_facts(item, &collateral->leaf);
	vec_fact_bool(item, "chain_ok", chain_ok(&chain));
	vec_fact_bool(item, "signature_ok", vec_row_ok(&against, "report signature"));
	vec_fact_bool(item, "chip_id_matches", vec_row_ok(&against, "chip id"));
	vec_fact_bool(item, "tcb_matches", vec_row_ok(&against, "reported TCB"));
	reason = vec_checks_reason(&chain);
	return reason ? reason : vec_checks_reason(&against);
}

/* REPORT_DATA is the digest of the role `runtime` and zeros. */
static const char *judge_runtime(struct vec_item *item, const struct kw_snp_report *report)
{
	uint8_t expected[KW_SNP_REPORT_DATA_SIZE] = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob runtime = { 0 };
	bool equal;

	if (!vec_has(item, "runtime"))
		return NULL;
	runtime = vec_file(item, "runtime");
	kw_digest(KW_SHA256, kw_blob_bytes(&runtime), expected);
	equal = memcmp(expected, report->report_data, sizeof(expected)) == 0;
	vec_fact_bool(item, "sha256_runtime_equals_report_data", equal);
	return equal ? NULL : "binding-mismatch";
}

/* Standard base64, white space at the end left aside. */
static bool decode(const struct kw_blob *text, struct kw_blob *ret)
{
	struct kw_bytes trimmed = kw_blob_bytes(text);

	while (trimmed.len > 0 && strchr(" \t\r\n", trimmed.data[trimmed.len - 1]))
		trimmed.len--;
	return kw_base64_decode(KW_BASE64, trimmed, ret);
}

static const char *judge_policy(struct vec_item *item, const struct kw_snp_report *report)
{
	uint8_t expected[KW_SNP_HOST_DATA_SIZE];
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob policy = { 0 };
	bool equal;

	if (!vec_has(item, "cce_policy"))
		return NULL;
	text = vec_file(item, "cce_policy");
	assert_true(decode(&text, &policy));
	kw_digest(KW_SHA256, kw_blob_bytes(&policy), expected);
	equal = memcmp(expected, report->host_data, sizeof(expected)) == 0;
	vec_fact_bool(item, "sha256_cce_policy_equals_host_data", equal);
	return equal ? NULL : "host-data-mismatch";
}

/* A good item that a command's defaults refuse was requested at another VMPL than 0. */
static const char *judge_policy_fields(const struct vec_item *item,
				       const struct kw_snp_report *report)
{
	const char *verdict = kw_json_string(kw_json_get(item->json, "verify_verdict"));
	bool any_vmpl = kw_json_count(kw_json_get(item->json, "errors")) == 0 && verdict
			&& strcmp(verdict, "refused") == 0;
	const struct kw_snp_rules rules = { .vmpl = any_vmpl ? -1 : 0 };
	struct kw_checks checks = { 0 };

	kw_snp_report_judge(report, &rules, &checks);
	return vec_checks_reason(&checks);
}

void vec_snp_report(struct vec_item *item)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob file = vec_file(item, "report");
	const char *collateral, *fields, *runtime, *policy;
	struct kw_snp_report report;
	enum kw_product product = KW_MILAN;
	struct kw_error err = { 0 };

	vec_fact_int(item, "size", (int64_t)file.len);
	if (kw_snp_report_parse(kw_blob_bytes(&file), &report, &err) < 0) {
		vec_reason(item, vec_collateral_reason(&err));
		return;
	}
	collateral = vec_collateral_facts(item, &report, &product);
	vec_snp_report_facts(item, "report", &report, product);
	fields = judge_policy_fields(item, &report);
	runtime = judge_runtime(item, &report);
	policy = judge_policy(item, &report);
	vec_reason(item, collateral ? collateral : fields ? fields : runtime ? runtime : policy);
}

/* --- THIM */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void member_facts(struct vec_item *item, struct kw_bytes text)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *answer = NULL;
	KW_CLEANUP(kw_json_freep) struct kw_json *facts = kw_json_new_array();
	const char *names[MEMBERS_MAX];
	struct kw_error err = { 0 };
	size_t n = 0;

	assert_int_equal(kw_json_parse(text, KW_JSON_STRICT, KW_E_COL_ANSWER, &answer, &err), 0);
	for (const struct kw_json *m = kw_json_first(answer); m; m = kw_json_next(m)) {
		assert_true(n < MEMBERS_MAX);
		names[n++] = kw_json_name(m);
	}
	qsort(names, n, sizeof(names[0]), by_name);
	for (size_t i = 0; i < n; i++)
		kw_json_add_string(facts, NULL, names[i]);
	vec_fact_json(item, "members", facts);
}

static void subject_facts(struct vec_item *item, const struct kw_collateral *collateral)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *facts = kw_json_new_array();
	const struct kw_blob *chain[] = { &collateral->ask, &collateral->ark };

	for (size_t i = 0; i < sizeof(chain) / sizeof(chain[0]); i++) {
		KW_CLEANUP(kw_certificate_clear) struct kw_certificate certificate = { 0 };
		struct kw_error err = { 0 };

		if (kw_certificate_parse(kw_blob_bytes(chain[i]), false, KW_E_COL_CERTIFICATE,
					 &certificate, &err)
		    < 0)
			fail_msg("%s", err.detail);
		kw_json_add_string(facts, NULL, certificate.subject_cn);
	}
	vec_fact_json(item, "chain_subjects", facts);
}

static const char *judge_thim_report(struct vec_item *item, const struct kw_collateral *collateral)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob file = { 0 };
	struct kw_signed_report as_signed;
	struct kw_snp_report report;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	if (!vec_has(item, "report"))
		return NULL;
	file = vec_file(item, "report");
	if (kw_snp_report_parse(kw_blob_bytes(&file), &report, &err) < 0)
		return vec_collateral_reason(&err);
	as_signed = signed_report(&report);
	kw_collateral_judge_report(collateral, &as_signed, ALLOW_MASKED, &checks);
	vec_fact_bool(item, "report_signature_ok", vec_row_ok(&checks, "report signature"));
	return vec_checks_reason(&checks);
}

static void judge_thim(struct vec_item *item, struct kw_bytes text)
{
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };
	const char *chain, *report;
	char tcbm[17];

	if (kw_collateral_parse_thim(text, vec_id(item), &collateral, &err) < 0) {
		vec_reason(item, vec_collateral_reason(&err));
		return;
	}
	member_facts(item, text);
	subject_facts(item, collateral);
	judge_chain(item, collateral, &checks);
	snprintf(tcbm, sizeof(tcbm), "%016llx", (unsigned long long)collateral->tcbm);
	vec_leaf_facts(item, &collateral->leaf);
	vec_fact_str(item, "tcbm", tcbm);
	vec_fact_bool(item, "tcbm_matches_vcek", vec_row_ok(&checks, "tcbm"));
	vec_fact_bool(item, "chain_ok", chain_ok(&checks));
	report = judge_thim_report(item, collateral);
	chain = vec_checks_reason(&checks);
	vec_reason(item, chain ? chain : report);
}

void vec_thim(struct vec_item *item)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob file = vec_file(item, "thim");
	KW_CLEANUP(kw_blob_clear) struct kw_blob decoded = { 0 };
	bool base64 = false;

	if (vec_param(item, "base64"))
		assert_true(kw_json_bool(vec_param(item, "base64"), &base64));
	if (base64 && !decode(&file, &decoded))
		vec_reason(item, "bad-thim");
	else
		judge_thim(item, kw_blob_bytes(base64 ? &decoded : &file));
}
