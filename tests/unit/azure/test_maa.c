/* SPDX-License-Identifier: Apache-2.0 */
/* The attest call: what is sent where, and what its refusals mean (key release 2.4). */
#include "azure/maa.h"
#include "fake_http.h"
#include "util/base64.h"

/* Sealed with python3-cryptography: AES-128-GCM, key 00 01 .. 0f. */
static const char envelope[] =
	"{\"Jwt\":\"wuNZ3xv7HXrrAdlvJ3aeEzqJTWn3Yk/K\",\"EncryptedInnerKey\":\"aW5uZXIga2V5\","
	"\"EncryptionParams\":{\"BlockMode\":\"ChainingModeGCM\",\"Cipher\":\"AES\","
	"\"KeySizeInBits\":128,\"Iv\":\"oKGio6Slpqeoqaqr\"},"
	"\"AuthenticationData\":\"ci4t5oEOMaD/F+Ksu/scWA==\"}";

static int unseal(void *ctx, struct kw_bytes inner_key, struct kw_secret *ret, struct kw_error *err)
{
	assert_true(kw_bytes_equal(inner_key, kw_bytes_text("inner key")));
	if (ctx)
		return kw_fail(err, *(enum kw_error_name *)ctx, "does not open");
	if (kw_secret_new(16, ret, err) < 0)
		return -1;
	for (uint8_t i = 0; i < 16; i++)
		ret->data[i] = i;
	return 0;
}

static int attest(const char *endpoint, char *api_version, enum kw_error_name *unsealing,
		  struct kw_secret *ret, struct kw_error *err)
{
	const struct kw_unsealer unsealer = { unseal, unsealing };
	struct kw_config config = { .attestation.api_version = api_version };
	const struct kw_maa_call call = { &config, endpoint, kw_bytes_text("{}"), NULL };

	return kw_maa_attest_guest(NULL, &call, &unsealer, ret, err);
}

static char *good_body(void)
{
	KW_CLEANUP(freep)
	char *token = kw_base64_encode(KW_BASE64URL, kw_bytes_text(envelope));

	return kw_format("{\"token\":\"%s\"}", token);
}

static const struct request_row {
	const char *name, *endpoint, *api_version, *url;
} request_rows[] = {
	{ "given no version, it is that of the protocol", "https://attest.example", "",
	  "https://attest.example/attest/AzureGuest?api-version=2020-10-01" },
	{ "given a version, it is taken", "https://attest.example:8443/", "2025-06-01",
	  "https://attest.example:8443/attest/AzureGuest?api-version=2025-06-01" },
};

static void asks(void **state)
{
	const struct request_row *row = *state;
	KW_CLEANUP(freep) char *body = good_body();
	KW_CLEANUP(freep) char *version = kw_strdup(row->api_version);
	KW_CLEANUP(kw_secret_clear) struct kw_secret jwt = { 0 };
	const struct fake_answer script[] = { { 200, body, KW_OK } };
	struct kw_error err = { 0 };

	fake_http_expect(script, 1);
	assert_int_equal(attest(row->endpoint, version, NULL, &jwt, &err), 0);
	assert_string_equal((const char *)jwt.data, "header.payload.signature");
	assert_string_equal(fake_http.calls[0].url, row->url);
	assert_string_equal(fake_http.calls[0].method, "POST");
	assert_string_equal(fake_http.calls[0].body, "{}");
	assert_string_equal(fake_http.calls[0].bearer, ""); /* 4.2: no Authorization */
	assert_string_equal(fake_http.calls[0].content_type, "application/json");
	assert_int_equal(fake_http.calls[0].upstream, KW_UPSTREAM_MAA);
}

static const struct refused_row {
	const char *name;
	struct fake_answer answer;
	enum kw_error_name expect;
} refused_rows[] = {
	{ "given 400, the policy refuses", { 400, "{}", KW_OK }, KW_E_ATT_POLICY },
	{ "given 401, it is denied", { 401, "{}", KW_OK }, KW_E_ATT_DENIED },
	{ "given 403, it is denied", { 403, "{}", KW_OK }, KW_E_ATT_DENIED },
	{ "given 404, there is no such service", { 404, "{}", KW_OK }, KW_E_ATT_NOT_FOUND },
	{ "given 429, it is busy", { 429, "{}", KW_OK }, KW_E_ATT_BUSY },
	{ "given 500, it is busy", { 500, "", KW_OK }, KW_E_ATT_BUSY },
	{ "given no answer, the row of the stage stays",
	  { 0, NULL, KW_E_ATT_UNREACHABLE },
	  KW_E_ATT_UNREACHABLE },
	{ "given a plain token, it is refused",
	  { 200, "{\"token\":\"a.b.c\"}", KW_OK },
	  KW_E_ATT_ANSWER },
	{ "given no token, it is refused", { 200, "{}", KW_OK }, KW_E_ATT_ANSWER },
};

static void names_the_refusal(void **state)
{
	const struct refused_row *row = *state;
	char version[] = "";
	struct kw_secret jwt = { 0 };
	struct kw_error err = { 0 };

	fake_http_expect(&row->answer, 1);
	assert_int_equal(attest("https://attest.example", version, NULL, &jwt, &err), -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_null(jwt.data);
}

static void leaves_the_unsealers_row(void **state)
{
	KW_CLEANUP(freep) char *body = good_body();
	const struct fake_answer script[] = { { 200, body, KW_OK } };
	enum kw_error_name lost = KW_E_TPM_KEY_LOST;
	char version[] = "";
	struct kw_secret jwt = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	fake_http_expect(script, 1);
	assert_int_equal(attest("https://attest.example", version, &lost, &jwt, &err), -1);
	assert_true(kw_error_is(&err, KW_E_TPM_KEY_LOST));
	assert_null(jwt.data);
}

int main(void)
{
	static const struct {
		const char *name;
	} once[] = { { "given a key that is lost, that is what is said" } };

	return KW_ROWS_RUN(request_rows, asks) + KW_ROWS_RUN(refused_rows, names_the_refusal)
	       + KW_ROWS_RUN(once, leaves_the_unsealers_row);
}
