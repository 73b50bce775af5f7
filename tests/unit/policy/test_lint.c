/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include "policy/lint.h"

#include <stdio.h>

#define MAA "\"authority\":\"https://sharedweu.weu.attest.azure.net\""
#define TEE "x-ms-isolation-tee."
#define C(path, value) "{\"claim\":\"" path "\",\"equals\":\"" value "\"}"
#define TYPE C(TEE "x-ms-attestation-type", "sevsnpvm")
#define STATUS C(TEE "x-ms-compliance-status", "azure-compliant-cvm")
#define POLICY(authorities) "{\"version\":\"1.0.0\",\"anyOf\":[" authorities "]}"
#define ONE(more) POLICY("{" MAA ",\"allOf\":[" TYPE "," STATUS more "]}")
#define GOOD ONE("")
/* base64url of {"version":"1.0.0","anyOf":[]} by the command base64 */
#define EMPTY_64 "eyJ2ZXJzaW9uIjoiMS4wLjAiLCJhbnlPZiI6W119"
#define EMPTY_64_TWICE "ZXlKMlpYSnphVzl1SWpvaU1TNHdMakFpTENKaGJubFBaaUk2VzExOQ=="
#define DATA(text) "\"release_policy\":{\"data\":\"" text "\"}"
#define HEX16 "0123456789abcdef"
#define HEX64 HEX16 HEX16 HEX16 HEX16

static const struct row {
	const char *name, *document;
	const char *rules; /* "level:rule ..." in order */
} rows[] = {
	{ "given the sample policy, nothing is found", GOOD, "" },
	{ "given the older version, it is noted",
	  "{\"version\":\"0.2\",\"anyOf\":[{" MAA ",\"allOf\":[" TYPE "," STATUS "]}]}",
	  "note:version" },
	{ "given an unheard-of version, it warns",
	  "{\"version\":\"2.0.0\",\"anyOf\":[{" MAA ",\"allOf\":[" TYPE "," STATUS "]}]}",
	  "warning:version" },
	{ "given no authority, the grammar is broken", POLICY(""), "error:grammar" },
	{ "given an authority by itself, it warns of what may pass",
	  POLICY("{" MAA ",\"allOf\":[" C("secureboot", "true") "]}"),
	  "warning:any-machine warning:debug" },
	{ "given a foreign host, it is noted",
	  POLICY("{\"authority\":\"https://attest.azure.net.example\",\"allOf\":[" TYPE "," STATUS
		 "]}"),
	  "note:authority-host" },
	{ "given a slash behind the host, it is noted",
	  POLICY("{\"authority\":\"https://a.weu.attest.azure.net/\",\"allOf\":[" TYPE "," STATUS
		 "]}"),
	  "note:authority-slash" },
	{ "given a path behind the host, it warns",
	  POLICY("{\"authority\":\"https://a.weu.attest.azure.net/certs\",\"allOf\":[" TYPE
		 "," STATUS "]}"),
	  "warning:authority-form" },
	{ "given an authority twice, it is noted",
	  POLICY("{" MAA ",\"allOf\":[" TYPE "," STATUS "]},{" MAA ",\"allOf\":[" TYPE "," STATUS
		 "]}"),
	  "note:authority-twice" },
	{ "given a selector inside, it warns", ONE(",{\"anyOf\":[" C("secureboot", "true") "]}"),
	  "warning:nested" },
	{ "given lower case, it warns", POLICY("{" MAA ",\"allof\":[" TYPE "," STATUS "]}"),
	  "warning:spelling" },
	{ "given another operator, it warns", ONE(",{\"claim\":\"secureboot\",\"exists\":true}"),
	  "warning:operator" },
	{ "given the old form, it warns",
	  ONE(",{\"claim\":\"secureboot\",\"condition\":\"equals\",\"value\":\"true\"}"),
	  "warning:old-form" },
	{ "given a comment, it warns",
	  ONE(",{\"claim\":\"secureboot\",\"equals\":true,\"note\":\"x\"}"),
	  "warning:foreign-member" },
	{ "given an SNP claim at the top, it warns",
	  ONE("," C("x-ms-sevsnpvm-is-debuggable", "false")), "warning:flat-claim" },
	{ "given the guest's type at the top, it warns",
	  POLICY("{" MAA ",\"allOf\":[" C("x-ms-attestation-type", "sevsnpvm") "," STATUS "]}"),
	  "warning:flat-claim" },
	{ "given the machine's type at the top, nothing is found",
	  ONE("," C("x-ms-attestation-type", "azurevm")), "" },
	{ "given the machine's type below, it warns",
	  POLICY("{" MAA ",\"allOf\":[" C(TEE "x-ms-attestation-type", "azurevm") "," STATUS "]}"),
	  "warning:nested-claim" },
	{ "given a misspelt claim, it warns", ONE("," C(TEE "x-ms-sevsnpvm-isdebuggable", "false")),
	  "warning:unknown-claim" },
	{ "given a digest, nothing is found", ONE("," C(TEE "x-ms-sevsnpvm-hostdata", HEX64)), "" },
	{ "given a digest in upper case, it can never be",
	  ONE("," C(TEE "x-ms-sevsnpvm-hostdata", "0123456789ABCDEF" HEX16 HEX16 HEX16)),
	  "error:digest-case" },
	{ "given a digest of 63 digits, it can never be",
	  ONE("," C(TEE "x-ms-sevsnpvm-hostdata", "123456789abcdef" HEX16 HEX16 HEX16)),
	  "error:digest-form" },
	{ "given a digest in base64, it can never be",
	  ONE("," C(TEE "x-ms-sevsnpvm-idkeydigest", "Zm9v")), "error:digest-form" },
	{ "given True, it warns", ONE("," C("secureboot", "True")), "warning:value-case" },
	{ "given debuggable true, it warns", ONE("," C(TEE "x-ms-sevsnpvm-is-debuggable", "true")),
	  "warning:debug" },
	{ "given a report id, it can never be twice",
	  ONE("," C(TEE "x-ms-sevsnpvm-reportid", HEX64)), "error:passing-claim" },
	{ "given a nonce, it warns", ONE("," C("x-ms-runtime.client-payload.nonce", "MQ==")),
	  "warning:passing-claim" },
	{ "given the list of keys, it can never be", ONE("," C("x-ms-runtime.keys", "x")),
	  "error:no-value" },
	{ "given a measurement, it is noted",
	  ONE("," C(TEE "x-ms-sevsnpvm-launchmeasurement", HEX64 HEX16 HEX16)),
	  "note:measurement" },
	{ "given two values for one claim, they contradict",
	  ONE("," C("secureboot", "true") "," C("secureboot", "false")), "error:contradiction" },
	{ "given two values to choose from, they do not",
	  POLICY("{" MAA ",\"anyOf\":[" TYPE "," STATUS
		 "," C("secureboot", "true") "," C("secureboot", "false") "]}"),
	  "" },

	{ "given base64url, it is read", EMPTY_64 "\n", "error:grammar" },
	{ "given a property, it is read", "{\"data\":\"" EMPTY_64 "\"}", "error:grammar" },
	{ "given base64 of base64, it is an error", "{\"data\":\"" EMPTY_64_TWICE "\"}",
	  "error:encoding error:grammar" },
	{ "given padding, it is noted", "{\"data\":\"eyJ2ZXJzaW9uIjogIjEuMC4wIn0=\"}",
	  "note:encoding error:grammar" },
	{ "given JSON as data, it is an error", "{\"data\":" GOOD "}", "error:encoding" },
	{ "given text as its type, it warns",
	  "{\"contentType\":\"text/plain\",\"data\":\"" EMPTY_64 "\"}",
	  "warning:content-type error:grammar" },
	{ "given immutable, it is noted", "{\"immutable\":true,\"data\":\"" EMPTY_64 "\"}",
	  "note:immutable error:grammar" },

	{ "given a key as the vault gives it, its parts are found",
	  "{\"key\":{\"kty\":\"RSA-HSM\",\"key_ops\":[\"encrypt\",\"unwrapKey\"]},"
	  "\"attributes\":{\"enabled\":true,\"exportable\":true}," DATA(EMPTY_64) "}",
	  "error:grammar" },
	{ "given a software key, it is never released",
	  "{\"kty\":\"RSA\",\"attributes\":{\"exportable\":true}," DATA(EMPTY_64) "}",
	  "error:software-key error:grammar" },
	{ "given an unknown type, it is an error",
	  "{\"kty\":\"DSA\",\"attributes\":{\"exportable\":true}," DATA(EMPTY_64) "}",
	  "error:key-type error:grammar" },
	{ "given exportable not said, it is an error", "{\"kty\":\"EC-HSM\"," DATA(EMPTY_64) "}",
	  "error:not-exportable error:grammar" },
	{ "given no policy, it is an error",
	  "{\"kty\":\"EC-HSM\",\"attributes\":{\"exportable\":true}}", "error:no-policy" },
	{ "given a disabled key, it is an error",
	  "{\"key\":{\"kty\":\"oct-HSM\"},\"attributes\":{\"enabled\":false,\"exportable\":true}"
	  "," DATA(EMPTY_64) "}",
	  "error:disabled error:grammar" },
	{ "given 'wrap', it is no operation",
	  "{\"kty\":\"RSA-HSM\",\"key_ops\":[\"wrap\"],\"attributes\":{\"exportable\":true}," DATA(
		  EMPTY_64) "}",
	  "error:key-operation error:grammar" },
	{ "given encrypt for an EC key, it is no operation of its",
	  "{\"kty\":\"EC-HSM\",\"key_ops\":[\"sign\",\"encrypt\"],"
	  "\"attributes\":{\"exportable\":true}," DATA(EMPTY_64) "}",
	  "error:key-operation error:grammar" },
	{ "given a template, its key is found",
	  "{\"resources\":[{\"type\":\"x\"},{\"properties\":{\"kty\":\"RSA-HSM\","
	  "\"keyOps\":[\"sign\"],\"attributes\":{\"exportable\":true}," DATA(EMPTY_64) "}}]}",
	  "error:grammar" },
};

static void lints(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(kw_policy_document_clear) struct kw_policy_document document = { 0 };
	struct kw_lint lint = { 0 };
	struct kw_error err = { 0 };
	char found[512] = "";

	if (kw_policy_document_read(kw_bytes_text(row->document), &document, &err) < 0)
		fail_msg("%s", err.detail);
	kw_policy_lint_document(&document, &lint);
	for (size_t i = 0; i < lint.n_rows; i++) {
		size_t len = strlen(found);

		(void)snprintf(found + len, sizeof(found) - len, "%s%s:%s", i > 0 ? " " : "",
			       kw_lint_level_text(lint.rows[i].level), lint.rows[i].rule);
		assert_true(lint.rows[i].text[0] != '\0');
	}
	assert_string_equal(found, row->rules);
}

static const struct refused_row {
	const char *name, *document, *says;
} refused_rows[] = {
	{ "given rubbish, it is refused", "rubbish?", "JSON" },
	{ "given a property without data, it is refused", "{\"release_policy\":{}}", "no 'data'" },
	{ "given an expression, it says what to give",
	  "{\"release_policy\":{\"data\":\"[base64(variables('p'))]\"}}", "expression" },
	{ "given data that is no base64, it is refused", "{\"release_policy\":{\"data\":\"?\"}}",
	  "not base64url" },
	{ "given data that is base64 of no object, it is refused",
	  "{\"release_policy\":{\"data\":\"Zm9v\"}}", "not base64url" },
};

static void refuses(void **state)
{
	const struct refused_row *row = *state;
	struct kw_policy_document document = { 0 };
	struct kw_error err = { 0 };

	assert_int_equal(kw_policy_document_read(kw_bytes_text(row->document), &document, &err),
			 -1);
	assert_true(kw_error_is(&err, KW_E_REL_GRAMMAR));
	assert_non_null(strstr(err.detail, row->says));
	assert_null(document.json);
	assert_null(document.policy.data);
}

static void drops_no_error(void **state)
{
	struct kw_lint lint = { 0 };

	(void)state;
	for (size_t i = 0; i < KW_LINT_MAX + 1; i++)
		kw_lint_add(&lint, KW_LINT_NOTE, "note", "", "text");
	assert_int_equal(lint.n_rows, KW_LINT_MAX);
	assert_int_equal(kw_lint_count(&lint, KW_LINT_NOTE), KW_LINT_MAX);
	kw_lint_add(&lint, KW_LINT_ERROR, "error", "", "text");
	assert_int_equal(kw_lint_count(&lint, KW_LINT_ERROR), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drops_no_error),
	};

	return KW_ROWS_RUN(rows, lints) + KW_ROWS_RUN(refused_rows, refuses)
	       + cmocka_run_group_tests(tests, NULL, NULL);
}
