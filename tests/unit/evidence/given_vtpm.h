/* SPDX-License-Identifier: Apache-2.0 */
/* The azure-vtpm provider and a software TPM that was provisioned for it, one for each test: what a
 * test extends or removes troubles no other. */
#pragma once

#include "rows.h"
#include "test_keys.h"

#include "evidence/provision.h"

#include "evidence/provider.h"

enum { NOW_S = 1767225600, YEAR_S = 365 * 86400, PATIENCE_MS = 60000 };

static struct swtpm tpm;
static char log_path[96];
static struct kw_config config;
static char owner_auth_path[96];

static inline void open_it(struct kw_tpm *ret)
{
	struct kw_error err = { 0 };

	if (kw_tpm_open(tpm.tcti, PATIENCE_MS, &kw_clock_system, ret, &err) < 0)
		fail_msg("%s", err.detail);
}

static inline void write_file(const char *path, struct kw_bytes content)
{
	FILE *to = fopen(path, "we");

	assert_non_null(to);
	assert_int_equal(fwrite(content.data, 1, content.len, to), content.len);
	fclose(to);
}

static inline void measure_boot(ESYS_CONTEXT *esys)
{
	static const uint16_t sha256[][2] = { { 0x000b, 32 } };
	KW_CLEANUP(kw_blob_clear) struct kw_blob log = { 0 };

	put_log_header(&log, sha256, 1);
	put_log_event(&log, 0, 8, "firmware", 8);
	put_log_event(&log, 7, 0x80000001u, "variables", 9);
	put_log_event(&log, 4, 4, "boot loader", 11);
	provision_extend(esys, 0, "firmware");
	provision_extend(esys, 7, "variables");
	provision_extend(esys, 4, "boot loader");
	write_file(log_path, kw_blob_bytes(&log));
}

static inline void provision(struct kw_tpm *t)
{
	EVP_PKEY *ak = provision_ak(t->esys);
	EVP_PKEY *ca = test_rsa_key(2048, 1);
	KW_CLEANUP(kw_blob_clear) struct kw_blob claims = guest_claims(ak, "");
	KW_CLEANUP(kw_blob_clear) struct kw_blob hcl = guest_hcl(kw_blob_bytes(&claims), 2048);
	KW_CLEANUP(kw_blob_clear)
	struct kw_blob certificate = guest_certificate(ak, ca, "Global Virtual TPM CA - 01",
						       NOW_S - YEAR_S, NOW_S + YEAR_S);

	provision_nv(t->esys, PROVISION_HCL, kw_blob_bytes(&hcl), hcl.len);
	provision_nv(t->esys, PROVISION_CERTIFICATE, kw_blob_bytes(&certificate), 2048);
	measure_boot(t->esys);
	EVP_PKEY_free(ak);
	EVP_PKEY_free(ca);
}

static inline int begin(void **state)
{
	KW_CLEANUP(kw_tpm_close) struct kw_tpm t = { 0 };

	(void)state;
	tpm = (struct swtpm){ 0 };
	swtpm_start(&tpm);
	snprintf(log_path, sizeof(log_path), "%s/eventlog", tpm.dir);
	snprintf(owner_auth_path, sizeof(owner_auth_path), "%s/owner", tpm.dir);
	config = (struct kw_config){ 0 };
	config.evidence.provider = KW_EVIDENCE_AUTO;
	config.evidence.devices.tsm = (char *)"/nonexistent/tsm";
	config.evidence.devices.sev_guest = (char *)"/nonexistent/sev-guest";
	config.evidence.devices.sev = (char *)"/nonexistent/sev";
	config.retry.deadline_ms = PATIENCE_MS;
	config.evidence.tcti = tpm.tcti;
	config.evidence.event_log = log_path;
	config.evidence.owner_auth_file = (char *)"";
	open_it(&t);
	provision(&t);
	return 0;
}

static inline int end(void **state)
{
	(void)state;
	swtpm_remove(&tpm);
	return 0;
}

static inline struct kw_evidence *gather(void)
{
	struct kw_evidence *e = NULL;
	struct kw_error err = { 0 };

	if (kw_provider_azure_vtpm.gather(&config, &kw_random_system, &e, &err) < 0)
		fail_msg("%s", err.detail);
	return e;
}

static inline void refuses_to_gather(enum kw_error_name expected, const char *says)
{
	struct kw_evidence *e = NULL;
	struct kw_error err = { 0 };

	assert_int_equal(kw_provider_azure_vtpm.gather(&config, &kw_random_system, &e, &err), -1);
	assert_null(e);
	if (!kw_error_is(&err, expected) || !strstr(err.detail, says))
		fail_msg("%s: %s", err.def->id, err.detail);
}

static inline void nothing_is_left(void)
{
	KW_CLEANUP(kw_tpm_close) struct kw_tpm t = { 0 };

	open_it(&t);
	assert_int_equal(provision_loaded(t.esys), 0);
}

#define TPM_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)

/* Runs the tests, or says by name that they were skipped. */
#define RUN_TPM_TESTS(name, tests)                                                  \
	(swtpm_installed() ? (setenv("TSS2_LOG", "all+NONE", 0),                    \
			      cmocka_run_group_tests_name(name, tests, NULL, NULL)) \
			   : (print_message("skipped: %s: swtpm is not installed\n", name), 0))
