/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration refuses, at which line and column, and what it says. */
#include "config/config.h"
#include "rows.h"

#define V1 "apiVersion: keyward/v1\n"
#define MAA "attestation: {endpoints: [https://m.weu.attest.azure.net]}\n"
#define KEY "keys: [{name: k, url: https://v.vault.azure.net/keys/k}]\n"

#define ID "11111111-2222-3333-4444-555555555555"
static const struct row {
	const char *name, *text;
	enum kw_error_name expect;
	const char *says;
} rows[] = {
	/* fields */
	{ "given a misspelt field, the nearest is named", V1 "evidence:\n  pcr: [0]\n",
	  KW_E_CFG_FIELD, "f:3:3: unknown field 'pcr', did you mean 'pcrs'?" },
	{ "given a misspelt section, the nearest is named", V1 "atestation: {}\n", KW_E_CFG_FIELD,
	  "f:2:1: unknown field 'atestation', did you mean 'attestation'?" },
	{ "given a field like no other, all are named", V1 "tls: {somethingElse: 1}\n",
	  KW_E_CFG_FIELD, "f:2:7: unknown field 'somethingElse', known here: caFile" },
	{ "given a repeated field, the first line is named", V1 "log: {}\n\nlog: {}\n",
	  KW_E_CFG_FIELD, "f:4:1: field 'log' is repeated; first on line 2" },
	{ "given a misspelt member of a key, it is placed", V1 MAA "keys:\n- nam: a\n",
	  KW_E_CFG_FIELD, "f:4:3: unknown field 'nam', did you mean 'name'?" },
	{ "given a format for a secret, it is unknown",
	  V1 "secrets: [{name: s, source: /s, key: k,\n"
	     "  outputs: [{path: /o, format: pem}]}]\n",
	  KW_E_CFG_FIELD, "f:3:24: unknown field 'format'" },
	/* what is mandatory */
	{ "given no version, it is asked for", "cloud: public\n", KW_E_CFG_MISSING,
	  "f:1:1: field 'apiVersion' is missing" },
	{ "given another version, ours is named", "apiVersion: keyward/v2\n", KW_E_CFG_VALUE,
	  "f:1:13: 'apiVersion' is 'keyward/v2', expected keyward/v1" },
	{ "given a key without a name, it is asked for",
	  V1 MAA "keys:\n- url: https://v.vault.azure.net/keys/k\n", KW_E_CFG_MISSING,
	  "f:4:3: field 'name' is missing" },
	{ "given a key without a url, it is asked for", V1 MAA "keys:\n- name: k\n",
	  KW_E_CFG_MISSING, "f:4:3: field 'url' is missing" },
	{ "given keys without an endpoint, it is asked for", V1 KEY, KW_E_CFG_MISSING,
	  "f:1:1: field 'attestation.endpoints' is missing, key 'k' needs it" },
	{ "given a token without a file, it is asked for", V1 "server: {tokens: [{name: a}]}\n",
	  KW_E_CFG_MISSING, "f:2:19: field 'file' is missing" },
	/* kinds of values */
	{ "given yes for true, it is refused", V1 "evidence: {allowDebug: yes}\n", KW_E_CFG_VALUE,
	  "f:2:24: 'allowDebug' is 'yes', expected true or false" },
	{ "given a quoted true, it is refused", V1 "evidence: {allowDebug: 'true'}\n",
	  KW_E_CFG_VALUE, "expected true or false, without quotes" },
	{ "given a hexadecimal integer, it is refused", V1 "retry: {attempts: 0x3}\n",
	  KW_E_CFG_VALUE, "f:2:19: 'attempts' is '0x3', expected a decimal integer" },
	{ "given a negative integer, it is refused", V1 "retry: {attempts: -1}\n", KW_E_CFG_VALUE,
	  "expected a decimal integer" },
	{ "given an integer with a zero in front, it is refused", V1 "retry: {attempts: 06}\n",
	  KW_E_CFG_VALUE, "expected a decimal integer" },
	{ "given an integer beyond 64 bits, it is refused",
	  V1 "retry: {attempts: 99999999999999999999}\n", KW_E_CFG_VALUE,
	  "expected a decimal integer" },
	{ "given a duration without unit, it is refused", V1 "time: {skew: 300}\n", KW_E_CFG_VALUE,
	  "f:2:14: 'skew' is '300', expected a duration" },
	{ "given a mode without quotes, it is refused", V1 "server: {socket: {mode: 0660}}\n",
	  KW_E_CFG_VALUE, "expected a quoted octal mode such as \"0440\"" },
	{ "given a mode with a set-user-id bit, it is refused",
	  V1 "server: {socket: {mode: \"4660\"}}\n", KW_E_CFG_VALUE, "quoted octal mode" },
	{ "given a mode that is not octal, it is refused",
	  V1 "server: {socket: {mode: \"0689\"}}\n", KW_E_CFG_VALUE, "quoted octal mode" },
	{ "given an unknown provider, the known ones are named",
	  V1 "evidence: {provider: azure-vtmp}\n", KW_E_CFG_VALUE,
	  "f:2:22: 'provider' is 'azure-vtmp', expected one of auto, azure-vtpm, tsm, sev-guest, "
	  "sev, did you mean 'azure-vtpm'?" },
	{ "given a word in another case, it is refused", V1 "log: {level: INFO}\n", KW_E_CFG_VALUE,
	  "did you mean 'info'?" },
	{ "given an unknown enc, the known ones are named", V1 "release: {enc: RSA_OAEP}\n",
	  KW_E_CFG_VALUE, "one of RSA_AES_KEY_WRAP_256, RSA_AES_KEY_WRAP_384, CKM_RSA" },
	{ "given a list for a text, it is refused", V1 "tls: {caFile: [a]}\n", KW_E_CFG_VALUE,
	  "f:2:15: 'caFile' is a list, expected a single value" },
	{ "given a text for a list, it is refused", V1 "attestation: {endpoints: a}\n",
	  KW_E_CFG_VALUE, "f:2:26: 'endpoints' must be a list" },
	{ "given a text for a section, it is refused", V1 "tls: none\n", KW_E_CFG_VALUE,
	  "f:2:6: 'tls' must be a map" },
	{ "given a text for a key, it is refused", V1 "keys: [db]\n", KW_E_CFG_VALUE,
	  "f:2:8: 'key' must be a map" },
	{ "given nothing for a text, it says how none is written", V1 "tls:\n  caFile:\n",
	  KW_E_CFG_VALUE, "'caFile' has no value; leave it out, or write \"\" for none" },
	{ "given null for a text, it is refused", V1 "tls: {caFile: null}\n", KW_E_CFG_VALUE,
	  "f:2:15: 'caFile' has no value" },
	{ "given a text that must not be empty, it is refused", V1 "imds: {endpoint: \"\"}\n",
	  KW_E_CFG_VALUE, "f:2:18: 'endpoint' is empty, expected an origin" },
	{ "given an empty entry of a list, it is refused", V1 "attestation: {endpoints: ['']}\n",
	  KW_E_CFG_VALUE, "f:2:27: 'endpoint' is empty" },
	/* forms of texts */
	{ "given a relative path, it is refused", V1 "tls: {caFile: ca.pem}\n", KW_E_CFG_VALUE,
	  "f:2:15: 'caFile' is 'ca.pem', expected an absolute path" },
	{ "given http for attestation, it is refused",
	  V1 "attestation: {endpoints: ['http://m.test']}\n", KW_E_CFG_VALUE,
	  "f:2:27: 'endpoint' is 'http://m.test', expected an https origin" },
	{ "given an endpoint with a path, it is refused",
	  V1 "attestation: {endpoints: ['https://m.test/attest']}\n", KW_E_CFG_VALUE,
	  "expected an https origin" },
	{ "given http for a vault, it is refused",
	  V1 MAA "keys: [{name: k, url: 'http://v.vault.azure.net/keys/k'}]\n", KW_E_CFG_VALUE,
	  "f:3:23: 'url' is 'http://v.vault.azure.net/keys/k', expected https://HOST/keys/NAME" },
	{ "given http for the authority, it is refused",
	  V1 "identity: {authority: 'http://l.test'}\n", KW_E_CFG_VALUE,
	  "expected an https origin" },
	{ "given a password in a proxy, it is refused and not repeated",
	  V1 "network: {proxy: 'http://user:hunter2@p.test'}\n", KW_E_CFG_VALUE,
	  "f:2:18: 'proxy': expected an origin" },
	{ "given a listener on all addresses, it is refused", V1 "server: {http: 0.0.0.0:8080}\n",
	  KW_E_CFG_VALUE, "f:2:16: 'http' is '0.0.0.0:8080', expected 127.x.y.z:PORT" },
	{ "given a health listener by name, it is refused", V1 "server: {health: 'localhost:1'}\n",
	  KW_E_CFG_VALUE, "expected ADDRESS:PORT or [ADDRESS]:PORT" },
	{ "given a health listener with half a bracket, it is refused",
	  V1 "server: {health: '[::1:8081'}\n", KW_E_CFG_VALUE,
	  "expected ADDRESS:PORT or [ADDRESS]:PORT" },
	{ "given a name with a slash, it is refused",
	  V1 MAA "keys: [{name: a/b, url: https://v.vault.azure.net/keys/k}]\n", KW_E_CFG_VALUE,
	  "f:3:15: 'name' is 'a/b', expected a name" },
	/* rules */
	{ "given two members in a rule, it is refused",
	  V1 "server: {attest: {allow: [{uid: 1, gid: 2}]}}\n", KW_E_CFG_VALUE,
	  "f:2:27: a rule has 2 members, expected exactly one of any, uid, gid, token" },
	{ "given an empty rule, it is refused", V1 "server: {attest: {allow: [{}]}}\n",
	  KW_E_CFG_VALUE, "a rule has 0 members" },
	{ "given a rule that allows nobody, it is refused",
	  V1 "server:\n  attest:\n    allow:\n    - any: false\n", KW_E_CFG_VALUE,
	  "f:5:7: the rule allows nobody; leave it out" },
	{ "given a token that is not configured, the nearest is named",
	  V1 "server: {attest: {allow: [{token: ap}]}, tokens: [{name: app, file: /t}]}\n",
	  KW_E_CFG_VALUE, "f:2:35: no token 'ap' is configured, did you mean 'app'?" },
	/* fields together */
	{ "given two keys of one name, the second is named",
	  V1 MAA "keys:\n- {name: k, url: https://v.vault.azure.net/keys/k}\n"
		 "- {name: k, url: https://v.vault.azure.net/keys/l}\n",
	  KW_E_CFG_CONFLICT, "f:5:10: name 'k' is used twice in 'keys'" },
	{ "given two tokens of one name, the second is named",
	  V1 "server: {tokens: [{name: a, file: /a}, {name: a, file: /b}]}\n", KW_E_CFG_CONFLICT,
	  "f:2:47: name 'a' is used twice in 'server.tokens'" },
	{ "given two files of one path, one is named",
	  V1 "server: {tokens: [{name: a, file: /a}, {name: b, file: /a}]}\n", KW_E_CFG_CONFLICT,
	  "f:2:56: '/a' would be written twice" },
	{ "given a secret of an unknown key, it is refused",
	  V1 MAA KEY "secrets: [{name: s, source: /s, key: kk, outputs: [{path: /o}]}]\n",
	  KW_E_CFG_VALUE, "f:4:38: no key 'kk' is configured" },
	{ "given a secret without outputs, it is refused",
	  V1 MAA KEY "secrets: [{name: s, source: /s, key: k, outputs: []}]\n", KW_E_CFG_VALUE,
	  "f:4:50: 'outputs' has 0 entries, expected 1 to 16" },
	{ "given outputs of a key that does not leave, they are refused",
	  V1 MAA "keys:\n- name: k\n  url: https://v.vault.azure.net/keys/k\n  export: false\n"
		 "  outputs: [{path: /o}]\n",
	  KW_E_CFG_CONFLICT, "f:7:12: key 'k' has outputs, but 'export' is false" },
	{ "given two identity selectors, they are refused",
	  V1 "identity: {clientId: " ID ", objectId: " ID "}\n", KW_E_CFG_CONFLICT,
	  "f:2:11: more than one of 'clientId', 'objectId', 'resourceId' is set" },
	{ "given two selectors for one key, they are refused",
	  V1 MAA "keys:\n- name: k\n  url: https://v.vault.azure.net/keys/k\n"
		 "  identity: {clientId: " ID ", resourceId: /subscriptions/s}\n",
	  KW_E_CFG_CONFLICT, "f:6:13: more than one of" },
	{ "given a client id that is none, its form is named",
	  V1 "identity: {clientId: my-identity}\n", KW_E_CFG_VALUE,
	  "f:2:22: 'clientId' is 'my-identity', expected an id as 11111111-" },
	{ "given a transport that is not linked in, it is refused",
	  V1 "evidence: {tcti: 'mssim:host=::1'}\n", KW_E_CFG_VALUE,
	  "f:2:18: 'tcti' is 'mssim:host=::1', expected device:PATH or swtpm:" },
	{ "given a token file provider without the file, it is asked for",
	  V1 "identity: {provider: tokenFile}\n", KW_E_CFG_MISSING,
	  "f:2:22: provider 'tokenFile' needs the field 'tokenFile'" },
	{ "given workload in a custom cloud, the authority is asked for",
	  V1 "cloud: custom\nidentity: {provider: workload}\n", KW_E_CFG_MISSING,
	  "f:3:22: provider 'workload' in cloud 'custom' needs the field 'authority'" },
	{ "given a custom cloud, the audience is asked for", V1 "cloud: custom\n" MAA KEY,
	  KW_E_CFG_MISSING, "f:4:23: the audience for 'https://v.vault.azure.net/keys/k' is not" },
	{ "given a vault of another cloud, the audience is asked for", V1 "cloud: china\n" MAA KEY,
	  KW_E_CFG_MISSING, "'identity.audience' is needed" },
	{ "given a fallback of another cloud, it is placed",
	  V1 MAA "keys:\n- name: k\n  url: https://v.vault.azure.net/keys/k\n"
		 "  fallbackUrls: [https://v.vault.azure.cn/keys/k]\n",
	  KW_E_CFG_MISSING, "f:6:18: the audience for" },
	{ "given one address for both listeners, it is refused",
	  V1 "server: {http: 127.0.0.1:1, health: 127.0.0.1:1}\n", KW_E_CFG_CONFLICT,
	  "f:2:37: 'http' and 'health' are the same address" },
	{ "given a register twice, the second is named", V1 "evidence: {pcrs: [0, 7, 0]}\n",
	  KW_E_CFG_CONFLICT, "f:2:25: '0' is listed twice" },
	{ "given a source twice, the second is named", V1 "collateral: {sources: [thim, thim]}\n",
	  KW_E_CFG_CONFLICT, "f:2:30: 'thim' is listed twice" },
	{ "given a first wait beyond the longest, it is refused", V1 "retry: {base: 30s}\n",
	  KW_E_CFG_CONFLICT, "f:2:15: 'base' is longer than 'max'" },
	{ "given a required audit without a file, it is refused", V1 "audit: {required: true}\n",
	  KW_E_CFG_CONFLICT, "f:2:19: 'required' needs the field 'path'" },
	{ "given no measurements to hold it against, the mode is refused",
	  V1 "attestation: {serviceTee: {mode: warn}}\n", KW_E_CFG_CONFLICT,
	  "f:2:34: 'mode' needs the field 'measurements'" },
	/* ranges */
	{ "given no attempt, it is refused", V1 "retry: {attempts: 0}\n", KW_E_CFG_VALUE,
	  "'attempts' is '0', expected 1 to 100" },
	{ "given one attempt, it is accepted", V1 "retry: {attempts: 1}\n", KW_OK, "" },
	{ "given 100 attempts, they are accepted", V1 "retry: {attempts: 100}\n", KW_OK, "" },
	{ "given 101 attempts, they are refused", V1 "retry: {attempts: 101}\n", KW_E_CFG_VALUE,
	  "expected 1 to 100" },
	{ "given register 23, it is accepted", V1 "evidence: {pcrs: [23]}\n", KW_OK, "" },
	{ "given register 24, it is refused", V1 "evidence: {pcrs: [24]}\n", KW_E_CFG_VALUE,
	  "f:2:19: 'pcr' is '24', expected 0 to 23" },
	{ "given no register, it is refused", V1 "evidence: {pcrs: []}\n", KW_E_CFG_VALUE,
	  "'pcrs' has 0 entries, expected 1 to 24" },
	{ "given the last group id, it is accepted", V1 "server: {socket: {gid: 4294967294}}\n",
	  KW_OK, "" },
	{ "given the id that means none, it is refused", V1 "server: {socket: {gid: 4294967295}}\n",
	  KW_E_CFG_VALUE, "expected 0 to 4294967294" },
	{ "given one hour of skew, it is accepted", V1 "time: {skew: 3600s}\n", KW_OK, "" },
	{ "given more than one hour of skew, it is refused", V1 "time: {skew: 3601s}\n",
	  KW_E_CFG_VALUE, "'skew' is '3601s', expected 0s to 1h" },
	{ "given no skew, it is accepted", V1 "time: {skew: 0s}\n", KW_OK, "" },
	{ "given a deadline under a second, it is refused", V1 "init: {deadline: 999ms}\n",
	  KW_E_CFG_VALUE, "expected 1s to 1h" },
	{ "given a duration beyond 64 bits, it is refused",
	  V1 "init: {deadline: 9223372036854775807d}\n", KW_E_CFG_VALUE, "expected a duration" },
};

static void loads_as_expected(void **state)
{
	const struct row *row = *state;
	struct kw_config *config = NULL;
	struct kw_error err = { 0 };
	int r = kw_config_parse("f", row->text, strlen(row->text), &config, &err);

	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_int_equal(r, row->expect == KW_OK ? 0 : -1);
	if (!strstr(err.detail, row->says))
		fail_msg("'%s' does not say '%s'", err.detail, row->says);
	assert_null(strstr(err.detail, "hunter2"));
	assert_int_equal(config != NULL, r == 0); /* untouched on failure */
	kw_config_free(config);
}

KW_TEST_ROWS(rows, loads_as_expected)
