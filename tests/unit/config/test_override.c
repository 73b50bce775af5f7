/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"
#include "rows.h"

static struct kw_config *given_config(void)
{
	static const char text[] = "apiVersion: keyward/v1\n";
	struct kw_config *config = NULL;
	struct kw_error err = { 0 };

	assert_int_equal(kw_config_parse("test", text, strlen(text), &config, &err), 0);
	return config;
}

static const struct endpoint_row {
	const char *name, *url, *endpoint; /* NULL: refused */
} endpoint_rows[] = {
	{ "given an origin, then it is the endpoint", "https://maa.test", "https://maa.test" },
	{ "given the default port, then it is left out", "https://MAA.test:443/",
	  "https://maa.test" },
	{ "given a path, then it is refused", "https://maa.test/attest", NULL },
	{ "given no TLS, then it is refused", "http://maa.test", NULL },
	{ "given no URL, then it is refused", "maa.test", NULL },
};

static void uses_endpoint(void **state)
{
	const struct endpoint_row *row = *state;
	KW_CLEANUP(kw_config_freep) struct kw_config *config = given_config();
	struct kw_error err = { 0 };
	int r = kw_config_use_endpoint(config, row->url, &err);

	assert_int_equal(r, row->endpoint ? 0 : -1);
	assert_int_equal(config->attestation.n_endpoints, row->endpoint ? 1 : 0);
	if (row->endpoint)
		assert_string_equal(config->attestation.endpoints[0], row->endpoint);
	else
		assert_true(kw_error_is(&err, KW_E_CFG_USAGE));
}

static void the_last_nonce_counts(void **state)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = given_config();

	(void)state;
	kw_config_use_nonce(config, "first");
	kw_config_use_nonce(config, "second");
	assert_int_equal(config->attestation.n_client_payload, 1);
	assert_string_equal(config->attestation.client_payload[0].name, "nonce");
	assert_string_equal(config->attestation.client_payload[0].value, "second");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_last_nonce_counts) };

	return KW_ROWS_RUN(endpoint_rows, uses_endpoint)
	       + cmocka_run_group_tests_name("override", tests, NULL, NULL);
}
