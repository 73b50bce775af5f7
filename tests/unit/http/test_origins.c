/* SPDX-License-Identifier: Apache-2.0 */
#include "http/origins.h"

#include "given.h"
#include "rows.h"

static char *endpoints[] = { "https://sharedweu.weu.attest.azure.net",
			     "https://attest.example:8443" };
static char *key_endpoints[] = { "https://own.attest.example" };
static char *fallbacks[] = { "https://second.vault.example/keys/db" };
static struct kw_config_identity key_identity = {
	.provider = KW_IDENTITY_WORKLOAD,
	.client_id = "",
	.object_id = "",
	.resource_id = "",
	.token_file = "",
	.audience = "",
	.authority = "https://login.example/",
};
static struct kw_config_key keys[] = {
	{ .url = "https://Contoso.vault.azure.net/keys/db",
	  .attestation_endpoints = key_endpoints,
	  .n_attestation_endpoints = 1,
	  .fallback_urls = fallbacks,
	  .n_fallback_urls = 1,
	  .identity = &key_identity },
	{ .url = "https://[2001:db8::1]:8200/keys/other" },
};

static struct kw_config all(void)
{
	struct kw_config config = given_config();
	config.attestation.endpoints = endpoints;
	config.attestation.n_endpoints = 2;
	config.keys = keys;
	config.n_keys = 2;
	config.identity.authority = "https://login.unused.example";
	return config;
}

static const struct row {
	const char *name;
	enum kw_upstream upstream;
	const char *url, *rest; /* NULL: refused */
} rows[] = {
	{ "given IMDS as configured, it is allowed", KW_UPSTREAM_IMDS,
	  "http://169.254.169.254/metadata/x?y=z", "/metadata/x?y=z" },
	{ "given no own THIM, it follows IMDS", KW_UPSTREAM_THIM, "http://169.254.169.254/m",
	  "/m" },
	{ "given a key's vault, it is allowed", KW_UPSTREAM_VAULT,
	  "https://contoso.vault.azure.net/keys/db/release", "/keys/db/release" },
	{ "given its default port, it is the same", KW_UPSTREAM_VAULT,
	  "https://contoso.vault.azure.net:443/", "/" },
	{ "given no path, it is allowed", KW_UPSTREAM_VAULT, "https://contoso.vault.azure.net",
	  "" },
	{ "given a fallback vault, it is allowed", KW_UPSTREAM_VAULT,
	  "https://second.vault.example/k", "/k" },
	{ "given an IPv6 literal in another form, it is the same", KW_UPSTREAM_VAULT,
	  "https://[2001:DB8:0::1]:8200/k", "/k" },
	{ "given an attestation endpoint, it is allowed", KW_UPSTREAM_MAA,
	  "https://sharedweu.weu.attest.azure.net/attest", "/attest" },
	{ "given the keys of the second endpoint, they are allowed", KW_UPSTREAM_MAA_KEYS,
	  "https://attest.example:8443/certs", "/certs" },
	{ "given the endpoint of a key, it is allowed", KW_UPSTREAM_MAA,
	  "https://own.attest.example/a", "/a" },
	{ "given the authority of a key, it is allowed", KW_UPSTREAM_ENTRA,
	  "https://login.example/tenant", "/tenant" },

	{ "given another port, it is refused", KW_UPSTREAM_MAA, "https://attest.example/attest",
	  NULL },
	{ "given another scheme, it is refused", KW_UPSTREAM_VAULT,
	  "http://contoso.vault.azure.net/", NULL },
	{ "given a host below a listed one, it is refused", KW_UPSTREAM_VAULT,
	  "https://x.contoso.vault.azure.net/", NULL },
	{ "given another vault of the same cloud, it is refused", KW_UPSTREAM_VAULT,
	  "https://fabrikam.vault.azure.net/", NULL },
	{ "given a listed host as user information, it is refused", KW_UPSTREAM_VAULT,
	  "https://contoso.vault.azure.net@evil.example/", NULL },
	{ "given a listed host as a path, it is refused", KW_UPSTREAM_VAULT,
	  "https://evil.example/contoso.vault.azure.net", NULL },
	{ "given a backslash, it is refused", KW_UPSTREAM_VAULT,
	  "https://evil.example\\@contoso.vault.azure.net/", NULL },
	{ "given a vault as a place to attest, it is refused", KW_UPSTREAM_MAA,
	  "https://contoso.vault.azure.net/attest", NULL },
	{ "given IMDS as a place for keys, it is refused", KW_UPSTREAM_MAA_KEYS,
	  "http://169.254.169.254/certs", NULL },
	{ "given the authority that no identity uses, it is refused", KW_UPSTREAM_ENTRA,
	  "https://login.unused.example/t", NULL },
	{ "given KDS, which no source names, it is refused", KW_UPSTREAM_KDS,
	  "https://kdsintf.amd.com/vcek", NULL },
	{ "given a file, it is refused", KW_UPSTREAM_VAULT, "file:///etc/passwd", NULL },
	{ "given nothing, it is refused", KW_UPSTREAM_VAULT, "", NULL },
	{ "given a line break, it is refused", KW_UPSTREAM_VAULT,
	  "https://contoso.vault.azure.net/\r\nX: y", NULL },
};

static void urls_are_judged(void **state)
{
	const struct row *row = *state;
	const struct kw_config config = all();
	KW_CLEANUP(kw_origins_clear) struct kw_origins origins = { 0 };
	struct kw_error err = { 0 };
	const char *rest = NULL;
	size_t at = SIZE_MAX;
	assert_int_equal(kw_origins_new(&config, &origins, &err), 0);

	int r = kw_origins_find(&origins, row->upstream, row->url, &at, &rest, &err);
	assert_int_equal(r, row->rest != NULL ? 0 : -1);
	assert_int_equal(at < origins.n_rows, row->rest != NULL);
	assert_int_equal(kw_error_is(&err, KW_E_CFG_ORIGIN), row->rest == NULL);
	if (row->rest != NULL)
		assert_string_equal(rest, row->rest);
}

static void expect(const struct kw_config *config, enum kw_upstream upstream, const char *url,
		   bool allowed)
{
	KW_CLEANUP(kw_origins_clear) struct kw_origins origins = { 0 };
	struct kw_error err = { 0 };
	const char *rest = NULL;
	size_t at = 0;
	assert_int_equal(kw_origins_new(config, &origins, &err), 0);
	assert_int_equal(kw_origins_find(&origins, upstream, url, &at, &rest, &err),
			 allowed ? 0 : -1);
}

static void sources_that_are_named_are_allowed(void **state)
{
	enum kw_collateral_source kds = KW_SOURCE_KDS, cache = KW_SOURCE_AZURE_CACHE;
	struct kw_config config = given_config();
	(void)state;
	config.collateral.n_sources = 1;
	config.collateral.sources = &kds;
	expect(&config, KW_UPSTREAM_KDS, "https://kdsintf.amd.com/vcek", true);
	expect(&config, KW_UPSTREAM_KDS, "https://global.acccache.azure.net/x", false);
	config.collateral.sources = &cache;
	expect(&config, KW_UPSTREAM_KDS, "https://kdsintf.amd.com/vcek", false);
	expect(&config, KW_UPSTREAM_KDS, "https://global.acccache.azure.net/x", true);
}

static void an_own_thim_takes_the_place_of_imds(void **state)
{
	struct kw_config config = given_config();
	(void)state;
	config.collateral.thim = "http://127.0.0.1:9000";
	expect(&config, KW_UPSTREAM_THIM, "http://127.0.0.1:9000/x", true);
	expect(&config, KW_UPSTREAM_THIM, "http://169.254.169.254/x", false);
	expect(&config, KW_UPSTREAM_IMDS, "http://127.0.0.1:9000/x", false);
}

static void set_webhook(const char *authority)
{
	setenv("AZURE_CLIENT_ID", "id", 1);
	setenv("AZURE_TENANT_ID", "tenant", 1);
	setenv("AZURE_FEDERATED_TOKEN_FILE", "/file", 1);
	setenv("AZURE_AUTHORITY_HOST", authority, 1);
}

static int unset_webhook(void **state)
{
	(void)state;
	unsetenv("AZURE_CLIENT_ID");
	unsetenv("AZURE_TENANT_ID");
	unsetenv("AZURE_FEDERATED_TOKEN_FILE");
	unsetenv("AZURE_AUTHORITY_HOST");
	return 0;
}

static void the_webhooks_authority_is_allowed_where_it_applies(void **state)
{
	struct kw_config config = given_config();
	(void)state;
	set_webhook("https://login.partner.example/");
	expect(&config, KW_UPSTREAM_ENTRA, "https://login.partner.example/t", true);
	config.identity.authority = "https://login.own.example";
	expect(&config, KW_UPSTREAM_ENTRA, "https://login.partner.example/t", false);
	expect(&config, KW_UPSTREAM_ENTRA, "https://login.own.example/t", true);
	config.identity.provider = KW_IDENTITY_MANAGED;
	expect(&config, KW_UPSTREAM_ENTRA, "https://login.own.example/t", false);
	config.identity.provider = KW_IDENTITY_AUTO;
	config.identity.authority = "";
	unsetenv("AZURE_TENANT_ID");
	expect(&config, KW_UPSTREAM_ENTRA, "https://login.partner.example/t", false);
}

static void the_clouds_authority_is_allowed_without_the_webhooks(void **state)
{
	struct kw_config config = given_config();
	(void)state;
	config.identity.provider = KW_IDENTITY_WORKLOAD;
	expect(&config, KW_UPSTREAM_ENTRA, "https://login.microsoftonline.com/t", true);
	config.cloud = KW_CLOUD_CUSTOM;
	expect(&config, KW_UPSTREAM_ENTRA, "https://login.microsoftonline.com/t", false);
}

static void refuses(const struct kw_config *config, const char *says)
{
	KW_CLEANUP(kw_origins_clear) struct kw_origins origins = { 0 };
	struct kw_error err = { 0 };
	assert_int_equal(kw_origins_new(config, &origins, &err), -1);
	assert_true(kw_error_is(&err, KW_E_CFG_VALUE));
	assert_non_null(strstr(err.detail, says));
	assert_null(origins.rows);
}

static void endpoints_that_are_none_are_refused(void **state)
{
	struct kw_config config = given_config();
	(void)state;
	config.imds.endpoint = "ftp://host";
	refuses(&config, "imds.endpoint: 'ftp://host'");
	config = given_config();
	set_webhook("http://login.example");
	refuses(&config, "AZURE_AUTHORITY_HOST: 'http://login.example' is not https");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sources_that_are_named_are_allowed),
		cmocka_unit_test(an_own_thim_takes_the_place_of_imds),
		cmocka_unit_test_teardown(the_webhooks_authority_is_allowed_where_it_applies,
					  unset_webhook),
		cmocka_unit_test(the_clouds_authority_is_allowed_without_the_webhooks),
		cmocka_unit_test_teardown(endpoints_that_are_none_are_refused, unset_webhook),
	};
	int failed = KW_ROWS_RUN(rows, urls_are_judged);
	unset_webhook(NULL);
	return failed + cmocka_run_group_tests_name("origins", tests, NULL, NULL);
}
