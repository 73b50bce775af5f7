/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"
#include "util/checks.h"

static void rows_are_kept_in_order(void **state)
{
	struct kw_checks checks = { 0 };

	(void)state;
	assert_true(kw_checks_judge(&checks, "debug", KW_E_SNP_DEBUG, true, "off", "off"));
	assert_false(kw_checks_judge(&checks, "vmpl", KW_E_SNP_VMPL, false, "0", "2"));
	kw_checks_not_possible(&checks, "chip id", KW_E_COL_MASKED, NULL, "the report hides it");
	assert_int_equal(checks.n_rows, 3);
	assert_int_equal(kw_checks_find(&checks, "debug")->verdict, KW_VERDICT_OK);
	const struct kw_check *vmpl = kw_checks_find(&checks, "vmpl");
	assert_ptr_equal(vmpl, &checks.rows[1]);
	assert_int_equal(vmpl->verdict, KW_VERDICT_FAILED);
	assert_string_equal(vmpl->expected, "0");
	assert_string_equal(vmpl->found, "2");
	assert_int_equal(checks.rows[2].verdict, KW_VERDICT_NOT_POSSIBLE);
	assert_string_equal(checks.rows[2].expected, "");
	assert_null(kw_checks_find(&checks, "signature"));
}

static void the_first_failure_is_the_error(void **state)
{
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_checks_result(&checks, 0, &err), 0);
	kw_checks_judge(&checks, "debug", KW_E_SNP_DEBUG, true, "off", "off");
	kw_checks_not_possible(&checks, "event log", KW_E_TPM_LOG_REPLAY, "replays", "none");
	assert_int_equal(kw_checks_result(&checks, 0, &err), 0);
	assert_null(err.def);
	kw_checks_judge(&checks, "vmpl", KW_E_SNP_VMPL, false, "0", "2");
	kw_checks_judge(&checks, "chain", KW_E_COL_CHAIN, false, "verifies", NULL);
	assert_int_equal(kw_checks_result(&checks, 0, &err), -1);
	assert_true(kw_error_is(&err, KW_E_SNP_VMPL));
	assert_string_equal(err.detail, "vmpl: expected 0, found 2");
	assert_int_equal(kw_checks_result(&checks, 3, &err), -1);
	assert_true(kw_error_is(&err, KW_E_COL_CHAIN));
	assert_string_equal(err.detail, "chain: expected verifies, found nothing");
	assert_int_equal(kw_checks_result(&checks, 4, &err), 0);
}

static void bytes_are_compared_and_shown(void **state)
{
	struct kw_checks checks = { 0 };
	uint8_t a[64] = { 0xab }, b[64] = { 0xab };

	(void)state;
	assert_true(kw_checks_same_bytes(&checks, "chip id", KW_E_COL_CHIP_ID, a, b, 64));
	assert_int_equal(strlen(checks.rows[0].expected), 128); /* not cut */
	b[63] = 1;
	assert_false(kw_checks_same_bytes(&checks, "chip id", KW_E_COL_CHIP_ID, a, b, 64));
	assert_int_equal(checks.rows[1].verdict, KW_VERDICT_FAILED);
	assert_string_equal(checks.rows[1].found + 126, "01");
	assert_true(kw_checks_same_bytes(&checks, "tcb", KW_E_COL_TCB, a, b, 8));
	assert_string_equal(checks.rows[2].found, "ab00000000000000");
}

static void texts_are_cleaned_and_cut(void **state)
{
	struct kw_checks checks = { 0 };
	char text[KW_CHECK_TEXT_SIZE + 2];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[KW_CHECK_TEXT_SIZE] = '\0';
	kw_checks_judge(&checks, "issuer", KW_E_TOK_ISSUER, false, text, "a\x1b[2Jb");
	assert_int_equal(strlen(checks.rows[0].expected), KW_CHECK_TEXT_SIZE - 1);
	assert_string_equal(checks.rows[0].found, "a?[2Jb");
}

static void lists_are_joined(void **state)
{
	struct kw_checks to = { 0 }, from = { 0 };

	(void)state;
	kw_checks_judge(&to, "one", KW_E_SNP_DEBUG, true, NULL, NULL);
	kw_checks_judge(&from, "two", KW_E_SNP_VMPL, false, "0", "1");
	kw_checks_append(&to, &from);
	assert_int_equal(to.n_rows, 2);
	assert_string_equal(to.rows[1].check, "two");
	assert_string_equal(to.rows[1].found, "1");
}

static void a_full_list_never_passes(void **state)
{
	struct kw_checks checks = { 0 }, more = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < KW_CHECKS_MAX; i++)
		kw_checks_judge(&checks, "fits", KW_E_SNP_DEBUG, true, NULL, NULL);
	assert_int_equal(kw_checks_result(&checks, 0, &err), 0);
	kw_checks_judge(&more, "vmpl", KW_E_SNP_VMPL, true, NULL, NULL);
	kw_checks_append(&checks, &more);
	assert_int_equal(checks.n_rows, KW_CHECKS_MAX);
	assert_int_equal(kw_checks_result(&checks, 0, &err), -1);
	assert_true(kw_error_is(&err, KW_E_SYS_INTERNAL));
}

static void verdicts_have_words(void **state)
{
	(void)state;
	assert_string_equal(kw_verdict_text(KW_VERDICT_OK), "ok");
	assert_string_equal(kw_verdict_text(KW_VERDICT_FAILED), "failed");
	assert_string_equal(kw_verdict_text(KW_VERDICT_NOT_POSSIBLE), "not possible");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_kept_in_order),
		cmocka_unit_test(the_first_failure_is_the_error),
		cmocka_unit_test(bytes_are_compared_and_shown),
		cmocka_unit_test(texts_are_cleaned_and_cut),
		cmocka_unit_test(lists_are_joined),
		cmocka_unit_test(a_full_list_never_passes),
		cmocka_unit_test(verdicts_have_words),
	};
	return cmocka_run_group_tests_name("checks", tests, NULL, NULL);
}
