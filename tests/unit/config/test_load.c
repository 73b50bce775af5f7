/* SPDX-License-Identifier: Apache-2.0 */
/* The whole way from text to struct: every field, every default. */
#include "config/config.h"
#include "config/full_config.h"
#include "rows.h"
#include "util/log.h"
#include "util/secret.h"

static struct kw_config *parse(const char *text)
{
	struct kw_config *config = NULL;
	struct kw_error err = { 0 };

	if (kw_config_parse("test.yaml", text, strlen(text), &config, &err) < 0)
		fail_msg("%s", err.detail);
	return config;
}

static void evidence_and_collateral_are_read(void **state)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *c = parse(full_config);

	(void)state;
	assert_string_equal(c->path, "test.yaml");
	assert_int_equal(c->api_version, 0);
	assert_int_equal(c->cloud, KW_CLOUD_CUSTOM);
	assert_int_equal(c->evidence.provider, KW_EVIDENCE_AZURE_VTPM);
	assert_string_equal(c->evidence.tcti, "swtpm:host=127.0.0.1,port=2321");
	assert_int_equal(c->evidence.n_pcrs, 3);
	assert_int_equal(c->evidence.pcrs[0], 0);
	assert_int_equal(c->evidence.pcrs[2], 23);
	assert_string_equal(c->evidence.event_log, "/run/log");
	assert_int_equal(c->evidence.freshness, KW_FRESHNESS_OFF);
	assert_int_equal(c->evidence.wrapping_key, KW_WRAPPING_COMPATIBLE);
	assert_string_equal(c->evidence.owner_auth_file, "/etc/owner");
	assert_true(c->evidence.require_event_log);
	assert_true(c->evidence.allow_debug);
	assert_true(c->evidence.allow_masked_chip);
	assert_string_equal(c->imds.endpoint, "http://127.0.0.1:8900");
	assert_int_equal(c->collateral.n_sources, 2);
	assert_int_equal(c->collateral.sources[0], KW_SOURCE_AZURE_CACHE);
	assert_int_equal(c->collateral.sources[1], KW_SOURCE_KDS);
	assert_string_equal(c->collateral.file, "/run/collateral");
	assert_string_equal(c->collateral.trusted_roots, "/etc/roots.pem");
	assert_int_equal(c->collateral.crl, KW_CRL_IF_PRESENT);
	assert_string_equal(c->collateral.thim, "http://127.0.0.1:8901");
	assert_string_equal(c->collateral.kds, "https://kds.test");
}

static void attestation_and_identity_are_read(void **state)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *c = parse(full_config);

	(void)state;
	assert_int_equal(c->attestation.n_endpoints, 2);
	assert_string_equal(c->attestation.endpoints[0], "https://maa.test"); /* canonical */
	assert_string_equal(c->attestation.endpoints[1], "https://maa2.test:8443");
	assert_int_equal(c->attestation.n_client_payload, 2);
	assert_string_equal(c->attestation.client_payload[0].name, "nonce");
	assert_string_equal(c->attestation.client_payload[0].value, "a: b");
	assert_string_equal(c->attestation.client_payload[1].value, "\xc3\xa9");
	assert_int_equal(c->attestation.max_age_ms, 1800000);
	assert_string_equal(c->attestation.api_version, "2022-08-01");
	assert_string_equal(c->attestation.bearer, "https://attest.test");
	assert_int_equal(c->attestation.service_tee.mode, KW_TEE_REQUIRE);
	assert_int_equal(c->attestation.service_tee.n_measurements, 2);
	assert_string_equal(c->attestation.service_tee.measurements[0], "00ff");
	assert_int_equal(c->identity.provider, KW_IDENTITY_TOKEN_FILE);
	assert_string_equal(c->identity.client_id, "");
	assert_string_equal(c->identity.object_id, "22222222-3333-4444-5555-666666666666");
	assert_string_equal(c->identity.resource_id, "");
	assert_string_equal(c->identity.token_file, "/run/token");
	assert_string_equal(c->identity.audience, "https://vault.test");
	assert_string_equal(c->identity.authority, "https://login.test");
}

static void keys_are_read(void **state)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *c = parse(full_config);
	const struct kw_config_key *key = kw_config_key_find(c, "db");

	(void)state;
	assert_int_equal(c->n_keys, 2);
	assert_ptr_equal(key, &c->keys[0]);
	assert_null(kw_config_key_find(c, "nobody"));
	assert_string_equal(key->url, "https://vault.test:8443/keys/disk-key/0123abc");
	assert_string_equal(key->id.origin.host, "vault.test");
	assert_int_equal(key->id.origin.port, 8443);
	assert_string_equal(key->id.name, "disk-key");
	assert_string_equal(key->id.version, "0123abc");
	assert_false(key->required);
	assert_int_equal(key->refresh_ms, 300000);
	assert_int_equal(key->grace_ms, 60000);
	assert_int_equal(key->max_stale_ms, 172800000);
	assert_int_equal(key->on_denied, KW_ON_DENIED_KEEP);
	assert_true(key->export_allowed);
	assert_int_equal(key->identity->provider, KW_IDENTITY_WORKLOAD);
	assert_string_equal(key->identity->resource_id, "/subscriptions/x");
	assert_string_equal(key->identity->audience, "api://a");
	assert_int_equal(key->n_attestation_endpoints, 1);
	assert_string_equal(key->attestation_endpoints[0], "https://maa3.test");
	assert_int_equal(key->n_fallback_urls, 1);
	assert_string_equal(key->fallback_urls[0], "https://vault2.test/keys/disk-key");
	assert_false(c->keys[1].export_allowed);
	assert_string_equal(c->keys[1].id.version, "");
	assert_null(c->keys[1].identity);
}

static void rules_and_outputs_are_read(void **state)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *c = parse(full_config);
	const struct kw_config_key *key = &c->keys[0];

	(void)state;
	assert_int_equal(key->n_allow, 4);
	assert_true(key->allow[0].any);
	assert_int_equal(key->allow[0].uid, -1);
	assert_int_equal(key->allow[1].uid, 0);
	assert_false(key->allow[1].any);
	assert_int_equal(key->allow[2].gid, 4294967294);
	assert_string_equal(key->allow[3].token, "app");
	assert_int_equal(key->n_outputs, 2);
	assert_string_equal(key->outputs[0].path, "/run/db.pem");
	assert_int_equal(key->outputs[0].format, KW_FORMAT_PEM);
	assert_int_equal(key->outputs[0].mode, 0440);
	assert_int_equal(key->outputs[0].gid, 2000);
	assert_true(key->outputs[0].allow_disk);
	assert_int_equal(key->outputs[1].format, KW_FORMAT_BASE64);
	assert_int_equal(key->outputs[1].mode, 0400);
	assert_int_equal(key->outputs[1].gid, -1);
	assert_int_equal(c->n_secrets, 1);
	assert_string_equal(c->secrets[0].name, "env");
	assert_string_equal(c->secrets[0].source, "/etc/env.jwe");
	assert_string_equal(c->secrets[0].key, "db");
	assert_string_equal(c->secrets[0].outputs[0].path, "/run/env");
	assert_int_equal(c->secrets[0].outputs[0].mode, 0600);
}

static void the_server_is_read(void **state)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *c = parse(full_config);

	(void)state;
	assert_string_equal(c->server.http, "[::1]:9080");
	assert_string_equal(c->server.socket.path, "/run/s.sock");
	assert_int_equal(c->server.socket.mode, 0600);
	assert_int_equal(c->server.socket.gid, 7);
	assert_string_equal(c->server.health, "0.0.0.0:9081");
	assert_int_equal(c->server.n_tokens, 1);
	assert_string_equal(c->server.tokens[0].name, "app");
	assert_string_equal(c->server.tokens[0].file, "/run/app/token");
	assert_int_equal(c->server.attest.n_allow, 1);
	assert_int_equal(c->server.attest.allow[0].uid, 5);
	assert_true(c->server.attest.caller_keys);
	assert_true(c->server.compat.enabled);
	assert_true(c->server.compat.strict_status);
	assert_int_equal(c->server.n_hosts, 1);
	assert_string_equal(c->server.hosts[0], "keyward.local:9080");
}

static void the_small_sections_are_read(void **state)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *c = parse(full_config);

	(void)state;
	assert_string_equal(c->tls.ca_file, "/etc/ca.pem");
	assert_string_equal(c->release.signer_roots, "/etc/signers.pem");
	assert_int_equal(c->release.enc, KW_ENC_CKM_RSA_AES_KEY_WRAP);
	assert_true(c->release.enc_fallback);
	assert_false(c->release.require_nonce_echo);
	assert_true(c->release.strict_public_half);
	assert_string_equal(c->network.proxy, "http://proxy.test:3128");
	assert_int_equal(c->network.n_connect_to, 1);
	assert_string_equal(c->network.connect_to[0], "vault.test:443:127.0.0.1:8443");
	assert_int_equal(c->retry.deadline_ms, 10000);
	assert_int_equal(c->retry.attempts, 3);
	assert_int_equal(c->retry.base_ms, 50);
	assert_int_equal(c->retry.max_ms, 1000);
	assert_int_equal(c->retry.imds_deadline_ms, 20000);
	assert_int_equal(c->init.deadline_ms, 20000);
	assert_int_equal(c->time.skew_ms, 30000);
	assert_string_equal(c->audit.path, "/var/log/audit");
	assert_true(c->audit.required);
	assert_int_equal(c->log.level, KW_LOG_DEBUG);
	assert_int_equal(c->log.format, KW_LOG_JSON);
	assert_int_equal(c->memory.lock, KW_LOCK_BEST_EFFORT);
}

static void evidence_has_the_documented_defaults(void **state)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *c = parse("apiVersion: keyward/v1\n");

	(void)state;
	assert_int_equal(c->cloud, KW_CLOUD_PUBLIC);
	assert_int_equal(c->evidence.provider, KW_EVIDENCE_AUTO);
	assert_string_equal(c->evidence.tcti, "device:/dev/tpmrm0");
	assert_int_equal(c->evidence.n_pcrs, 8);
	assert_int_equal(c->evidence.pcrs[7], 7);
	assert_string_equal(c->evidence.event_log, "/run/keyward/node/eventlog");
	assert_int_equal(c->evidence.freshness, KW_FRESHNESS_AUTO);
	assert_int_equal(c->evidence.wrapping_key, KW_WRAPPING_PRIVATE);
	assert_false(c->evidence.require_event_log);
	assert_false(c->evidence.allow_debug);
	assert_false(c->evidence.allow_masked_chip);
	assert_string_equal(c->imds.endpoint, "http://169.254.169.254");
	assert_int_equal(c->collateral.n_sources, 4);
	assert_int_equal(c->collateral.sources[3], KW_SOURCE_THIM);
	assert_string_equal(c->collateral.trusted_roots, "builtin");
	assert_int_equal(c->collateral.crl, KW_CRL_OFF);
	assert_string_equal(c->collateral.kds, "https://kdsintf.amd.com");
	assert_int_equal(c->attestation.n_endpoints, 0);
	assert_int_equal(c->attestation.max_age_ms, 3600000);
	assert_int_equal(c->attestation.service_tee.mode, KW_TEE_OFF);
	assert_int_equal(c->identity.provider, KW_IDENTITY_AUTO);
	assert_string_equal(c->identity.client_id, "");
}

static void the_rest_has_the_documented_defaults(void **state)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *c = parse("apiVersion: keyward/v1\n");

	(void)state;
	assert_int_equal(c->n_keys + c->n_secrets + c->server.n_tokens + c->server.n_hosts, 0);
	assert_string_equal(c->server.http, "127.0.0.1:8080");
	assert_string_equal(c->server.socket.path, "/run/keyward/keyward.sock");
	assert_int_equal(c->server.socket.mode, 0660);
	assert_int_equal(c->server.socket.gid, -1);
	assert_string_equal(c->server.health, "127.0.0.1:8081");
	assert_int_equal(c->server.attest.n_allow, 0);
	assert_false(c->server.compat.enabled);
	assert_string_equal(c->tls.ca_file, "");
	assert_string_equal(c->release.signer_roots, "system");
	assert_int_equal(c->release.enc, KW_ENC_RSA_AES_KEY_WRAP_256);
	assert_true(c->release.require_nonce_echo);
	assert_int_equal(c->retry.deadline_ms, 45000);
	assert_int_equal(c->retry.attempts, 6);
	assert_int_equal(c->retry.base_ms, 500);
	assert_int_equal(c->retry.max_ms, 20000);
	assert_int_equal(c->retry.imds_deadline_ms, 90000);
	assert_int_equal(c->init.deadline_ms, 180000);
	assert_int_equal(c->time.skew_ms, 300000);
	assert_int_equal(c->log.level, KW_LOG_INFO);
	assert_int_equal(c->log.format, KW_LOG_AUTO);
	assert_int_equal(c->memory.lock, KW_LOCK_REQUIRED);
}

static void a_key_has_the_documented_defaults(void **state)
{
	KW_CLEANUP(kw_config_freep)
	struct kw_config *c = parse("apiVersion: keyward/v1\n"
				    "attestation: {endpoints: [https://m.weu.attest.azure.net]}\n"
				    "keys: [{name: k, url: https://v.vault.azure.net/keys/k}]\n");
	const struct kw_config_key *key = &c->keys[0];

	(void)state;
	assert_true(key->required);
	assert_int_equal(key->refresh_ms, 3600000);
	assert_int_equal(key->grace_ms, 600000);
	assert_int_equal(key->max_stale_ms, 86400000);
	assert_int_equal(key->on_denied, KW_ON_DENIED_REVOKE);
	assert_true(key->export_allowed);
	assert_int_equal(key->n_allow + key->n_outputs, 0);
	assert_null(key->identity);
}

static void a_part_that_may_be_off_accepts_an_empty_text(void **state)
{
	KW_CLEANUP(kw_config_freep)
	struct kw_config *c = parse("apiVersion: keyward/v1\n"
				    "evidence: {eventLog: \"\"}\n"
				    "server: {http: '', health: \"\", socket: {path: \"\"}}\n");

	(void)state;
	assert_string_equal(c->evidence.event_log, "");
	assert_string_equal(c->server.http, "");
	assert_string_equal(c->server.health, "");
	assert_string_equal(c->server.socket.path, "");
}

static void a_file_that_is_not_there_is_named(void **state)
{
	struct kw_config *config = NULL;
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_config_load("/nowhere/keyward.yaml", &config, &err), -1);
	assert_true(kw_error_is(&err, KW_E_CFG_READ));
	assert_non_null(strstr(err.detail, "/nowhere/keyward.yaml"));
	assert_null(config);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(evidence_and_collateral_are_read),
		cmocka_unit_test(attestation_and_identity_are_read),
		cmocka_unit_test(keys_are_read),
		cmocka_unit_test(rules_and_outputs_are_read),
		cmocka_unit_test(the_server_is_read),
		cmocka_unit_test(the_small_sections_are_read),
		cmocka_unit_test(evidence_has_the_documented_defaults),
		cmocka_unit_test(the_rest_has_the_documented_defaults),
		cmocka_unit_test(a_key_has_the_documented_defaults),
		cmocka_unit_test(a_part_that_may_be_off_accepts_an_empty_text),
		cmocka_unit_test(a_file_that_is_not_there_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
