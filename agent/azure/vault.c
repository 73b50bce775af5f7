/* SPDX-License-Identifier: Apache-2.0 */
/* The release call of Key Vault and Managed HSM (key release 4.1, 4.2, 4.8). */
#include "azure/vault_calls.h"
#include "util/text.h"

#include <string.h>

enum { CONFLICT_PAUSE_MS = 2000 };

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
	KW_CLEANUP(freep) char *url = kw_vault_url(&request->key, "/release");
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
		.answer_max = KW_VAULT_ANSWER_MAX,
		.deadline_ms = request->deadline_ms,
	};

	if (request_body(request, &body, err) < 0)
		return -1;
	call.body = kw_secret_bytes(&body);
	if (call_twice(http, &call, &answer, err) < 0)
		return -1;
	if (answer.outcome != KW_HTTP_OK)
		return kw_vault_refused(&answer, KW_E_REL_DENIED, err);
	*ret_body = answer.body;
	answer.body = (struct kw_blob){ 0 };
	return 0;
}
