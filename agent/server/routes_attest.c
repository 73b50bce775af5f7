/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /v1/attest: {"nonce"} and "result", "token" (the default) or "evidence", in strict JSON.
 * GET /v1/collateral: what THIM gives, from the cache, and how it was judged.
 */
#include "server/attesting.h"
#include "service/raw_evidence.h"
#include "util/json.h"
#include "util/text.h"

#include <string.h>

#define JSON_TYPE "application/json"
#define ATTEST "attest" /* in the audit record */
#define COLLATERAL "collateral"

static enum MHD_Result refuse(struct kw_request *request, const char *action,
			      const struct kw_error *err)
{
	kw_access_refused(request, NULL, action, err);
	return kw_answer_problem(request, err);
}

/* Reading the body. */

static int read_result(const struct kw_json *body, enum kw_attesting_kind *ret,
		       struct kw_error *err)
{
	const char *text = "token";

	if (kw_json_get(body, "result") != NULL
	    && kw_json_want_string(body, "result", KW_E_SRV_BODY, &text, err) < 0)
		return -1;
	*ret = strcmp(text, "token") == 0 ? KW_ATTEST_TOKEN : KW_ATTEST_EVIDENCE;
	if (*ret == KW_ATTEST_EVIDENCE && strcmp(text, "evidence") != 0)
		return kw_fail(err, KW_E_SRV_BODY, "'result' is neither token nor evidence");
	return 0;
}

static int check_members(const struct kw_json *body, struct kw_error *err)
{
	for (const struct kw_json *m = kw_json_first(body); m != NULL; m = kw_json_next(m))
		if (strcmp(kw_json_name(m), "nonce") != 0 && strcmp(kw_json_name(m), "result") != 0)
			return kw_fail(err, KW_E_SRV_BODY, "a member is none of nonce, result");
	return 0;
}

/* `ret_nonce` borrows from `ret_body`. */
static int read_body(const struct kw_request *request, struct kw_json **ret_body,
		     const char **ret_nonce, enum kw_attesting_kind *ret_kind, struct kw_error *err)
{
	if (kw_json_parse(kw_blob_bytes(&request->body), KW_JSON_STRICT, KW_E_SRV_BODY, ret_body,
			  err)
	    < 0)
		return -1;
	if (kw_json_type(*ret_body) != KW_JSON_OBJECT)
		return kw_fail(err, KW_E_SRV_BODY, "the body is not a JSON object");
	if (check_members(*ret_body, err) < 0
	    || kw_json_want_string(*ret_body, "nonce", KW_E_SRV_BODY, ret_nonce, err) < 0
	    || read_result(*ret_body, ret_kind, err) < 0)
		return -1;
	if ((*ret_nonce)[0] == '\0' || strlen(*ret_nonce) > KW_RAW_NONCE_MAX)
		return kw_fail(err, KW_E_SRV_BODY, "'nonce' is %zu bytes, expected 1 to %d",
			       strlen(*ret_nonce), KW_RAW_NONCE_MAX);
	return 0;
}

/* Answering. */

/* {..., "token": "..."}: a JWT needs no escapes. */
static enum MHD_Result answer_token(struct kw_request *request, const struct kw_attesting *a)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *head = kw_json_new_object();
	KW_CLEANUP(kw_secret_clear) struct kw_secret text = { 0 };
	KW_CLEANUP(freep) char *head_text = NULL;
	char expiry[KW_TIME_TEXT_SIZE];
	struct kw_error err = { 0 };

	kw_time_text(kw_attestation_expiry_s(a->session), expiry);
	kw_json_add_string(head, "endpoint", kw_attestation_endpoint(a->session));
	kw_json_add_string(head, "expiry", expiry);
	kw_json_add(head, "checks", kw_checks_json(&a->checks));
	head_text = kw_json_print(head);
	struct kw_bytes parts[] = {
		{ (const uint8_t *)head_text, strlen(head_text) - strlen("}") },
		kw_bytes_text(",\"token\":\""),
		kw_attestation_token(a->session),
		kw_bytes_text("\"}"),
	};
	if (kw_secret_join(parts, sizeof(parts) / sizeof(parts[0]), &text, &err) < 0)
		return kw_answer_problem(request, &err);
	return kw_answer(request, MHD_HTTP_OK, kw_response_secret(&text, JSON_TYPE));
}

static enum MHD_Result answer_json(struct kw_request *request, struct kw_json *body,
				   const struct kw_checks *checks)
{
	KW_CLEANUP(freep) char *text = NULL;

	kw_json_add(body, "checks", kw_checks_json(checks));
	text = kw_json_print(body);
	return kw_answer_text(request, MHD_HTTP_OK, JSON_TYPE, text);
}

static enum MHD_Result answer_evidence(struct kw_request *request, const struct kw_attesting *a)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *body = kw_json_new_object();

	kw_json_add(body, "evidence", kw_json_copy(a->evidence));
	return answer_json(request, body, &a->checks);
}

static enum MHD_Result answer_collateral(struct kw_request *request, const struct kw_attesting *a)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *body = kw_collateral_json(a->collateral);

	return answer_json(request, body, &a->checks);
}

/* Both routes: started once, answered when the work has ended. */
static enum MHD_Result answer(struct kw_request *request, const char *action)
{
	const struct kw_attesting *a = (const struct kw_attesting *)request->work;
	struct kw_error err = { 0 };

	if (!kw_work_has_ended(request)) {
		(void)kw_fail(&err, KW_E_SYS_DEADLINE, "attesting took too long");
		return refuse(request, action, &err);
	}
	if (kw_work_result(request, &err) < 0)
		return refuse(request, action, &err);
	if (kw_access_granted(request, NULL, NULL, action, &err) < 0)
		return kw_answer_problem(request, &err);
	if (a->kind == KW_ATTEST_TOKEN)
		return answer_token(request, a);
	return a->kind == KW_ATTEST_EVIDENCE ? answer_evidence(request, a)
					     : answer_collateral(request, a);
}

static int begin_attest(struct kw_request *request, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *body = NULL;
	enum kw_attesting_kind kind = KW_ATTEST_TOKEN;
	const char *nonce = NULL;

	if (kw_attesting_access(request, err) < 0
	    || read_body(request, &body, &nonce, &kind, err) < 0
	    || kw_attesting_check_data(request, kw_bytes_text(nonce), err) < 0)
		return -1;
	if (!kw_attesting_start(request, kind, kw_bytes_text(nonce), NULL))
		return kw_fail(err, KW_E_SRV_BUSY, "too many attestations are waiting");
	return 0;
}

static int begin_collateral(struct kw_request *request, struct kw_error *err)
{
	if (kw_attesting_access(request, err) < 0)
		return -1;
	if (!kw_attesting_start(request, KW_ATTEST_COLLATERAL, (struct kw_bytes){ 0 }, NULL))
		return kw_fail(err, KW_E_SRV_BUSY, "too many attestations are waiting");
	return 0;
}

enum MHD_Result kw_route_attest(struct kw_request *request)
{
	struct kw_error err = { 0 };

	if (request->work != NULL)
		return answer(request, ATTEST);
	return begin_attest(request, &err) == 0 ? MHD_YES : refuse(request, ATTEST, &err);
}

enum MHD_Result kw_route_collateral(struct kw_request *request)
{
	struct kw_error err = { 0 };

	if (request->work != NULL)
		return answer(request, COLLATERAL);
	return begin_collateral(request, &err) == 0 ? MHD_YES : refuse(request, COLLATERAL, &err);
}
