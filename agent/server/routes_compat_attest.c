/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /attest/raw, /attest/combined and /attest/maa of Microsoft's sidecar. REPORT_DATA is the
 * SHA-256 of the caller's runtime data, so they exist only where the provider lets a caller choose
 * it; elsewhere they say so and never make something up.
 */
#include "server/attesting.h"
#include "server/compat.h"
#include "util/base64.h"
#include "util/text.h"

#include <string.h>

#define ACTION "attest" /* in the audit record */

enum { ENDPOINT_MAX = 512, RUNTIME_TEXT_MAX = KW_BODY_MAX };

static const struct contract {
	enum kw_attesting_kind kind;
	unsigned status; /* of what has no other */
	const char *words;
	bool has_endpoint;
} raw = { KW_ATTEST_REPORT, MHD_HTTP_FORBIDDEN, "failure to fetch attestation report hex", false },
  combined = { KW_ATTEST_REPORT, MHD_HTTP_INTERNAL_SERVER_ERROR,
	       "failure to fetch attestation report bytes", false },
  maa = { KW_ATTEST_MAA, MHD_HTTP_FORBIDDEN, "attestation failed", true };

/* Reading. */

struct body {
	struct kw_json *json;
	const char *endpoint; /* a configured one; NULL: the route has none */
	struct kw_blob runtime;
};

static void body_clear(struct body *body)
{
	kw_json_free(body->json);
	kw_blob_clear(&body->runtime);
}

static enum MHD_Result refuse(struct kw_request *request, const struct contract *c, unsigned status,
			      const char *words, const struct kw_error *err)
{
	kw_access_refused(request, NULL, ACTION, err);
	return kw_compat_refuse(request, status, words != NULL ? words : c->words, err);
}

static int find_endpoint(const struct kw_request *request, const char *named, const char **ret,
			 struct kw_error *err)
{
	const struct kw_config *config = request->server->config;

	*ret = kw_compat_find_endpoint(config->attestation.endpoints,
				       config->attestation.n_endpoints, named);
	if (*ret == NULL)
		return kw_fail(err, KW_E_CFG_ORIGIN,
			       "the endpoint is none of attestation.endpoints");
	return 0;
}

/* The answer is made here when there is one to make: then `ret_answer` is set, and it is -1. */
static int read_body(struct kw_request *request, const struct contract *c, struct body *ret,
		     enum MHD_Result *ret_answer)
{
	const char *text = NULL, *named = NULL;
	struct kw_error err = { 0 };

	if (kw_compat_parse(request, &ret->json, &err) < 0
	    || (c->has_endpoint
		&& kw_compat_want(ret->json, "maa_endpoint", ENDPOINT_MAX, &named, &err) < 0)
	    || kw_compat_want(ret->json, "runtime_data", RUNTIME_TEXT_MAX, &text, &err) < 0) {
		*ret_answer = kw_compat_bad_body(request, &err);
		return -1;
	}
	if (!kw_base64_decode(KW_BASE64_EITHER, kw_bytes_text(text), &ret->runtime)) {
		(void)kw_fail(&err, KW_E_SRV_BODY, "it is not base64");
		*ret_answer = kw_answer_compat_error(
			request, MHD_HTTP_BAD_REQUEST,
			"decoding base64-encoded runtime data of request failed", &err);
		return -1;
	}
	if ((named != NULL && find_endpoint(request, named, &ret->endpoint, &err) < 0)
	    || kw_attesting_check_data(request, kw_blob_bytes(&ret->runtime), &err) < 0) {
		*ret_answer = refuse(request, c, MHD_HTTP_FORBIDDEN, NULL, &err);
		return -1;
	}
	return 0;
}

/* Answering. */

static enum MHD_Result answer_raw(struct kw_request *request, const struct kw_attesting *a)
{
	KW_CLEANUP(kw_blob_clear)
	struct kw_blob hex = kw_blob_new(2 * a->report.report.len);
	KW_CLEANUP(freep) char *text = NULL;

	kw_hex_encode(kw_blob_bytes(&a->report.report), (char *)hex.data);
	text = kw_format("{\"report\":\"%s\"}", (const char *)hex.data);
	return kw_answer_text(request, MHD_HTTP_OK, KW_COMPAT_JSON, text);
}

static void add_base64(struct kw_json *to, const char *name, struct kw_bytes bytes)
{
	KW_CLEANUP(freep) char *text = kw_base64_encode(KW_BASE64, bytes);

	kw_json_add_string(to, name, text);
}

/* Clients match these names, in this order. */
static enum MHD_Result answer_combined(struct kw_request *request, const struct kw_attesting *a)
{
	const struct kw_collateral *collateral = a->report.collateral;
	KW_CLEANUP(kw_json_freep) struct kw_json *body = kw_json_new_object();
	KW_CLEANUP(freep) char *chain = NULL, *text = NULL;

	chain = kw_format("%s%s", collateral->vcek_pem, collateral->chain_pem);
	kw_json_add_string(body, "endorsed_tcb", collateral->tcbm_text);
	add_base64(body, "endorsements", kw_bytes_text(chain));
	add_base64(body, "evidence", kw_blob_bytes(&a->report.report));
	add_base64(body, "uvm_endorsements", kw_blob_bytes(&a->report.uvm));
	text = kw_json_print(body);
	return kw_answer_text(request, MHD_HTTP_OK, KW_COMPAT_JSON, text);
}

static enum MHD_Result answer_maa(struct kw_request *request, const struct kw_attesting *a)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret text = { 0 };
	struct kw_bytes parts[] = { kw_bytes_text("{\"token\":\""), kw_secret_bytes(&a->token),
				    kw_bytes_text("\"}") };
	struct kw_error err = { 0 };

	if (kw_secret_join(parts, sizeof(parts) / sizeof(parts[0]), &text, &err) < 0)
		return refuse(request, &maa, maa.status, NULL, &err);
	return kw_answer(request, MHD_HTTP_OK, kw_response_secret(&text, KW_COMPAT_JSON));
}

static enum MHD_Result answer(struct kw_request *request, const struct contract *c)
{
	const struct kw_attesting *a = (const struct kw_attesting *)request->work;
	struct kw_error err = { 0 };
	int result = -1;

	if (!kw_work_has_ended(request))
		(void)kw_fail(&err, KW_E_SYS_DEADLINE, "attesting took too long");
	else if ((result = kw_work_result(request, &err)) == 0)
		result = kw_access_granted(request, NULL, NULL, ACTION, &err);
	if (result < 0 && c->kind == KW_ATTEST_REPORT && kw_error_is_no_source(&err))
		return refuse(request, c, MHD_HTTP_INTERNAL_SERVER_ERROR,
			      "failure to create attestationReportFetcher", &err);
	if (result < 0)
		return refuse(request, c, c->status, NULL, &err);
	if (c->kind == KW_ATTEST_MAA)
		return answer_maa(request, a);
	return c == &raw ? answer_raw(request, a) : answer_combined(request, a);
}

static enum MHD_Result attest(struct kw_request *request, const struct contract *c)
{
	KW_CLEANUP(body_clear) struct body body = { 0 };
	enum MHD_Result answered = MHD_NO;
	struct kw_error err = { 0 };

	if (request->work != NULL)
		return answer(request, c);
	if (kw_attesting_access(request, &err) < 0)
		return refuse(request, c, MHD_HTTP_FORBIDDEN, NULL, &err);
	if (read_body(request, c, &body, &answered) < 0)
		return answered;
	if (kw_attesting_start(request, c->kind, kw_blob_bytes(&body.runtime), body.endpoint))
		return MHD_YES;
	(void)kw_fail(&err, KW_E_SRV_BUSY, "too many attestations are waiting");
	return refuse(request, c, MHD_HTTP_SERVICE_UNAVAILABLE, NULL, &err);
}

enum MHD_Result kw_route_attest_raw(struct kw_request *request)
{
	return attest(request, &raw);
}

enum MHD_Result kw_route_attest_combined(struct kw_request *request)
{
	return attest(request, &combined);
}

enum MHD_Result kw_route_attest_maa(struct kw_request *request)
{
	return attest(request, &maa);
}
