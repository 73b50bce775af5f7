/* SPDX-License-Identifier: Apache-2.0 */
/* Workload identity: the projected token of the pod against one of Entra's (key release 3.3). */
#include "azure/identity_sources.h"
#include "azure/percent.h"
#include "config/identity.h"
#include "util/file.h"
#include "util/json.h"
#include "util/text.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_ASSERTION_FILE "/var/run/secrets/azure/tokens/azure-identity-token"

enum {
	ASSERTION_MAX = 64 * 1024,
	SPREADING_MS = 60 * 1000, /* how slowly a new federated credential spreads */
	SPREADING_WAIT_MS = 5 * 1000,
};

/* error_codes of Entra that people can act on. */
enum {
	AADSTS_NO_MATCH = 70021,
	AADSTS_STALE_ASSERTION = 700024,
};

static const struct explanation {
	int64_t code;
	const char *text;
} explanations[] = {
	{ AADSTS_NO_MATCH, "no federated credential of the application matches the pod's issuer, "
			   "subject and audience" },
	{ 700213, "no federated credential of the application matches the service account" },
	{ 70025, "the application has no federated credential" },
	{ AADSTS_STALE_ASSERTION, "the pod's token is outside its validity: a stale file, or a "
				  "wrong clock" },
	{ 700016, "the tenant does not know the client id" },
	{ 90002, "there is no such tenant" },
	{ 500011, "the tenant does not know the audience" },
};

struct workload {
	const char *client_id, *tenant, *file;
	char *authority;
};

static void workload_clear(struct workload *workload)
{
	free(workload->authority);
}

const char *kw_workload_client_id(const struct kw_config_identity *identity)
{
	return *identity->client_id != '\0' ? identity->client_id
					    : kw_config_environment("AZURE_CLIENT_ID");
}

static int find_workload(const struct kw_token_order *order, struct workload *ret,
			 struct kw_error *err)
{
	const char *file = kw_config_environment("AZURE_FEDERATED_TOKEN_FILE");
	ret->client_id = kw_workload_client_id(order->identity);
	ret->tenant = kw_config_environment("AZURE_TENANT_ID");
	ret->file = file != NULL ? file : DEFAULT_ASSERTION_FILE;
	if (ret->client_id == NULL || ret->tenant == NULL)
		return kw_fail(err, KW_E_IDN_NONE,
			       "%s is not set; does the workload identity "
			       "webhook see this pod?",
			       ret->tenant == NULL ? "AZURE_TENANT_ID" : "AZURE_CLIENT_ID");
	ret->authority = kw_config_identity_authority(order->config, order->identity);
	if (ret->authority == NULL)
		return kw_fail(err, KW_E_IDN_NONE,
			       "no Entra authority is known: set identity.authority");
	return 0;
}

/* The file is replaced while we run, so it is read for every exchange. */
static int read_assertion(const struct workload *workload, struct kw_secret *ret_encoded,
			  struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret assertion = { 0 };
	if (kw_file_read_secret(workload->file, ASSERTION_MAX, KW_E_IDN_FILE, &assertion, err) < 0)
		return -1;
	if (assertion.len == 0)
		return kw_fail(err, KW_E_IDN_FILE, "'%s' is empty", workload->file);
	struct kw_bytes bytes = kw_secret_bytes(&assertion);
	if (kw_secret_new(kw_percent_size(bytes), ret_encoded, err) < 0)
		return -1;
	kw_percent_encode(bytes, ret_encoded->data);
	return 0;
}

static int form_body(const struct kw_token_order *order, const struct workload *workload,
		     struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret assertion = { 0 };
	KW_CLEANUP(freep) char *client_id = kw_percent_text(workload->client_id);
	KW_CLEANUP(freep) char *audience = kw_percent_text(order->audience);
	KW_CLEANUP(freep)
	char *head = kw_format("client_id=%s&scope=%s%%2F.default&grant_type=client_credentials"
			       "&client_assertion_type=urn%%3Aietf%%3Aparams%%3Aoauth%%3A"
			       "client-assertion-type%%3Ajwt-bearer&client_assertion=",
			       client_id, audience);
	if (read_assertion(workload, &assertion, err) < 0)
		return -1;
	const struct kw_bytes parts[] = { kw_bytes_text(head), kw_secret_bytes(&assertion) };
	return kw_secret_join(parts, 2, ret, err);
}

static int exchange(const struct kw_token_order *order, const struct workload *workload,
		    int64_t deadline_ms, struct kw_http_answer *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret body = { 0 };
	KW_CLEANUP(freep) char *tenant = kw_percent_text(workload->tenant);
	KW_CLEANUP(freep)
	char *url = kw_format("%s/%s/oauth2/v2.0/token", workload->authority, tenant);
	if (form_body(order, workload, &body, err) < 0)
		return -1;
	const struct kw_http_request request = {
		.upstream = KW_UPSTREAM_ENTRA,
		.method = "POST",
		.url = url,
		.content_type = "application/x-www-form-urlencoded",
		.body = kw_secret_bytes(&body),
		.answer_max = KW_TOKEN_ANSWER_MAX,
		.answer_secret = true,
		.deadline_ms = deadline_ms,
	};
	return kw_http_call(order->http, &request, ret, err);
}

static const struct explanation *explanation_of(int64_t code)
{
	for (size_t i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++)
		if (explanations[i].code == code)
			return &explanations[i];
	return NULL;
}

/* The first of error_codes that is known, else the first; 0: none. */
static int64_t error_code(const struct kw_json *body)
{
	int64_t first = 0, code = 0;
	const struct kw_json *codes = kw_json_get(body, "error_codes");
	for (const struct kw_json *at = kw_json_first(codes); at != NULL; at = kw_json_next(at)) {
		if (!kw_json_int(at, &code))
			continue;
		if (explanation_of(code) != NULL)
			return code;
		if (first == 0)
			first = code;
	}
	return first;
}

/* An error answer of Entra: what went wrong is in numbers, not in its text. */
struct refusal {
	int64_t code;
	char trace_id[64];
};

static void read_refusal(const struct kw_http_answer *answer, struct refusal *ret)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *body = NULL;
	struct kw_error unreadable = { 0 };
	*ret = (struct refusal){ 0 };
	if (kw_json_parse(kw_secret_bytes(&answer->secret), KW_JSON_STRICT, KW_E_IDN_ANSWER, &body,
			  &unreadable)
	    < 0)
		return;
	ret->code = error_code(body);
	kw_text_clean(kw_bytes_text(kw_json_string(kw_json_get(body, "trace_id"))), ret->trace_id,
		      sizeof(ret->trace_id));
}

static int refused(const struct kw_http_answer *answer, const struct refusal *refusal,
		   struct kw_error *err)
{
	const struct explanation *explanation = explanation_of(refusal->code);
	kw_http_refused(answer, KW_E_IDN_BUSY, KW_E_IDN_REFUSED, err);
	if (refusal->code != 0)
		snprintf(err->upstream.code, sizeof(err->upstream.code), "AADSTS%lld",
			 (long long)refusal->code);
	if (*err->upstream.request_id == '\0')
		memcpy(err->upstream.request_id, refusal->trace_id, sizeof(refusal->trace_id));
	if (explanation != NULL)
		return kw_wrap(err, "%s", explanation->text);
	return -1;
}

/* The two refusals that the specification lets be asked again (3.3), by the deadline of the whole.
 */
static bool again(const struct kw_token_order *order, const struct refusal *refusal,
		  int64_t deadline_ms, bool *reread)
{
	if (refusal->code == AADSTS_STALE_ASSERTION && !*reread)
		return *reread = true;
	int64_t until_ms = order->started_ms + SPREADING_MS;
	if (until_ms > deadline_ms)
		until_ms = deadline_ms;
	return refusal->code == AADSTS_NO_MATCH
	       && kw_boot_ms(order->clock) + SPREADING_WAIT_MS < until_ms
	       && kw_http_pause(order->http, SPREADING_WAIT_MS);
}

int kw_workload_token(void *ctx, struct kw_fetched_token *ret, struct kw_error *err)
{
	KW_CLEANUP(workload_clear) struct workload workload = { 0 };
	const struct kw_token_order *order = ctx;
	int64_t deadline_ms = kw_boot_ms(order->clock) + order->config->retry.deadline_ms;
	struct refusal refusal = { 0 };
	bool reread = false;
	if (find_workload(order, &workload, err) < 0)
		return -1;
	for (;;) {
		KW_CLEANUP(kw_http_answer_clear) struct kw_http_answer answer = { 0 };
		if (exchange(order, &workload, deadline_ms, &answer, err) < 0)
			return -1;
		if (answer.outcome == KW_HTTP_OK)
			return kw_token_answer_read(&answer, kw_wall_s(order->clock), ret, err);
		read_refusal(&answer, &refusal);
		if (answer.outcome == KW_HTTP_RETRY
		    || !again(order, &refusal, deadline_ms, &reread))
			return refused(&answer, &refusal, err);
	}
}
