/* SPDX-License-Identifier: Apache-2.0 */
/* Software TPMs that lack something, and what is said of them. */
#include "evidence/given_vtpm.h"

#include "evidence/hcl_nv.h"

static void a_foreign_extension_is_told_from_the_log(void **state)
{
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *e = NULL;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };
	struct kw_tpm t = { 0 };

	(void)state;
	open_it(&t);
	provision_extend(t.esys, 4, "a neighbour");
	kw_tpm_close(&t);
	e = gather();
	kw_evidence_judge(e, &config, NOW_S, &checks);
	assert_int_equal(kw_checks_result(&checks, 0, &err), -1);
	assert_true(kw_error_is(&err, KW_E_TPM_PCR_EXTENDED));
	assert_non_null(strstr(err.detail, "PCR 4 differs from the log: someone extended it"));
}

static void remove_nv(uint32_t index)
{
	KW_CLEANUP(kw_tpm_close) struct kw_tpm t = { 0 };
	ESYS_TR nv;

	open_it(&t);
	provision_want(Esys_TR_FromTPMPublic(t.esys, index, ESYS_TR_NONE, ESYS_TR_NONE,
					     ESYS_TR_NONE, &nv));
	provision_want(Esys_NV_UndefineSpace(t.esys, ESYS_TR_RH_OWNER, nv, ESYS_TR_PASSWORD,
					     ESYS_TR_NONE, ESYS_TR_NONE));
}

static void an_absent_report_is_named(void **state)
{
	const struct kw_provider *provider = NULL;
	struct kw_checks why = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	remove_nv(PROVISION_HCL);
	refuses_to_gather(KW_E_TPM_NO_HCL, "NV index 0x01400001 is not defined");
	assert_int_equal(kw_provider_choose(&config, &provider, &why, &err), -1);
	assert_true(kw_error_is(&err, KW_E_SNP_NO_SOURCE));
	assert_null(provider);
}

static void an_absent_key_is_named(void **state)
{
	struct kw_tpm t = { 0 };
	ESYS_TR ak, gone;

	(void)state;
	open_it(&t);
	provision_want(Esys_TR_FromTPMPublic(t.esys, PROVISION_AK, ESYS_TR_NONE, ESYS_TR_NONE,
					     ESYS_TR_NONE, &ak));
	provision_want(Esys_EvictControl(t.esys, ESYS_TR_RH_OWNER, ak, ESYS_TR_PASSWORD,
					 ESYS_TR_NONE, ESYS_TR_NONE, PROVISION_AK, &gone));
	kw_tpm_close(&t);
	refuses_to_gather(KW_E_TPM_NO_AK, "0x81000003");
}

static void an_absent_certificate_is_judged(void **state)
{
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *e = NULL;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	remove_nv(PROVISION_CERTIFICATE);
	e = gather();
	assert_int_equal(e->ak_cert.len, 0);
	kw_evidence_judge(e, &config, NOW_S, &checks);
	assert_int_equal(kw_checks_result(&checks, 0, &err), -1);
	assert_true(kw_error_is(&err, KW_E_TPM_AK_CERT));
}

static void an_absent_log_is_not_possible(void **state)
{
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *e = NULL;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	unlink(log_path);
	e = gather();
	kw_evidence_judge(e, &config, NOW_S, &checks);
	assert_int_equal(kw_checks_result(&checks, 0, &err), 0);
	assert_int_equal(kw_checks_find(&checks, "event log")->verdict, KW_VERDICT_NOT_POSSIBLE);
}

static void an_owner_password_is_asked_for_and_used(void **state)
{
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *e = NULL;
	struct kw_tpm t = { 0 };

	(void)state;
	open_it(&t);
	provision_owner_auth(t.esys, "", "swordfish");
	kw_tpm_close(&t);
	refuses_to_gather(KW_E_TPM_OWNER_AUTH, "NV index 0x01400001");
	write_file(owner_auth_path, kw_bytes_text("swordfish\n"));
	config.evidence.owner_auth_file = owner_auth_path;
	e = gather();
	assert_non_null(e);
	write_file(owner_auth_path, kw_bytes_text("herring"));
	refuses_to_gather(KW_E_TPM_OWNER_AUTH, "NV index 0x01400001");
}

static void a_report_of_another_technique_is_named(void **state)
{
	static const uint8_t tdx[] = { 4 };
	const struct kw_provider *provider = NULL;
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *e = gather();
	struct kw_checks why = { 0 };
	struct kw_error err = { 0 };
	struct kw_tpm t = { 0 };

	(void)state;
	memcpy(e->hcl.data + 1224, tdx, sizeof(tdx));
	open_it(&t);
	provision_nv(t.esys, PROVISION_HCL, kw_blob_bytes(&e->hcl), e->hcl.len);
	kw_tpm_close(&t);
	refuses_to_gather(KW_E_HCL_TYPE, "Intel TDX");
	assert_int_equal(kw_provider_choose(&config, &provider, &why, &err), -1);
	assert_true(kw_error_is(&err, KW_E_HCL_TYPE));
}

static int64_t slept_ms;

static void count_sleep(void *ctx, int64_t ms)
{
	(void)ctx;
	slept_ms += ms;
}

static int64_t boot_ms(void *ctx)
{
	(void)ctx;
	return slept_ms;
}

static void stale_reports_are_not_taken_for_fresh(void **state)
{
	static const struct kw_clock clock = { .boot_ms = boot_ms, .sleep_ms = count_sleep };
	static const uint8_t wanted[KW_HCL_USER_DATA_SIZE] = { 0xab };
	KW_CLEANUP(kw_blob_clear) struct kw_blob hcl = { 0 };
	KW_CLEANUP(kw_hcl_report_clear) struct kw_hcl_report report = { 0 };
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *e = gather();
	KW_CLEANUP(kw_blob_clear) struct kw_blob n = kw_public_key_modulus(e->report.ak);
	EVP_PKEY *ak = guest_key_from_modulus(kw_blob_bytes(&n));
	char zeros[160], exact[160];
	struct kw_error err = { 0 };
	struct kw_tpm t = { 0 };

	(void)state;
	config.evidence.freshness = KW_FRESHNESS_REQUIRED;
	refuses_to_gather(KW_E_SNP_FRESHNESS, "carry no caller's data");
	for (int fresh = 0; fresh < 2; fresh++) {
		KW_CLEANUP(kw_blob_clear) struct kw_blob claims = { 0 }, made = { 0 };

		snprintf(zeros, sizeof(zeros), ",\"user-data\":\"%0128d\"", 0);
		snprintf(exact, sizeof(exact), ",\"user-data\":\"AB%0126d\"", 0);
		claims = guest_claims(ak, fresh ? exact : zeros);
		made = guest_hcl(kw_blob_bytes(&claims), 2048);
		open_it(&t);
		t.clock = &clock;
		provision_nv(t.esys, PROVISION_HCL, kw_blob_bytes(&made), made.len);
		assert_int_equal(kw_hcl_read_fresh(&t, wanted, &hcl, &report, &err), fresh - 1);
		kw_tpm_close(&t);
	}
	EVP_PKEY_free(ak);
	assert_true(kw_error_is(&err, KW_E_SNP_FRESHNESS)); /* of the first round */
	assert_int_equal(slept_ms, 4 * 2100);
	assert_memory_equal(report.user_data, wanted, sizeof(wanted));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TPM_TEST(a_foreign_extension_is_told_from_the_log),
		TPM_TEST(an_absent_report_is_named),
		TPM_TEST(an_absent_key_is_named),
		TPM_TEST(an_absent_certificate_is_judged),
		TPM_TEST(an_absent_log_is_not_possible),
		TPM_TEST(an_owner_password_is_asked_for_and_used),
		TPM_TEST(a_report_of_another_technique_is_named),
		TPM_TEST(stale_reports_are_not_taken_for_fresh),
	};

	return RUN_TPM_TESTS("vtpm refusals", tests);
}
