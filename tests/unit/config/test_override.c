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

static const struct port_row {
	const char *name, *port, *http; /* NULL: refused */
} port_rows[] = {
	{ "given a port, then it is that of http", "50000", "127.0.0.1:50000" },
	{ "given the last port, then it is taken", "65535", "127.0.0.1:65535" },
	{ "given one more, then it is refused", "65536", NULL },
	{ "given none, then it is refused", "", NULL },
	{ "given port 0, then it is refused", "0", NULL },
	{ "given an address, then it is refused", "0.0.0.0:80", NULL },
	{ "given a sign, then it is refused", "+80", NULL },
};

static void uses_port(void **state)
{
	const struct port_row *row = *state;
	KW_CLEANUP(kw_config_freep) struct kw_config *config = given_config();
	struct kw_error err = { 0 };
	int r = kw_config_use_port(config, row->port, &err);

	assert_int_equal(r, row->http ? 0 : -1);
	assert_string_equal(config->server.http, row->http ? row->http : "127.0.0.1:8080");
}

static const struct source_row {
	const char *name, *host;
	enum kw_collateral_source source;
	const char *thim, *kds; /* NULL: refused */
	size_t n_sources;
} source_rows[] = {
	{ "given THIM at a host, then it is asked there", "127.0.0.1:81", KW_SOURCE_THIM,
	  "http://127.0.0.1:81", "https://kdsintf.amd.com", 4 },
	{ "given THIM, then it is asked where it is", "", KW_SOURCE_THIM, "",
	  "https://kdsintf.amd.com", 4 },
	{ "given KDS, then it is one more source", "kds.test", KW_SOURCE_KDS, "",
	  "https://kds.test", 5 },
	{ "given the Azure cache, then it is one more source", "global.acccache.azure.net",
	  KW_SOURCE_AZURE_CACHE, "", "https://kdsintf.amd.com", 5 },
	{ "given the Azure cache elsewhere, then it is refused", "cache.test",
	  KW_SOURCE_AZURE_CACHE, NULL, NULL, 0 },
	{ "given a user, then it is refused", "a@b", KW_SOURCE_THIM, NULL, NULL, 0 },
	{ "given a query, then it is refused", "a?b", KW_SOURCE_THIM, NULL, NULL, 0 },
};

static void uses_source(void **state)
{
	const struct source_row *row = *state;
	KW_CLEANUP(kw_config_freep) struct kw_config *config = given_config();
	struct kw_error err = { 0 };
	int r = kw_config_use_source(config, row->source, row->host, &err);

	assert_int_equal(r, row->thim ? 0 : -1);
	if (r < 0)
		return;
	assert_string_equal(config->collateral.thim, row->thim);
	assert_string_equal(config->collateral.kds, row->kds);
	assert_int_equal(config->collateral.n_sources, row->n_sources);
}

static void remote_collateral_leaves_out_what_is_local(void **state)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = given_config();

	(void)state;
	kw_config_use_remote_collateral(config);
	assert_int_equal(config->collateral.n_sources, 2);
	assert_int_equal(config->collateral.sources[0], KW_SOURCE_DEVICE);
	assert_int_equal(config->collateral.sources[1], KW_SOURCE_THIM);
	config->collateral.n_sources = 1;
	config->collateral.sources[0] = KW_SOURCE_FILE;
	kw_config_use_remote_collateral(config);
	assert_int_equal(config->collateral.n_sources, 1);
	assert_int_equal(config->collateral.sources[0], KW_SOURCE_THIM);
}

static const struct payload_row {
	const char *name, *json, *value; /* of "a"; NULL: refused */
	size_t n;
} payload_rows[] = {
	{ "given one member, then it is the payload", "{\"a\":\"1\"}", "1", 1 },
	{ "given two members, then both are", "{\"a\":\"x\",\"b\":\"\"}", "x", 2 },
	{ "given a number, then it is refused", "{\"a\":1}", NULL, 0 },
	{ "given an object in it, then it is refused", "{\"a\":{}}", NULL, 0 },
	{ "given an array, then it is refused", "[\"a\"]", NULL, 0 },
	{ "given a member twice, then it is refused", "{\"a\":\"1\",\"a\":\"1\"}", NULL, 0 },
	{ "given something behind it, then it is refused", "{\"a\":\"1\"}x", NULL, 0 },
};

static void uses_payload(void **state)
{
	const struct payload_row *row = *state;
	KW_CLEANUP(kw_config_freep) struct kw_config *config = given_config();
	struct kw_error err = { 0 };

	kw_config_use_nonce(config, "before");
	assert_int_equal(kw_config_use_payload(config, row->json, &err), row->value ? 0 : -1);
	assert_int_equal(config->attestation.n_client_payload, row->value ? row->n : 1);
	if (!row->value) {
		assert_true(kw_error_is(&err, KW_E_CFG_USAGE));
		assert_string_equal(config->attestation.client_payload[0].value, "before");
		return;
	}
	assert_string_equal(config->attestation.client_payload[0].name, "a");
	assert_string_equal(config->attestation.client_payload[0].value, row->value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_nonce_counts),
		cmocka_unit_test(remote_collateral_leaves_out_what_is_local),
	};

	return KW_ROWS_RUN(port_rows, uses_port) + KW_ROWS_RUN(source_rows, uses_source)
	       + KW_ROWS_RUN(endpoint_rows, uses_endpoint) + KW_ROWS_RUN(payload_rows, uses_payload)
	       + cmocka_run_group_tests_name("override", tests, NULL, NULL);
}
