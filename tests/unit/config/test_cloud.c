/* SPDX-License-Identifier: Apache-2.0 */
/* Audiences, authorities and the list of custom trust, by cloud. */
#include "config/config.h"
#include "rows.h"
#include "util/text.h"

#define V1 "apiVersion: keyward/v1\n"
#define MAA "attestation: {endpoints: [https://m.weu.attest.azure.net]}\n"
#define KEY "keys: [{name: k, url: https://v.vault.azure.net/keys/k}]\n"

static struct kw_config *parse(const char *text)
{
	struct kw_config *config = NULL;
	struct kw_error err = { 0 };

	if (kw_config_parse("f", text, strlen(text), &config, &err) < 0)
		fail_msg("%s", err.detail);
	return config;
}

/* Spec: key release 3.1. */
static const struct audience {
	const char *name, *cloud, *url, *expect; /* NULL: not known */
} audiences[] = {
	{ "given a public vault, its audience is known", "public", "https://a.vault.azure.net",
	  "https://vault.azure.net" },
	{ "given a public HSM, its audience is known", "public", "https://a.managedhsm.azure.net",
	  "https://managedhsm.azure.net" },
	{ "given a Chinese vault, its audience is known", "china", "https://a.vault.azure.cn",
	  "https://vault.azure.cn" },
	{ "given a Chinese HSM, its audience is known", "china", "https://a.managedhsm.azure.cn",
	  "https://managedhsm.azure.cn" },
	{ "given a US Government vault, its audience is known", "usgov",
	  "https://a.vault.usgovcloudapi.net", "https://vault.usgovcloudapi.net" },
	{ "given a US Government HSM, its audience is known", "usgov",
	  "https://a.managedhsm.usgovcloudapi.net", "https://managedhsm.usgovcloudapi.net" },
	{ "given a suffix within a label, it means nothing", "public",
	  "https://evilvault.azure.net", NULL },
	{ "given the suffix alone, it means nothing", "public", "https://vault.azure.net", NULL },
	{ "given the suffix in the middle, it means nothing", "public",
	  "https://a.vault.azure.net.evil.test", NULL },
	{ "given a vault of another cloud, it is not known", "china", "https://a.vault.azure.net",
	  NULL },
	{ "given a custom cloud, no suffix means anything", "custom", "https://a.vault.azure.net",
	  NULL },
	{ "given an address, it is not known", "public", "https://127.0.0.1:8443", NULL },
};

static void audience_is_known(void **state)
{
	const struct audience *row = *state;
	KW_CLEANUP(freep) char *text = kw_format(V1 "cloud: %s\n", row->cloud);
	KW_CLEANUP(kw_config_freep) struct kw_config *config = parse(text);
	struct kw_origin vault;
	const char *audience;

	assert_true(kw_origin_parse(row->url, &vault, NULL));
	audience = kw_config_audience(config, &config->identity, &vault);
	assert_string_equal(audience ? audience : "none", row->expect ? row->expect : "none");
}

static void what_is_configured_wins(void **state)
{
	KW_CLEANUP(kw_config_freep)
	struct kw_config *config =
		parse(V1 "identity: {audience: 'https://x.test', authority: 'https://l.test/'}\n");
	struct kw_origin vault;

	(void)state;
	assert_true(kw_origin_parse("https://a.vault.azure.net", &vault, NULL));
	assert_string_equal(kw_config_audience(config, &config->identity, &vault),
			    "https://x.test");
	assert_string_equal(kw_config_authority(config, &config->identity), "https://l.test");
}

static void the_authority_is_of_the_cloud(void **state)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *public = parse(V1);
	KW_CLEANUP(kw_config_freep) struct kw_config *usgov = parse(V1 "cloud: usgov\n");
	KW_CLEANUP(kw_config_freep) struct kw_config *china = parse(V1 "cloud: china\n");
	KW_CLEANUP(kw_config_freep) struct kw_config *custom = parse(V1 "cloud: custom\n");

	(void)state;
	assert_string_equal(kw_config_authority(public, &public->identity),
			    "https://login.microsoftonline.com");
	assert_string_equal(kw_config_authority(usgov, &usgov->identity),
			    "https://login.microsoftonline.us");
	assert_string_equal(kw_config_authority(china, &china->identity),
			    "https://login.partner.microsoftonline.cn");
	assert_null(kw_config_authority(custom, &custom->identity));
}

static const struct trust {
	const char *name, *text, *expect;
} trusts[] = {
	{ "given nothing, trust is built in", V1, "" },
	{ "given a public vault and attestation, trust is built in", V1 MAA KEY, "" },
	{ "given a sovereign cloud, trust is built in",
	  V1 "cloud: usgov\nattestation: {endpoints: [https://m.attest.azure.us]}\n", "" },
	{ "given the built-in values in words, trust is built in",
	  V1 "imds: {endpoint: 'http://169.254.169.254/'}\ncollateral: {trustedRoots: builtin}\n"
	     "identity: {authority: 'https://login.microsoftonline.com/'}\n",
	  "" },
	{ "given a custom cloud, it is named", V1 "cloud: custom\n", "cloud" },
	{ "given other roots and IMDS, they are named",
	  V1 "imds: {endpoint: 'http://127.0.0.1:1'}\ncollateral: {trustedRoots: /r}\n",
	  "imds.endpoint, collateral.trustedRoots" },
	{ "given another THIM and KDS, they are named",
	  V1 "collateral: {thim: 'http://a', kds: 'https://b'}\n",
	  "collateral.thim, collateral.kds" },
	{ "given roots for transport and signers, they are named",
	  V1 "tls: {caFile: /a}\nrelease: {signerRoots: /b}\n", "tls.caFile, release.signerRoots" },
	{ "given other addresses, they are named", V1 "network: {connectTo: ['a:1:127.0.0.1:2']}\n",
	  "network.connectTo" },
	{ "given a proxy alone, trust is built in", V1 "network: {proxy: 'http://p'}\n", "" },
	{ "given another attestation, it is named",
	  V1 "attestation: {endpoints: ['https://m.weu.attest.azure.net', 'https://evil.test']}\n",
	  "attestation.endpoints" },
	{ "given another authority, it is named", V1 "identity: {authority: 'https://l.test'}\n",
	  "identity.authority" },
	{ "given keys with what is theirs, each kind is named once",
	  V1 MAA "keys:\n"
		 "- {name: a, url: 'https://v.test/keys/k', identity: {audience: x,\n"
		 "   authority: 'https://l.test'}, attestation: {endpoints: ['https://m.test']}}\n"
		 "- {name: b, url: 'https://w.test/keys/k', identity: {audience: x}}\n",
	  "keys[].url, keys[].attestation.endpoints, keys[].identity.authority" },
};

static void trust_is_listed(void **state)
{
	const struct trust *row = *state;
	KW_CLEANUP(kw_config_freep) struct kw_config *config = parse(row->text);
	KW_CLEANUP(freep) char *list = kw_config_custom_trust(config);

	assert_string_equal(list, row->expect);
}

static void words_have_values(void **state)
{
	enum kw_key_format format = KW_FORMAT_HEX;

	(void)state;
	assert_string_equal(kw_release_enc_text(KW_ENC_RSA_AES_KEY_WRAP_384),
			    "RSA_AES_KEY_WRAP_384");
	assert_string_equal(kw_key_format_text(KW_FORMAT_DER), "der");
	assert_false(kw_key_format_parse("json", &format));
	assert_int_equal(format, KW_FORMAT_HEX);
	assert_true(kw_key_format_parse("base64", &format));
	assert_int_equal(format, KW_FORMAT_BASE64);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_configured_wins),
		cmocka_unit_test(the_authority_is_of_the_cloud),
		cmocka_unit_test(words_have_values),
	};
	int failed = KW_ROWS_RUN(audiences, audience_is_known);

	failed += KW_ROWS_RUN(trusts, trust_is_listed);
	return failed + cmocka_run_group_tests(tests, NULL, NULL);
}
