/* SPDX-License-Identifier: Apache-2.0 */
/* What "not possible" does to a release. */
#include "rows.h"

#include "service/internal.h"

static const struct kw_config usual;
static const struct kw_config wants_log = { .evidence.require_event_log = true };
static const struct kw_config wants_crl = { .collateral.crl = KW_CRL_REQUIRED };
static const struct kw_config takes_masked = { .evidence.allow_masked_chip = true };

static const struct row {
	const char *name;
	const struct kw_config *config;
	enum kw_error_name not_possible;
	bool passes;
} rows[] = {
	{ "given no signature that could be verified, it is refused", &usual, KW_E_SNP_SIGNATURE,
	  false },
	{ "given no leaf, it is refused", &usual, KW_E_COL_CHAIN, false },
	{ "given a TCB that cannot be compared, it is refused", &usual, KW_E_COL_TCB, false },
	{ "given claims that cannot be hashed, it is refused", &usual, KW_E_SNP_REPORT_DATA,
	  false },
	{ "given PCR values that are not there, it is refused", &usual, KW_E_TPM_QUOTE_PCRS,
	  false },
	{ "given a leaf that names no chip, as a VLEK, it passes", &usual, KW_E_COL_CHIP_ID, true },
	{ "given a chip that may be masked, it passes", &takes_masked, KW_E_COL_CHIP_ID, true },
	{ "given no answer whether the chip is masked, it is refused", &takes_masked,
	  KW_E_COL_MASKED, false },
	{ "given no tcbm, it passes", &usual, KW_E_COL_TCBM, true },
	{ "given no event log, it passes", &usual, KW_E_TPM_LOG_MISSING, true },
	{ "given no event log where one is due, it is refused", &wants_log, KW_E_TPM_LOG_MISSING,
	  false },
	{ "given no revocation list, it passes", &usual, KW_E_COL_CRL, true },
	{ "given no revocation list where one is due, it is refused", &wants_crl, KW_E_COL_CRL,
	  false },
};

static void decides(void **state)
{
	const struct row *row = *state;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	kw_checks_not_possible(&checks, "this", row->not_possible, "that", "why not");
	assert_int_equal(kw_required_checks(row->config, &checks, &err), row->passes ? 0 : -1);
	if (row->passes)
		return;
	assert_true(kw_error_is(&err, row->not_possible));
	assert_non_null(strstr(err.detail, "this: not possible: why not"));
}

static void a_failure_comes_before_what_is_not_possible(void **state)
{
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	kw_checks_not_possible(&checks, "chip id", KW_E_COL_CHIP_ID, "", "masked");
	kw_checks_not_possible(&checks, "report signature", KW_E_SNP_SIGNATURE, "", "no leaf");
	kw_checks_judge(&checks, "chip id shown", KW_E_COL_MASKED, false, "shown", "masked");
	assert_int_equal(kw_required_checks(&usual, &checks, &err), -1);
	assert_true(kw_error_is(&err, KW_E_COL_MASKED));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_comes_before_what_is_not_possible),
	};

	return KW_ROWS_RUN(rows, decides)
	       + cmocka_run_group_tests_name("required checks", tests, NULL, NULL);
}
