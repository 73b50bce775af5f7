/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"
#include "util/error.h"

#include <errno.h>

static void failing_names_the_row(void **state)
{
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_fail(&err, KW_E_SYS_DATA, "%d bytes, expected %d", 3, 4), -1);
	assert_true(kw_error_is(&err, KW_E_SYS_DATA));
	assert_false(kw_error_is(&err, KW_E_SYS_FILE));
	assert_int_equal(kw_error_name(&err), KW_E_SYS_DATA);
	assert_string_equal(err.detail, "3 bytes, expected 4");
}

static void nothing_failed_is_no_row(void **state)
{
	struct kw_error err = { 0 };

	(void)state;
	assert_null(kw_error_def(KW_OK));
	assert_null(kw_error_def(KW_N_ERRORS));
	assert_false(kw_error_is(&err, KW_OK));
	assert_int_equal(kw_error_name(&err), KW_OK);
	assert_false(kw_error_is_outage(&err));
}

static void failing_again_may_quote_the_old_detail(void **state)
{
	struct kw_error err = { .upstream = { .status = 400, .code = "PolicyFailed" } };

	(void)state;
	(void)kw_fail(&err, KW_E_SYS_DATA, "first");
	(void)kw_fail(&err, KW_E_ATT_POLICY, "second after %s", err.detail);
	assert_string_equal(err.detail, "second after first");
	assert_true(kw_error_is(&err, KW_E_ATT_POLICY));
	assert_int_equal(err.upstream.status, 400); /* stays */
	errno = ENOENT;
	(void)kw_fail(&err, KW_E_SYS_FILE, "%m");
	assert_string_equal(err.detail, "No such file or directory");
}

static void context_stands_in_front(void **state)
{
	struct kw_error err = { 0 };

	(void)state;
	(void)kw_fail(&err, KW_E_SYS_DATA, "inner");
	assert_int_equal(kw_wrap(&err, "key '%s'", "db"), -1);
	(void)kw_wrap(&err, "outer");
	assert_string_equal(err.detail, "outer: key 'db': inner");
	assert_true(kw_error_is(&err, KW_E_SYS_DATA));
}

/* A context of `len` letters before a full detail, so that the cut comes at every place. */
static void the_outermost_context_stays(void **state)
{
	enum { SIZE = sizeof(((struct kw_error *)0)->detail) };
	char context[SIZE + 2], inner[SIZE + 2];

	(void)state;
	memset(inner, 'i', SIZE);
	inner[SIZE] = '\0';
	for (size_t len = SIZE - 4; len <= SIZE; len++) {
		struct kw_error err = { 0 };
		(void)kw_fail(&err, KW_E_SYS_DATA, "%s", inner);
		assert_int_equal(strlen(err.detail), SIZE - 1);
		memset(context, 'c', len);
		context[len] = '\0';
		(void)kw_wrap(&err, "%s", context);
		assert_int_equal(strlen(err.detail), SIZE - 1);
		assert_memory_equal(err.detail, context, len < SIZE ? len : SIZE - 1);
	}
}

static void a_cut_leaves_whole_characters(void **state)
{
	struct kw_error err = { 0 };
	char text[600];

	(void)state;
	memset(text, 'x', 510);
	memcpy(text + 510, "\xc3\xa4 and more", 12); /* the detail ends within it */
	(void)kw_fail(&err, KW_E_SYS_DATA, "%s", text);
	assert_int_equal(strlen(err.detail), 510);
	(void)kw_wrap(&err, "%.509s\xc3\xa4", text);
	assert_int_equal(strlen(err.detail), 511);
	(void)kw_wrap(&err, "%.508s\xe2\x82\xac", text);
	assert_int_equal(strlen(err.detail), 511);
	(void)kw_wrap(&err, "%.509s\xe2\x82\xac", text);
	assert_int_equal(strlen(err.detail), 509);
}

static void ids_are_found_in_any_case(void **state)
{
	(void)state;
	assert_ptr_equal(kw_error_find("KW-ATT-003"), kw_error_def(KW_E_ATT_POLICY));
	assert_ptr_equal(kw_error_find("kw-att-003"), kw_error_def(KW_E_ATT_POLICY));
	assert_null(kw_error_find("KW-ATT-0030"));
	assert_null(kw_error_find("KW-XXX-001"));
	assert_null(kw_error_find(""));
	assert_null(kw_error_find(NULL));
}

static const struct outage_row {
	const char *name;
	enum kw_error_name error;
	bool outage;
} outage_rows[] = {
	{ "given MAA away, it is an outage", KW_E_ATT_UNREACHABLE, true },
	{ "given the vault busy, it is an outage", KW_E_REL_BUSY, true },
	{ "given no TPM, it is an outage", KW_E_TPM_OPEN, true },
	{ "given a busy TPM, it is an outage", KW_E_TPM_BUSY, true },
	{ "given a TPM reset, it is an outage", KW_E_TPM_KEY_LOST, true },
	{ "given a passed deadline, it is an outage", KW_E_SYS_DEADLINE, true },
	{ "given THIM's refusal, it is an outage", KW_E_COL_REFUSED, true },
	{ "given Entra's refusal, it is an outage", KW_E_IDN_REFUSED, true },
	{ "given no token file, it is an outage", KW_E_IDN_FILE, true },
	{ "given a foreign certificate before Entra, it is an outage", KW_E_IDN_TLS, true },
	{ "given a foreign certificate before the vault, it is an outage", KW_E_REL_TLS, true },
	{ "given garbage from the attestation service, it is an outage", KW_E_ATT_ANSWER, true },
	{ "given garbage from IMDS, it is an outage", KW_E_IDN_ANSWER, true },
	{ "given a key set that cannot be read, it is an outage", KW_E_TOK_METADATA, true },
	{ "given a full arena, it is an outage", KW_E_SEC_FULL, true },
	{ "given a foreign AMD root, it is a denial", KW_E_COL_ROOT, false },
	{ "given a bad release signature, it is a denial", KW_E_REL_JWS_SIGNATURE, false },
	{ "given the VCEK of another chip, it is a denial", KW_E_COL_CHIP_ID, false },
	{ "given MAA's refusal, it is a denial", KW_E_ATT_POLICY, false },
	{ "given the vault's refusal, it is a denial", KW_E_REL_DENIED, false },
	{ "given no such key in the vault, it is a denial", KW_E_REL_NOT_FOUND, false },
	{ "given a bad token, it is a denial", KW_E_TOK_SIGNATURE, false },
	{ "given a bad quote, it is a denial", KW_E_TPM_QUOTE_SIGNATURE, false },
};

static void outage_or_denial(void **state)
{
	const struct outage_row *row = *state;
	struct kw_error err = { .def = kw_error_def(row->error) };

	assert_int_equal(kw_error_is_outage(&err), row->outage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failing_names_the_row),
		cmocka_unit_test(nothing_failed_is_no_row),
		cmocka_unit_test(failing_again_may_quote_the_old_detail),
		cmocka_unit_test(context_stands_in_front),
		cmocka_unit_test(the_outermost_context_stays),
		cmocka_unit_test(a_cut_leaves_whole_characters),
		cmocka_unit_test(ids_are_found_in_any_case),
	};
	return KW_ROWS_RUN(outage_rows, outage_or_denial)
	       + cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
