/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"
#include "rows.h"

#define HEAD "apiVersion: keyward/v1\nattestation: {endpoints: [https://maa.test]}\n"
#define KEY(name, more) "{name: " name ", url: https://v.vault.azure.net/keys/k" more "}"
#define TOKENS(list) "server: {tokens: [" list "]}\n"

static const struct row {
	const char *name, *now, *next;
	bool equal;
	const char *restart; /* NULL: none is needed */
} rows[] = {
	{ "given the same, nothing differs", HEAD, HEAD, true, NULL },
	{ "given a default written out, nothing differs", HEAD, HEAD "cloud: public\n", true,
	  NULL },
	{ "given a new key, it is reloaded", HEAD, HEAD "keys: [" KEY("a", "") "]\n", false, NULL },
	{ "given another allow rule, it is reloaded", HEAD "keys: [" KEY("a", "") "]\n",
	  HEAD "keys: [" KEY("a", ", allow: [{any: true}]") "]\n", false, NULL },
	{ "given an identity of its own, it is reloaded", HEAD "keys: [" KEY("a", "") "]\n",
	  HEAD "keys: [" KEY("a", ", identity: {provider: managed}") "]\n", false, NULL },
	{ "given another payload, it is reloaded",
	  "apiVersion: keyward/v1\nattestation: {clientPayload: {a: b}}\n",
	  "apiVersion: keyward/v1\nattestation: {clientPayload: {a: c}}\n", false, NULL },
	{ "given another list of PCRs, it is reloaded", HEAD, HEAD "evidence: {pcrs: [7]}\n", false,
	  NULL },
	{ "given another address, it needs a restart", HEAD,
	  HEAD "server: {http: \"127.0.0.1:9\"}\n", false, "'server.http'" },
	{ "given another socket mode, it needs a restart", HEAD,
	  HEAD "server: {socket: {mode: \"0600\"}}\n", false, "'server.socket.mode'" },
	{ "given a change of both kinds, it needs a restart", HEAD,
	  HEAD "cloud: usgov\naudit: {path: /a}\n", false, "'audit.path'" },
	{ "given a new token, it is reloaded", HEAD TOKENS("{name: a, file: /a}"),
	  HEAD TOKENS("{name: b, file: /b}, {name: a, file: /a}"), false, NULL },
	{ "given a new token and a record that is wanted, it needs a restart",
	  HEAD TOKENS("{name: a, file: /a}"),
	  HEAD TOKENS(
		  "{name: b, file: /b}, {name: a, file: /a}") "audit: {path: /x, required: true}\n",
	  false, "'audit.path'" },
	{ "given a removed token, it is reloaded",
	  HEAD TOKENS("{name: a, file: /a}, {name: b, file: /b}"),
	  HEAD TOKENS("{name: b, file: /b}"), false, NULL },
	{ "given another file of a token, it needs a restart", HEAD TOKENS("{name: a, file: /a}"),
	  HEAD TOKENS("{name: a, file: /b}"), false, "'server.tokens.file'" },
};

static struct kw_config *config_of(const char *text)
{
	struct kw_config *config = NULL;
	struct kw_error err = { 0 };

	assert_int_equal(kw_config_parse("test", text, strlen(text), &config, &err), 0);
	return config;
}

static void compares(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(kw_config_freep) struct kw_config *now = config_of(row->now);
	KW_CLEANUP(kw_config_freep) struct kw_config *next = config_of(row->next);
	struct kw_error err = { 0 };

	assert_int_equal(kw_config_equal(now, next), row->equal);
	assert_int_equal(kw_config_reloadable(now, next, &err), row->restart ? -1 : 0);
	if (row->restart) {
		assert_true(kw_error_is(&err, KW_E_CFG_RESTART));
		assert_non_null(strstr(err.detail, row->restart));
	}
}
KW_TEST_ROWS(rows, compares)
