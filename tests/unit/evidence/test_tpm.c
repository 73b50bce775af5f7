/* SPDX-License-Identifier: Apache-2.0 */
/* Transports, response codes and patience; no TPM is needed for these. */
#include "rows.h"

#include "evidence/hcl_report.h"
#include "evidence/tpm.h"

static int64_t slept_ms, n_sleeps, longest_ms, now_ms;

static void count_sleep(void *ctx, int64_t ms)
{
	(void)ctx;
	slept_ms += ms;
	n_sleeps++;
	longest_ms = ms > longest_ms ? ms : longest_ms;
}

/* Whoever looks at it makes a second pass. */
static int64_t hasty_ms(void *ctx)
{
	(void)ctx;
	return now_ms += 1000;
}

static const struct kw_clock counting = { .boot_ms = hasty_ms, .sleep_ms = count_sleep };

static const struct row {
	const char *name;
	TSS2_RC rc;
	bool busy;
} rows[] = {
	{ "given RETRY, it is tried again", 0x922, true },
	{ "given YIELDED, it is tried again", 0x908, true },
	{ "given TESTING, it is tried again", 0x90a, true },
	{ "given OBJECT_MEMORY, it is tried again", 0x902, true },
	{ "given SESSION_MEMORY, it is tried again", 0x903, true },
	{ "given MEMORY, it is tried again", 0x904, true },
	{ "given SESSION_HANDLES, it is tried again", 0x905, true },
	{ "given NV_RATE, it is tried again", 0x920, true },
	{ "given RETRY from the resource manager, it is tried again", 0xb0922, true },
	{ "given RETRY passed on by the resource manager, it is tried again", 0xc0922, true },
	{ "given success, it is done", 0, false },
	{ "given an absent handle, it is done", 0x18b, false },
	{ "given changed PCRs, the caller decides", 0x128, false },
	{ "given a wrong password, it is done", 0x9a2, false },
	{ "given LOCKOUT, it is done", 0x921, false },
	{ "given the same number from ESYS, it is done", 0x70922, false },
	{ "given the same number from a transport, it is done", 0xa0922, false },
};

static void is_retried_as_expected(void **state)
{
	const struct row *row = *state;
	const struct kw_tpm tpm = { .clock = &counting };
	struct kw_error err = { 0 };
	unsigned tries = 0;

	slept_ms = n_sleeps = longest_ms = 0;
	while (kw_tpm_again(&tpm, row->rc, &tries))
		;
	assert_int_equal(n_sleeps, row->busy ? KW_TPM_TRIES_MAX - 1 : 0);
	assert_int_equal(slept_ms, row->busy ? 20 + 40 + 80 + 160 + 320 + 640 + 1000 + 1000 : 0);
	assert_true(longest_ms <= KW_TPM_WAIT_MAX_MS);
	assert_int_equal(kw_tpm_fail(&err, row->rc, "reading PCRs"), -1);
	assert_true(kw_error_is(&err, row->busy ? KW_E_TPM_BUSY : KW_E_TPM_COMMAND));
	assert_non_null(strstr(err.detail, "reading PCRs: "));
}

static const struct tcti_row {
	const char *name, *tcti;
	enum kw_error_name expect;
} tcti_rows[] = {
	{ "given nothing, it is no transport", "", KW_E_TPM_TCTI },
	{ "given another transport, it is not loaded", "mssim:host=127.0.0.1", KW_E_TPM_TCTI },
	{ "given a library, it is not loaded", "libtss2-tcti-device.so:/dev/tpmrm0",
	  KW_E_TPM_TCTI },
	{ "given a prefix without a colon, it is no transport", "device", KW_E_TPM_TCTI },
	{ "given a device that is not there, it cannot be opened", "device:/nonexistent/tpmrm0",
	  KW_E_TPM_OPEN },
	{ "given a port where nobody listens, it cannot be opened", "swtpm:host=127.0.0.1,port=1",
	  KW_E_TPM_OPEN },
	{ "given a port that is none, it cannot be opened", "swtpm:host=127.0.0.1,port=x",
	  KW_E_TPM_OPEN },
};

static void is_opened_as_expected(void **state)
{
	const struct tcti_row *row = *state;
	struct kw_tpm tpm = { 0 };
	struct kw_error err = { 0 };

	assert_int_equal(kw_tpm_open(row->tcti, 1000, &counting, &tpm, &err), -1);
	assert_true(kw_error_is(&err, row->expect));
	assert_non_null(strstr(err.detail, row->tcti));
	assert_null(tpm.esys);
}

static void a_missing_owner_password_file_is_named(void **state)
{
	struct kw_tpm tpm = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_tpm_owner_auth(&tpm, "", &err), 0);
	assert_int_equal(kw_tpm_owner_auth(&tpm, "/nonexistent/owner", &err), -1);
	assert_true(kw_error_is(&err, KW_E_TPM_FILE));
	assert_non_null(strstr(err.detail, "/nonexistent/owner"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_owner_password_file_is_named),
	};

	setenv("TSS2_LOG", "all+NONE", 0); /* refusals are what is tested here */
	return KW_ROWS_RUN(rows, is_retried_as_expected)
	       + KW_ROWS_RUN(tcti_rows, is_opened_as_expected)
	       + cmocka_run_group_tests_name("tpm", tests, NULL, NULL);
}
