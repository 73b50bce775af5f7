/* SPDX-License-Identifier: Apache-2.0 */
/* The release call: what is sent where, and what its refusals mean (key release 4.2 and 4.8). */
#include "azure/vault.h"
#include "fake_http.h"

#define BASE "https://vault.example.test/keys/disk"

static int release(const char *url, enum kw_release_enc enc, struct kw_blob *ret,
		   struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret bearer = { 0 };
	struct kw_release_request request = {
		.token = kw_bytes_text("head.pay.sign"),
		.bearer = &bearer,
		.enc = enc,
		.nonce = "AAECAwQFBgcICQoLDA0ODw",
	};

	assert_true(kw_key_id_parse(url, &request.key));
	assert_int_equal(kw_secret_take(kw_bytes_text("bearer"), &bearer, err), 0);
	return kw_vault_release(NULL, &request, ret, err);
}

static const struct request_row {
	const char *name, *key, *url;
	enum kw_release_enc enc;
	const char *enc_text;
} request_rows[] = {
	{ "given a key without version, the newest is asked for", BASE,
	  BASE "/release?api-version=7.4", KW_ENC_RSA_AES_KEY_WRAP_256, "RSA_AES_KEY_WRAP_256" },
	{ "given a version, that is asked for", BASE "/v1", BASE "/v1/release?api-version=7.4",
	  KW_ENC_RSA_AES_KEY_WRAP_384, "RSA_AES_KEY_WRAP_384" },
	{ "given a port, it is called", "https://vault.example.test:8443/keys/disk",
	  "https://vault.example.test:8443/keys/disk/release?api-version=7.4",
	  KW_ENC_CKM_RSA_AES_KEY_WRAP, "CKM_RSA_AES_KEY_WRAP" },
};

static void asks(void **state)
{
	static const struct fake_answer script[] = { { 200, "the answer", KW_OK } };
	const struct request_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob body = { 0 };
	KW_CLEANUP(freep)
	char *expected = kw_format("{\"target\":\"head.pay.sign\","
				   "\"nonce\":\"AAECAwQFBgcICQoLDA0ODw\",\"enc\":\"%s\"}",
				   row->enc_text);
	struct kw_error err = { 0 };

	fake_http_expect(script, 1);
	assert_int_equal(release(row->key, row->enc, &body, &err), 0);
	assert_true(kw_bytes_equal(kw_blob_bytes(&body), kw_bytes_text("the answer")));
	assert_string_equal(fake_http.calls[0].url, row->url);
	assert_string_equal(fake_http.calls[0].method, "POST");
	assert_string_equal(fake_http.calls[0].body, expected);
	assert_string_equal(fake_http.calls[0].bearer, "bearer");
	assert_string_equal(fake_http.calls[0].content_type, "application/json");
	assert_int_equal(fake_http.calls[0].upstream, KW_UPSTREAM_VAULT);
}

#define SAYS(code, inner, message)                                 \
	"{\"error\":{\"code\":\"" code "\",\"message\":\"" message \
	"\",\"innererror\":{\"code\":\"" inner "\"}}}"

static const struct refused_row {
	const char *name;
	struct fake_answer answer;
	enum kw_error_name expect;
} refused_rows[] = {
	{ "given 400, the request is wrong",
	  { 400, SAYS("BadParameter", "", "AKV.SKR.1004"), KW_OK },
	  KW_E_REL_BAD_REQUEST },
	{ "given 401, the access token is wrong", { 401, "", KW_OK }, KW_E_REL_UNAUTHORIZED },
	{ "given 403 without a body, it is denied", { 403, "", KW_OK }, KW_E_REL_DENIED },
	{ "given 403 for the caller, it is denied",
	  { 403, SAYS("Forbidden", "AccessDenied", "Caller is not authorized"), KW_OK },
	  KW_E_REL_DENIED },
	{ "given 403 by the firewall, that is named",
	  { 403, SAYS("Forbidden", "ForbiddenByFirewall", "Client address"), KW_OK },
	  KW_E_REL_FIREWALL },
	{ "given 403 by the connection, that is named",
	  { 403, SAYS("Forbidden", "ForbiddenByConnection", "Public access"), KW_OK },
	  KW_E_REL_FIREWALL },
	{ "given 403 for the policy, that is named",
	  { 403,
	    SAYS("Forbidden", "",
		 "Target environment attestation does not meet key release policy requirements"),
	    KW_OK },
	  KW_E_REL_POLICY },
	{ "given 403 for the statement, that is named",
	  { 403,
	    SAYS("Forbidden", "", "Target environment attestation statement cannot be verified"),
	    KW_OK },
	  KW_E_REL_STATEMENT },
	{ "given a statement that names the policy, it is still the statement",
	  { 403,
	    SAYS("Forbidden", "",
		 "Target environment attestation statement cannot be verified: not an authority of "
		 "the policy"),
	    KW_OK },
	  KW_E_REL_STATEMENT },
	{ "given 403 for a disabled key, that is named",
	  { 403, SAYS("Forbidden", "KeyDisabled", "Operation is not allowed"), KW_OK },
	  KW_E_REL_ATTRIBUTES },
	{ "given 403 for an expired key, that is named",
	  { 403, SAYS("Forbidden", "", "The key has expired"), KW_OK },
	  KW_E_REL_ATTRIBUTES },
	{ "given 404, there is no such key",
	  { 404, SAYS("KeyNotFound", "", "A key with name disk was not found"), KW_OK },
	  KW_E_REL_NOT_FOUND },
	{ "given 302, it is no answer of the vault", { 302, "", KW_OK }, KW_E_REL_ANSWER },
	{ "given 429, it is busy", { 429, SAYS("Throttled", "", ""), KW_OK }, KW_E_REL_BUSY },
	{ "given 503, it is busy", { 503, "<html>", KW_OK }, KW_E_REL_BUSY },
	{ "given no answer, the row of the stage stays",
	  { 0, NULL, KW_E_REL_UNREACHABLE },
	  KW_E_REL_UNREACHABLE },
};

static void names_the_refusal(void **state)
{
	const struct refused_row *row = *state;
	struct kw_blob body = { 0 };
	struct kw_error err = { 0 };

	fake_http_expect(&row->answer, 1);
	assert_int_equal(release(BASE, KW_ENC_RSA_AES_KEY_WRAP_256, &body, &err), -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_int_equal(err.upstream.status, row->answer.status);
	assert_null(body.data);
}

int main(void)
{
	return KW_ROWS_RUN(request_rows, asks) + KW_ROWS_RUN(refused_rows, names_the_refusal);
}
