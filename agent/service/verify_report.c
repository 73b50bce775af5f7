/* SPDX-License-Identifier: Apache-2.0 */
/* HCL reports, SNP reports and AMD collateral, held against AMD's roots. */
#include "service/internal.h"
#include "service/verify.h"
#include "util/base64.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { WORD_SIZE = 17, PEM_AHEAD = 4096 };

/* Facts. */

static void add_word(struct kw_json *facts, const char *name, uint64_t value)
{
	char text[WORD_SIZE];

	(void)snprintf(text, sizeof(text), "%016" PRIx64, value);
	kw_json_add_string(facts, name, text);
}

static void report_facts(struct kw_json *facts, const struct kw_snp_report *r)
{
	kw_json_add_int(facts, "version", r->version);
	kw_json_add_int(facts, "guest_svn", r->guest_svn);
	kw_json_add_int(facts, "vmpl", r->vmpl);
	add_word(facts, "policy", r->policy);
	add_word(facts, "platform_info", r->platform_info);
	kw_json_add_bool(facts, "debug_allowed", r->policy_debug);
	kw_json_add_bool(facts, "migration_agent_allowed", r->policy_migration_agent);
	kw_json_add_string(facts, "signing_key",
			   r->signing_key == KW_SNP_VCEK     ? "vcek"
			   : r->signing_key == KW_SNP_VLEK   ? "vlek"
			   : r->signing_key == KW_SNP_NO_KEY ? "none"
							     : "reserved");
	kw_json_add_bool(facts, "chip_masked", r->chip_masked);
	kw_verify_fact_hex(facts, "measurement", r->measurement, sizeof(r->measurement));
	kw_verify_fact_hex(facts, "report_data", r->report_data, sizeof(r->report_data));
	kw_verify_fact_hex(facts, "host_data", r->host_data, sizeof(r->host_data));
	kw_verify_fact_hex(facts, "reported_tcb", r->reported_tcb, sizeof(r->reported_tcb));
	kw_verify_fact_hex(facts, "chip_id", r->chip_id, sizeof(r->chip_id));
}

static void hcl_facts(struct kw_json *facts, const struct kw_hcl_report *report)
{
	KW_CLEANUP(freep) char *thumbprint = kw_public_key_thumbprint(report->ak);

	kw_json_add_string(facts, "vm_id", report->vm_id[0] ? report->vm_id : NULL);
	if (report->secure_boot >= 0)
		kw_json_add_bool(facts, "secure_boot", report->secure_boot);
	kw_json_add_string(facts, "runtime_hash", kw_hash_name(report->hash));
	kw_json_add_string(facts, "attestation_key", thumbprint);
	if (report->has_user_data)
		kw_verify_fact_hex(facts, "user_data", report->user_data,
				   sizeof(report->user_data));
	report_facts(kw_json_add_object(facts, "report"), &report->snp);
}

static void collateral_facts(struct kw_json *facts, const struct kw_collateral *collateral)
{
	const struct kw_amd_leaf *leaf = &collateral->leaf;

	if (collateral->vcek.len == 0)
		return;
	kw_json_add_string(facts, "product", leaf->product_name[0] ? leaf->product_name : NULL);
	if (leaf->has_hwid)
		kw_verify_fact_hex(facts, "hwid", leaf->hwid, leaf->hwid_size);
	kw_json_add_string(facts, "csp_id", leaf->has_csp_id ? leaf->csp_id : NULL);
	if (collateral->has_tcbm)
		kw_json_add_string(facts, "tcbm", collateral->tcbm_text);
}

/* Collateral. */

static int load_roots(const struct kw_verify_amd *amd, struct kw_amd_roots **ret,
		      struct kw_error *err)
{
	return amd->roots.data ? kw_amd_roots_parse(amd->roots, ret, err)
			       : kw_amd_roots_load("builtin", ret, err);
}

static void judge_chain(const struct kw_verify_amd *amd, struct kw_collateral *collateral,
			struct kw_verification *v)
{
	KW_CLEANUP(kw_amd_roots_freep) struct kw_amd_roots *roots = NULL;
	struct kw_error err = { 0 };

	if (amd->crl.data && kw_collateral_use_crl(collateral, amd->crl, &err) < 0)
		kw_verify_unreadable(v, "revocation list", "signed by the ARK", &err);
	if (load_roots(amd, &roots, &err) < 0)
		kw_verify_unreadable(v, "trusted roots", "certificates of AMD roots", &err);
	else
		kw_collateral_judge(collateral, roots, amd->now_s, &v->checks);
}

static struct kw_bytes issuers_of(const struct kw_verify_amd *amd)
{
	return amd->chain.data ? amd->chain : amd->roots;
}

/* NULL: there is none, or what is there cannot be read, which a row says. */
static struct kw_collateral *open_collateral(const struct kw_verify_amd *amd,
					     struct kw_verification *v)
{
	struct kw_collateral *collateral = NULL;
	struct kw_bytes issuers = issuers_of(amd);
	struct kw_error err = { 0 };
	int r;

	if (!amd->collateral.data && (!amd->vcek.data || !issuers.data)) {
		kw_checks_not_possible(&v->checks, "AMD chain", KW_E_COL_ROOT, "leaf, ASK, ARK",
				       amd->vcek.data ? "no chain is given" : "no VCEK is given");
		kw_checks_not_possible(&v->checks, "report signature", KW_E_SNP_SIGNATURE,
				       "verifies with the leaf's P-384 key",
				       "no certificates to verify it with");
		return NULL;
	}
	r = amd->collateral.data
		    ? kw_collateral_parse_thim(amd->collateral, "file", &collateral, &err)
		    : kw_collateral_from_certificates(amd->vcek, issuers, "file", &collateral,
						      &err);
	if (r < 0)
		kw_verify_unreadable(v, "collateral form", "VCEK or VLEK, ASK, ARK", &err);
	return collateral;
}

static void judge_report(const struct kw_verify_amd *amd, const struct kw_snp_report *report,
			 struct kw_verification *v)
{
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = open_collateral(amd, v);
	const struct kw_signed_report as_signed = kw_signed_report_of(report);

	if (collateral) {
		judge_chain(amd, collateral, v);
		/* A masked chip id is told as "not possible" (key release 1.5). */
		kw_collateral_judge_report(collateral, &as_signed, true, &v->checks);
		collateral_facts(kw_json_add_object(v->facts, "collateral"), collateral);
	}
	kw_snp_report_judge(report, &amd->rules, &v->checks);
}

/* Reports. */

void kw_verify_hcl_report(struct kw_bytes file, const struct kw_verify_amd *amd,
			  struct kw_verification *ret)
{
	KW_CLEANUP(kw_hcl_report_clear) struct kw_hcl_report report = { 0 };
	struct kw_error err = { 0 };

	kw_json_add_int(ret->facts, "size", (int64_t)file.len);
	if (kw_hcl_report_parse(file, &report, &err) < 0) {
		kw_verify_unreadable(ret, "report form", "an HCL report of an SNP machine", &err);
		return;
	}
	hcl_facts(ret->facts, &report);
	judge_report(amd, &report.snp, ret);
	kw_hcl_report_judge(&report, &ret->checks);
}

static void judge_runtime(const struct kw_snp_report *report, struct kw_bytes runtime,
			  struct kw_verification *v)
{
	static const char check[] = "runtime data hash";
	uint8_t expected[KW_SNP_REPORT_DATA_SIZE] = { 0 };

	if (!runtime.data) {
		kw_checks_not_possible(&v->checks, check, KW_E_SNP_REPORT_DATA,
				       "REPORT_DATA is its SHA-256", "no runtime data is given");
		return;
	}
	kw_digest(KW_SHA256, runtime, expected);
	kw_checks_same_bytes(&v->checks, check, KW_E_SNP_REPORT_DATA, expected, report->report_data,
			     sizeof(expected));
}

/* The policy is handed around in base64 (SNP evidence 7) and hashed without. */
static void judge_policy(const struct kw_snp_report *report, struct kw_bytes policy,
			 struct kw_verification *v)
{
	static const char check[] = "policy hash";
	KW_CLEANUP(kw_blob_clear) struct kw_blob decoded = { 0 };
	uint8_t expected[KW_SNP_HOST_DATA_SIZE];

	if (!policy.data) {
		kw_checks_not_possible(&v->checks, check, KW_E_SNP_HOST_DATA,
				       "HOST_DATA is its SHA-256", "no policy is given");
		return;
	}
	if (kw_base64_decode(KW_BASE64, kw_verify_trimmed(policy), &decoded))
		policy = kw_blob_bytes(&decoded);
	kw_digest(KW_SHA256, policy, expected);
	kw_checks_same_bytes(&v->checks, check, KW_E_SNP_HOST_DATA, expected, report->host_data,
			     sizeof(expected));
}

void kw_verify_snp_report(struct kw_bytes file, const struct kw_verify_amd *amd,
			  struct kw_bytes runtime, struct kw_bytes policy,
			  struct kw_verification *ret)
{
	struct kw_snp_report report;
	struct kw_error err = { 0 };

	kw_json_add_int(ret->facts, "size", (int64_t)file.len);
	if (kw_snp_report_parse(file, &report, &err) < 0) {
		kw_verify_unreadable(ret, "report form", "an SNP report", &err);
		return;
	}
	report_facts(kw_json_add_object(ret->facts, "report"), &report);
	judge_report(amd, &report, ret);
	judge_runtime(&report, runtime, ret);
	judge_policy(&report, policy, ret);
}

/* Collateral by itself. */

static bool is_pem(struct kw_bytes file)
{
	static const char mark[] = "-----BEGIN ";

	return memmem(file.data, file.len < PEM_AHEAD ? file.len : PEM_AHEAD, mark, strlen(mark));
}

static int parse_collateral(struct kw_bytes file, const struct kw_verify_amd *amd,
			    struct kw_collateral **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob decoded = { 0 };
	struct kw_bytes text = kw_verify_trimmed(file);

	bool is_json = text.len > 0 && text.data[0] == '{';

	if (amd->vcek.data || (!is_json && is_pem(text)))
		return kw_collateral_from_certificates(amd->vcek, file, "file", ret, err);
	if (!is_json && kw_base64_decode(KW_BASE64, text, &decoded))
		text = kw_blob_bytes(&decoded);
	return kw_collateral_parse_thim(text, "file", ret, err);
}

void kw_verify_collateral(struct kw_bytes file, const struct kw_verify_amd *amd,
			  struct kw_bytes report, struct kw_verification *ret)
{
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	struct kw_snp_report parsed;
	struct kw_error err = { 0 };

	if (parse_collateral(file, amd, &collateral, &err) < 0) {
		kw_verify_unreadable(ret, "collateral form", "VCEK or VLEK, ASK, ARK", &err);
		return;
	}
	collateral_facts(ret->facts, collateral);
	judge_chain(amd, collateral, ret);
	if (!report.data)
		return;
	if (kw_snp_report_parse(report, &parsed, &err) < 0) {
		kw_verify_unreadable(ret, "report form", "an SNP report", &err);
		return;
	}
	const struct kw_signed_report as_signed = kw_signed_report_of(&parsed);
	kw_collateral_judge_report(collateral, &as_signed, true, &ret->checks);
}
