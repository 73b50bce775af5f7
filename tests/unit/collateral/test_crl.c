/* SPDX-License-Identifier: Apache-2.0 */
/* What is no revocation list is refused before it is judged; what a good one says is asked of the
 * lab's, in tests/integration/test_trust. */
#include "rows.h"

#include "collateral/crl.h"

static const struct row {
	const char *name, *text;
	size_t len;
} rows[] = {
	{ "given nothing, it is refused", "", 0 },
	{ "given a cut sequence, it is refused", "\x30\x82\x01\x00", 4 },
	{ "given an empty sequence, it is refused", "\x30\x00", 2 },
	{ "given a sequence of something else, it is refused", "\x30\x03\x02\x01\x01", 5 },
	{ "given text, it is refused", "no list", 7 },
	{ "given PEM of nothing, it is refused",
	  "-----BEGIN X509 CRL-----\n-----END X509 CRL-----\n", 48 },
};

static void is_refused(void **state)
{
	const struct row *row = *state;
	struct kw_blob der = { 0 };
	struct kw_error err = { 0 };

	assert_int_equal(
		kw_crl_read((struct kw_bytes){ (const uint8_t *)row->text, row->len }, &der, &err),
		-1);
	assert_true(kw_error_is(&err, KW_E_COL_ANSWER));
	assert_null(der.data);
}

KW_TEST_ROWS(rows, is_refused)
