/* SPDX-License-Identifier: Apache-2.0 */
/* HCL reports, and the fields of the SNP reports inside. */
#include "vectors/evidence.h"

#include "evidence/hcl_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { TDX_REPORT_DATA_AT = 0x80, VERSION_WITH_CPUID = 3 };

static void add_tcb(struct kw_json *to, const char *name, const uint8_t raw[KW_TCB_SIZE],
		    enum kw_product product)
{
	struct kw_tcb tcb = kw_tcb_from_bytes(raw, product);
	struct kw_json *object = kw_json_add_object(to, name);

	kw_json_add_int(object, "bootloader", tcb.bootloader);
	kw_json_add_int(object, "tee", tcb.tee);
	kw_json_add_int(object, "snp", tcb.snp);
	kw_json_add_int(object, "microcode", tcb.microcode);
	if (product == KW_TURIN)
		kw_json_add_int(object, "fmc", tcb.fmc);
}

static void add_cpuid(struct kw_json *to, const struct kw_snp_report *r)
{
	struct kw_json *cpuid;

	if (r->version < VERSION_WITH_CPUID)
		return;
	cpuid = kw_json_add_object(to, "cpuid");
	kw_json_add_int(cpuid, "family", r->cpuid_family);
	kw_json_add_int(cpuid, "model", r->cpuid_model);
	kw_json_add_int(cpuid, "stepping", r->cpuid_stepping);
}

static void add_digests(struct kw_json *to, const struct kw_snp_report *r)
{
	vec_add_hex(to, "family_id", r->family_id, sizeof(r->family_id));
	vec_add_hex(to, "image_id", r->image_id, sizeof(r->image_id));
	vec_add_hex(to, "report_data", r->report_data, sizeof(r->report_data));
	vec_add_hex(to, "measurement", r->measurement, sizeof(r->measurement));
	vec_add_hex(to, "host_data", r->host_data, sizeof(r->host_data));
	vec_add_hex(to, "id_key_digest", r->id_key_digest, sizeof(r->id_key_digest));
	vec_add_hex(to, "author_key_digest", r->author_key_digest, sizeof(r->author_key_digest));
	vec_add_hex(to, "report_id", r->report_id, sizeof(r->report_id));
	vec_add_hex(to, "report_id_ma", r->report_id_ma, sizeof(r->report_id_ma));
	vec_add_hex(to, "chip_id", r->chip_id, sizeof(r->chip_id));
	vec_add_hex(to, "reported_tcb_raw", r->reported_tcb, sizeof(r->reported_tcb));
}

void vec_snp_report_facts(struct vec_item *item, const char *prefix, const struct kw_snp_report *r,
			  enum kw_product product)
{
	static const char *const keys[] = {
		[KW_SNP_VCEK] = "vcek", [KW_SNP_VLEK] = "vlek", [KW_SNP_NO_KEY] = "none"
	};
	KW_CLEANUP(kw_json_freep) struct kw_json *facts = kw_json_new_object();
	const char *key = r->signing_key < 8 ? keys[r->signing_key] : NULL;

	kw_json_add_int(facts, "version", r->version);
	kw_json_add_int(facts, "guest_svn", r->guest_svn);
	kw_json_add_int(facts, "vmpl", r->vmpl);
	kw_json_add_int(facts, "signature_algo", r->signature_algo);
	vec_add_word(facts, "policy", r->policy);
	vec_add_word(facts, "platform_info", r->platform_info);
	kw_json_add_bool(facts, "debug_allowed", r->policy_debug);
	kw_json_add_bool(facts, "smt_allowed", r->policy_smt);
	kw_json_add_bool(facts, "migration_agent_allowed", r->policy_migration_agent);
	kw_json_add_string(facts, "signing_key", key ? key : "reserved");
	kw_json_add_bool(facts, "mask_chip_key", r->chip_masked);
	kw_json_add_bool(facts, "author_key_enabled", r->author_key_enabled);
	add_tcb(facts, "current_tcb", r->current_tcb, product);
	add_tcb(facts, "reported_tcb", r->reported_tcb, product);
	add_tcb(facts, "committed_tcb", r->committed_tcb, product);
	add_tcb(facts, "launch_tcb", r->launch_tcb, product);
	add_digests(facts, r);
	add_cpuid(facts, r);
	vec_fact_json(item, prefix, facts);
}

static void layout_facts(struct vec_item *item, const struct kw_hcl_layout *l)
{
	bool zeros = kw_bytes_are_zero(l->rest);

	vec_fact_str(item, "header.magic", l->magic);
	vec_fact_int(item, "header.version", l->version);
	vec_fact_int(item, "header.report_size", l->report_size);
	vec_fact_int(item, "header.request_type", l->request_type);
	vec_fact_int(item, "header.status", l->status);
	vec_fact_bool(item, "header.report_size_is_end",
		      l->report_size == (uint64_t)KW_HCL_CLAIMS_AT + l->claims_size);
	if (!l->has_runtime)
		return;
	vec_fact_int(item, "runtime_header.data_size", l->data_size);
	vec_fact_int(item, "runtime_header.version", l->runtime_version);
	vec_fact_int(item, "runtime_header.report_type", l->report_type);
	vec_fact_int(item, "runtime_header.hash_type", l->hash_type);
	vec_fact_int(item, "runtime_header.variable_size", l->claims_size);
	vec_fact_int(item, "trailing_zero_bytes", zeros ? (int64_t)l->rest.len : -1);
	vec_fact_str(item, "tee",
		     l->report_type == KW_HCL_SNP   ? "snp"
		     : l->report_type == KW_HCL_TDX ? "tdx"
						    : "other");
}

static void binding_facts(struct vec_item *item, const struct kw_hcl_layout *l, enum kw_hash hash,
			  const uint8_t report_data[KW_SNP_REPORT_DATA_SIZE])
{
	uint8_t expected[KW_SNP_REPORT_DATA_SIZE] = { 0 };

	kw_digest(hash, l->claims, expected);
	vec_fact_hex(item, "runtime_hash", (struct kw_bytes){ expected, kw_hash_size(hash) });
	vec_fact_str(item, "runtime_hash_name", kw_hash_name(hash));
	vec_fact_hex(item, "report_data",
		     (struct kw_bytes){ report_data, KW_SNP_REPORT_DATA_SIZE });
	vec_fact_bool(item, "binding_ok", memcmp(expected, report_data, sizeof(expected)) == 0);
}

static void add_copy(struct kw_json *to, const char *name, const struct kw_json *value)
{
	if (value)
		kw_json_add(to, name, kw_json_copy(value));
	else
		kw_json_add_null(to, name);
}

static void add_key(struct kw_json *to, const struct kw_json *jwk)
{
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = NULL;
	KW_CLEANUP(freep) char *thumbprint = NULL;
	struct kw_json *facts = kw_json_add_object(to, NULL);
	struct kw_error err = { 0 };

	add_copy(facts, "kid", kw_json_get(jwk, "kid"));
	add_copy(facts, "key_ops", kw_json_get(jwk, "key_ops"));
	add_copy(facts, "e", kw_json_get(jwk, "e"));
	if (kw_public_key_from_jwk(jwk, KW_E_HCL_CLAIMS, &key, &err) < 0)
		fail_msg("%s", err.detail);
	thumbprint = kw_public_key_thumbprint(key);
	kw_json_add_int(facts, "bits", kw_public_key_bits(key));
	kw_json_add_string(facts, "thumbprint", thumbprint);
}

static void claims_facts(struct vec_item *item, const struct kw_json *claims,
			 const struct kw_public_key *ak)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *facts = kw_json_new_object();
	KW_CLEANUP(kw_blob_clear) struct kw_blob spki = kw_public_key_spki(ak);
	const struct kw_json *vm = kw_json_get(claims, "vm-configuration");
	struct kw_json *keys = kw_json_add_array(facts, "keys");
	uint8_t digest[KW_SHA256_SIZE];

	for (const struct kw_json *key = kw_json_first(kw_json_get(claims, "keys")); key;
	     key = kw_json_next(key))
		add_key(keys, key);
	add_copy(facts, "vm_unique_id", kw_json_get(vm, "vmUniqueId"));
	add_copy(facts, "secure_boot", kw_json_get(vm, "secure-boot"));
	add_copy(facts, "tpm_enabled", kw_json_get(vm, "tpm-enabled"));
	add_copy(facts, "console_enabled", kw_json_get(vm, "console-enabled"));
	add_copy(facts, "current_time", kw_json_get(vm, "current-time"));
	add_copy(facts, "user_data", kw_json_get(claims, "user-data"));
	vec_fact_json(item, "runtime", facts);
	kw_digest(KW_SHA256, kw_blob_bytes(&spki), digest);
	vec_fact_hex(item, "ak_spki_sha256", KW_BYTES(digest));
}

/* What the parsed report keeps of its claims. */
static void members_agree(struct vec_item *item, const struct kw_hcl_report *report)
{
	const struct kw_json *vm = kw_json_get(report->claims, "vm-configuration");
	const struct kw_json *user_data = kw_json_get(report->claims, "user-data");
	bool yes = false;
	int secure_boot = kw_json_bool(kw_json_get(vm, "secure-boot"), &yes) ? yes : -1;

	vec_check(item, report->secure_boot == secure_boot,
		  "secure boot is %d in the parsed report, expected %d", report->secure_boot,
		  secure_boot);
	vec_check(item, strcmp(report->vm_id, kw_json_string(kw_json_get(vm, "vmUniqueId"))) == 0,
		  "the VM is '%s' in the parsed report", report->vm_id);
	vec_check(item, report->has_user_data == (user_data != NULL),
		  "user data is %s in the parsed report",
		  report->has_user_data ? "there" : "absent");
}

static void snp_hcl_report(struct vec_item *item, const struct kw_hcl_report *report)
{
	const struct kw_snp_rules rules = { 0 };
	enum kw_product product = KW_MILAN;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };
	const char *against;

	binding_facts(item, &report->layout, report->hash, report->snp.report_data);
	claims_facts(item, report->claims, report->ak);
	members_agree(item, report);
	against = vec_collateral_facts(item, &report->snp, &product);
	vec_snp_report_facts(item, "report", &report->snp, product);
	kw_hcl_report_judge(report, &checks);
	kw_snp_report_judge(&report->snp, &rules, &checks);
	if (kw_checks_result(&checks, 0, &err) < 0)
		vec_refused(item, &err);
	else
		vec_reason(item, against);
}

/* A report of another technique is read as far as it goes: refused for its type, which this set
 * does not count as an error. */
static void tdx_hcl_report(struct vec_item *item, const struct kw_hcl_layout *l)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *claims = NULL;
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *ak = NULL;
	struct kw_error err = { 0 };

	if (kw_hcl_claims_parse(l->claims, &claims, &ak, &err) < 0)
		fail_msg("%s", err.detail);
	binding_facts(item, l, KW_SHA256, l->hardware_report.data + TDX_REPORT_DATA_AT);
	claims_facts(item, claims, ak);
	vec_reason(item, NULL);
}

void vec_hcl_report(struct vec_item *item)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob file = vec_file(item, "hcl");
	KW_CLEANUP(kw_hcl_report_clear) struct kw_hcl_report report = { 0 };
	struct kw_hcl_layout layout;
	struct kw_error err = { 0 };

	vec_fact_int(item, "size", (int64_t)file.len);
	if (kw_hcl_layout_read(kw_blob_bytes(&file), &layout))
		layout_facts(item, &layout);
	if (kw_hcl_report_parse(kw_blob_bytes(&file), &report, &err) == 0)
		snp_hcl_report(item, &report);
	else if (kw_error_is(&err, KW_E_HCL_TYPE) && layout.report_type == KW_HCL_TDX)
		tdx_hcl_report(item, &layout);
	else
		vec_refused(item, &err);
}
