/* SPDX-License-Identifier: Apache-2.0 */
/* What an upstream said when it refused: the shapes of Azure's error bodies, read for people. */
#include "http/client.h"

#include "http/internal.h"
#include "util/json.h"
#include "util/text.h"

#include <stdio.h>
#include <string.h>

enum { MESSAGE_SIZE = 300 };

struct said {
	char code[48]; /* the innermost one is behind a slash: "Forbidden/AccessDenied" */
	char message[MESSAGE_SIZE];
};

static void clean(const struct kw_json *text, char *ret, size_t size)
{
	kw_text_clean(kw_bytes_text(kw_json_string(text)), ret, size);
}

/* {"code", "message", "innererror": {"code", "innererror": ...}} */
static void read_object(const struct kw_json *error, struct said *ret)
{
	const struct kw_json *inner = kw_json_get(error, "innererror"), *code = NULL;
	clean(kw_json_get(error, "code"), ret->code, sizeof(ret->code));
	clean(kw_json_get(error, "message"), ret->message, sizeof(ret->message));

	for (; inner != NULL; inner = kw_json_get(inner, "innererror"))
		if (kw_json_string(kw_json_get(inner, "code")) != NULL)
			code = kw_json_get(inner, "code");
	size_t len = strlen(ret->code);
	if (code == NULL || len + 2 >= sizeof(ret->code))
		return;
	if (len > 0)
		ret->code[len++] = '/';
	clean(code, ret->code + len, sizeof(ret->code) - len);
}

static void read_said(const struct kw_http_answer *answer, struct said *ret)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *root = NULL;
	struct kw_error unreadable = { 0 };
	struct kw_bytes body = answer->secret.data != NULL ? kw_secret_bytes(&answer->secret)
							   : kw_blob_bytes(&answer->body);
	if (kw_json_parse(body, KW_JSON_STRICT, KW_E_SYS_DATA, &root, &unreadable) < 0)
		return;

	const struct kw_json *error = kw_json_get(root, "error");
	if (kw_json_type(error) == KW_JSON_OBJECT) {
		read_object(error, ret);
		return;
	}
	const struct kw_json *message = kw_json_get(root, "error_description");
	clean(error, ret->code, sizeof(ret->code));
	clean(message != NULL ? message : kw_json_get_nocase(root, "message"), ret->message,
	      sizeof(ret->message));
}

int kw_http_refused(const struct kw_http_answer *answer, enum kw_error_name busy,
		    enum kw_error_name final, struct kw_error *err)
{
	struct said said = { 0 };
	read_said(answer, &said);
	kw_fail(err, answer->outcome == KW_HTTP_RETRY ? busy : final, "HTTP %d%s%s%s%s",
		answer->status, *said.code != '\0' ? " " : "", said.code,
		*said.message != '\0' ? ": " : "", said.message);
	kw_http_upstream_fill(answer, &err->upstream);
	memcpy(err->upstream.code, said.code, sizeof(err->upstream.code));
	return -1;
}

void kw_http_upstream_fill(const struct kw_http_answer *answer, struct kw_error_upstream *ret)
{
	*ret = (struct kw_error_upstream){ .status = (short)answer->status,
					   .retry_after_s = answer->retry_after_s };
	memcpy(ret->request_id, answer->request_id, sizeof(ret->request_id));
}
