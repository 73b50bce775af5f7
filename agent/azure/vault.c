/* SPDX-License-Identifier: Apache-2.0 */
/* The release call of Key Vault and Managed HSM (key release 4.1, 4.2, 4.8). */
#include "azure/vault.h"
#include "util/text.h"

#include <string.h>

enum { ANSWER_MAX = 1024 * 1024, CONFLICT_PAUSE_MS = 2000 };
#define RELEASE_API_VERSION "7.4"

static char *release_url(const struct kw_key_id *key)
{
	char origin[KW_ORIGIN_TEXT_SIZE];

	kw_origin_text(&key->origin, origin);
	return kw_format("%s/keys/%s%s%s/release?api-version=" RELEASE_API_VERSION, origin,
			 key->name, key->version[0] != '\0' ? "/" : "", key->version);
}

/* Refusals. */

/* The innermost error code of the body (4.8), or "". */
static void inner_code(const struct kw_http_answer *answer, char *ret, size_t size)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *body = NULL;
	const struct kw_json *error = NULL;
	struct kw_error ignored = { 0 };
	const char *code = NULL;

	ret[0] = '\0';
	if (kw_json_parse(kw_blob_bytes(&answer->body), KW_JSON_STRICT, KW_E_REL_ANSWER, &body,
			  &ignored)
	    < 0)
		return;
	for (error = kw_json_get(body, "error"); error != NULL;
	     error = kw_json_get(error, "innererror"))
		if (kw_json_string(kw_json_get(error, "code")) != NULL)
			code = kw_json_string(kw_json_get(error, "code"));
	kw_text_clean(kw_bytes_text(code), ret, size);
}

static bool says(const struct kw_http_answer *answer, const char *words)
{
	return answer->body.len > 0
	       && memmem(answer->body.data, answer->body.len, words, strlen(words)) != NULL;
}

/* A 403 has many faces; its texts are matched loosely because they are no contract (4.8). */
static enum kw_error_name row_of_403(const struct kw_http_answer *answer)
{
	char code[64];

	inner_code(answer, code, sizeof(code));
	if (strcmp(code, "ForbiddenByFirewall") == 0 || strcmp(code, "ForbiddenByConnection") == 0)
		return KW_E_REL_FIREWALL;
	if (says(answer, "attestation") && says(answer, "policy"))
		return KW_E_REL_POLICY;
	if (says(answer, "attestation"))
		return KW_E_REL_STATEMENT;
	if (strcmp(code, "KeyDisabled") == 0 || says(answer, "disabled") || says(answer, "expired")
	    || says(answer, "not yet valid"))
		return KW_E_REL_ATTRIBUTES;
	return KW_E_REL_DENIED;
}

static int refused(const struct kw_http_answer *answer, struct kw_error *err)
{
	enum kw_error_name row = KW_E_REL_BAD_REQUEST;

	switch (answer->status) {
	case 401:
		row = KW_E_REL_UNAUTHORIZED;
		break;
	case 403:
		row = row_of_403(answer);
		break;
	case 404:
		row = KW_E_REL_NOT_FOUND;
		break;
	default:
		/* Only a 4xx is the vault's refusal; a redirect or an odd 2xx may come from
		 * anybody. */
		if (answer->status < 400 || answer->status >= 500)
			row = KW_E_REL_ANSWER;
		break;
	}
	return kw_http_refused(answer, KW_E_REL_BUSY, row, err);
}

/* The call. */

static int request_body(const struct kw_release_request *request, struct kw_secret *ret,
			struct kw_error *err)
{
	/* All three values are base64url, dots and words: nothing needs escaping in JSON. */
	const struct kw_bytes parts[] = {
		kw_bytes_text("{\"target\":\""),
		request->token,
		kw_bytes_text("\",\"nonce\":\""),
		kw_bytes_text(request->nonce),
		kw_bytes_text("\",\"enc\":\""),
		kw_bytes_text(kw_release_enc_text(request->enc)),
		kw_bytes_text("\"}"),
	};

	return kw_secret_join(parts, sizeof(parts) / sizeof(parts[0]), ret, err);
}

/* A 409 says that another operation on the key is running: once more, a little later (4.8). */
static int call_twice(struct kw_http *http, const struct kw_http_request *call,
		      struct kw_http_answer *answer, struct kw_error *err)
{
	if (kw_http_call(http, call, answer, err) < 0)
		return -1;
	if (answer->status != 409 || !kw_http_pause(http, CONFLICT_PAUSE_MS))
		return 0;
	kw_http_answer_clear(answer);
	*err = (struct kw_error){ 0 };
	return kw_http_call(http, call, answer, err);
}

int kw_vault_release(struct kw_http *http, const struct kw_release_request *request,
		     struct kw_blob *ret_body, struct kw_error *err)
{
	KW_CLEANUP(freep) char *url = release_url(&request->key);
	KW_CLEANUP(kw_secret_clear) struct kw_secret body = { 0 };
	KW_CLEANUP(kw_http_answer_clear) struct kw_http_answer answer = { 0 };
	static const char *const headers[] = { "Accept: application/json", NULL };
	struct kw_http_request call = {
		.upstream = KW_UPSTREAM_VAULT,
		.method = "POST",
		.url = url,
		.headers = headers,
		.bearer = request->bearer,
		.content_type = "application/json",
		.answer_max = ANSWER_MAX,
		.deadline_ms = request->deadline_ms,
	};

	if (request_body(request, &body, err) < 0)
		return -1;
	call.body = kw_secret_bytes(&body);
	if (call_twice(http, &call, &answer, err) < 0)
		return -1;
	if (answer.outcome != KW_HTTP_OK)
		return refused(&answer, err);
	*ret_body = answer.body;
	answer.body = (struct kw_blob){ 0 };
	return 0;
}
