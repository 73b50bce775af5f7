/* SPDX-License-Identifier: Apache-2.0 */
/* What this version cannot honour is refused and named, never silently ignored. */
#include "rows.h"

#include "config/config.h"

#define HEAD "apiVersion: keyward/v1\n"
#define KEY                                                          \
	"attestation: {endpoints: ['https://m.attest.azure.net']}\n" \
	"keys:\n  - name: k\n    url: https://v.vault.azure.net/keys/k\n"

static const struct row {
	const char *name, *text, *says; /* "" : available */
} rows[] = {
	{ "given the defaults, all is available", HEAD KEY, "" },
	{ "given the service's TEE, it is refused",
	  HEAD "attestation: {serviceTee: {mode: require, measurements: ['00']}}\n",
	  "'attestation.serviceTee.mode'" },
	{ "given a fallback for enc, it is available", HEAD "release: {encFallback: true}\n", "" },
	{ "given fallback URLs, they are available",
	  HEAD KEY "    fallbackUrls: ['https://w.vault.azure.net/keys/k']\n", "" },
};

static void is_available_or_named(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	struct kw_error err = { 0 };
	int available;

	assert_int_equal(kw_config_parse("f", row->text, strlen(row->text), &config, &err), 0);
	available = kw_config_available(config, &err);
	assert_int_equal(available, row->says[0] == '\0' ? 0 : -1);
	assert_ptr_equal(err.def, row->says[0] == '\0' ? NULL : kw_error_def(KW_E_CFG_VALUE));
	assert_non_null(strstr(err.detail, row->says));
}

KW_TEST_ROWS(rows, is_available_or_named)
