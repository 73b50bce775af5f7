/* SPDX-License-Identifier: Apache-2.0 */
/* The calls to Azure Attestation. */
#include "azure/maa.h"
#include "azure/endpoint.h"
#include "util/text.h"

#include <string.h>

enum { ANSWER_MAX = 512 * 1024 };
#define GUEST_API_VERSION "2020-10-01"
#define SNP_API_VERSION "2022-08-01"

char *kw_endpoint_url(const char *endpoint, const char *path)
{
	size_t len = strlen(endpoint);

	while (len > 0 && endpoint[len - 1] == '/')
		len--;
	return kw_format("%.*s%s", (int)len, endpoint, path);
}

/* 2.4: what the statuses of an attest call mean. */
static int refused(const struct kw_http_answer *answer, struct kw_error *err)
{
	switch (answer->status) {
	case 400:
		return kw_http_refused(answer, KW_E_ATT_BUSY, KW_E_ATT_POLICY, err);
	case 404:
		return kw_http_refused(answer, KW_E_ATT_BUSY, KW_E_ATT_NOT_FOUND, err);
	default:
		/* Only a 4xx is the service's refusal; a redirect or an odd 2xx may come from
		 * anybody. */
		if (answer->status < 400 || answer->status >= 500)
			return kw_http_refused(answer, KW_E_ATT_BUSY, KW_E_ATT_ANSWER, err);
		return kw_http_refused(answer, KW_E_ATT_BUSY, KW_E_ATT_DENIED, err);
	}
}

static char *attest_url(const struct kw_maa_call *call, const char *kind, const char *version)
{
	const char *configured = call->config->attestation.api_version;
	KW_CLEANUP(freep)
	char *path = kw_format("/attest/%s?api-version=%s", kind,
			       configured[0] != '\0' ? configured : version);

	return kw_endpoint_url(call->endpoint, path);
}

static struct kw_http_request request_of(const struct kw_maa_call *call, const char *url)
{
	return (struct kw_http_request){
		.upstream = KW_UPSTREAM_MAA,
		.method = "POST",
		.url = url,
		.content_type = "application/json",
		.bearer = call->bearer,
		.body = call->body,
		.answer_max = ANSWER_MAX,
	};
}

static int open_answer(struct kw_bytes answer, const struct kw_unsealer *unsealer,
		       struct kw_secret *ret_jwt, struct kw_error *err)
{
	KW_CLEANUP(kw_sealed_token_clear) struct kw_sealed_token sealed = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret inner_key = { 0 };

	if (kw_sealed_token_parse(answer, &sealed, err) < 0
	    || unsealer->unseal(unsealer->ctx, kw_blob_bytes(&sealed.inner_key), &inner_key, err)
		       < 0)
		return -1;
	return kw_sealed_token_open(&sealed, &inner_key, ret_jwt, err);
}

int kw_maa_attest_guest(struct kw_http *http, const struct kw_maa_call *call,
			const struct kw_unsealer *unsealer, struct kw_secret *ret_jwt,
			struct kw_error *err)
{
	KW_CLEANUP(freep) char *url = attest_url(call, "AzureGuest", GUEST_API_VERSION);
	KW_CLEANUP(kw_http_answer_clear) struct kw_http_answer answer = { 0 };
	const struct kw_http_request request = request_of(call, url);

	if (kw_http_call(http, &request, &answer, err) < 0)
		return -1;
	if (answer.outcome != KW_HTTP_OK)
		return refused(&answer, err);
	return open_answer(kw_blob_bytes(&answer.body), unsealer, ret_jwt, err);
}

int kw_maa_attest_snp(struct kw_http *http, const struct kw_maa_call *call,
		      struct kw_secret *ret_jwt, struct kw_error *err)
{
	static const char *const headers[] = { "Accept: application/json", NULL };
	KW_CLEANUP(freep) char *url = attest_url(call, "SevSnpVm", SNP_API_VERSION);
	KW_CLEANUP(kw_http_answer_clear) struct kw_http_answer answer = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret token = { 0 };
	struct kw_http_request request = request_of(call, url);

	request.headers = headers;
	request.answer_secret = true;
	if (kw_http_call(http, &request, &answer, err) < 0)
		return -1;
	if (answer.outcome != KW_HTTP_OK)
		return refused(&answer, err);
	if (kw_json_secret(kw_secret_bytes(&answer.secret), "token", KW_E_ATT_ANSWER, &token, err)
	    < 0)
		return -1;
	if (token.len == 0)
		return kw_fail(err, KW_E_ATT_ANSWER, "the token is empty");
	kw_secret_move(ret_jwt, &token);
	return 0;
}
