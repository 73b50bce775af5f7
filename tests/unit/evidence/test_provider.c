/* SPDX-License-Identifier: Apache-2.0 */
/* Which source is taken, and why none is. */
#include "rows.h"

#include "evidence/provider.h"

static const struct row {
	const char *name;
	enum kw_evidence_provider wanted;
	const struct kw_provider *expect; /* NULL: none */
} rows[] = {
	{ "given azure-vtpm, it is taken at its word", KW_EVIDENCE_AZURE_VTPM,
	  &kw_provider_azure_vtpm },
	{ "given tsm, it is taken at its word", KW_EVIDENCE_TSM, &kw_provider_tsm },
	{ "given sev-guest, it is taken at its word", KW_EVIDENCE_SEV_GUEST,
	  &kw_provider_sev_guest },
	{ "given sev, it is taken at its word", KW_EVIDENCE_SEV, &kw_provider_sev },
	{ "given auto without anything, no source is there", KW_EVIDENCE_AUTO, NULL },
};

static void is_chosen_as_expected(void **state)
{
	static const char *const tried[] = { "azure-vtpm: ", "/nonexistent/tsm",
					     "/nonexistent/guest", "/nonexistent/sev" };
	const struct row *row = *state;
	struct kw_config config = { 0 };
	const struct kw_provider *provider = NULL;
	struct kw_checks why = { 0 };
	struct kw_error err = { 0 };

	config.evidence.provider = row->wanted;
	config.evidence.tcti = (char *)"device:/nonexistent/tpmrm0";
	config.evidence.owner_auth_file = (char *)"";
	config.evidence.devices.tsm = (char *)"/nonexistent/tsm";
	config.evidence.devices.sev_guest = (char *)"/nonexistent/guest";
	config.evidence.devices.sev = (char *)"/nonexistent/sev";
	assert_int_equal(kw_provider_choose(&config, &provider, &why, &err), row->expect ? 0 : -1);
	assert_ptr_equal(provider, row->expect);
	if (row->expect)
		return;
	assert_true(kw_error_is(&err, KW_E_SNP_NO_SOURCE));
	for (size_t i = 0; i < sizeof(tried) / sizeof(tried[0]); i++)
		assert_non_null(strstr(err.detail, tried[i]));
}

static void each_opens_what_it_can(void **state)
{
	struct kw_evidence *e = calloc(1, sizeof(*e));
	struct kw_secret plain = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	assert_non_null(e);
	assert_int_equal(kw_provider_tsm.unwrap(e, KW_RSA_ES, KW_SHA256, (struct kw_bytes){ 0 },
						&plain, &err),
			 -1);
	assert_true(kw_error_is(&err, KW_E_SNP_UNSUPPORTED));
	assert_int_equal(kw_provider_tsm.unwrap(e, KW_RSA_OAEP, KW_SHA256, (struct kw_bytes){ 0 },
						&plain, &err),
			 -1);
	assert_true(kw_error_is(&err, KW_E_UNW_FAILED));
	kw_evidence_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_opens_what_it_can) };

	setenv("TSS2_LOG", "all+NONE", 0); /* refusals are what is tested here */
	return KW_ROWS_RUN(rows, is_chosen_as_expected)
	       + cmocka_run_group_tests_name("provider", tests, NULL, NULL);
}
