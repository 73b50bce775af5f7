/* SPDX-License-Identifier: Apache-2.0 */
#include "http/headers.h"

#include "http/retry.h"
#include "util/text.h"

#include <string.h>
#include <strings.h>

/* --- request */

bool kw_http_is_bearer(struct kw_bytes token)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789-._~+/=";
	bool known[UINT8_MAX + 1] = { false };
	for (const char *c = alphabet; *c != '\0'; c++)
		known[(unsigned char)*c] = true;
	for (size_t i = 0; i < token.len; i++)
		if (!known[token.data[i]])
			return false;
	return token.len > 0;
}

/* A line that would end early would be two headers. */
static bool is_line(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == '\x7f')
			return false;
	return true;
}

static int append(struct curl_slist **list, const char *line, struct kw_error *err)
{
	if (!is_line(line))
		return kw_fail(err, KW_E_SYS_INTERNAL, "a request header has a control byte");
	struct curl_slist *longer = curl_slist_append(*list, line);
	if (longer == NULL)
		return kw_fail(err, KW_E_SYS_INTERNAL, "no memory for request headers");
	*list = longer;
	return 0;
}

static int append_bearer(struct curl_slist **list, const struct kw_secret *bearer,
			 struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret line = { 0 };
	const struct kw_bytes parts[] = { kw_bytes_text("Authorization: Bearer "),
					  kw_secret_bytes(bearer) };
	if (!kw_http_is_bearer(kw_secret_bytes(bearer)))
		return kw_fail(err, KW_E_SYS_DATA,
			       "the bearer token is empty or has a byte that no token has");
	if (kw_secret_join(parts, 2, &line, err) < 0)
		return -1;
	return append(list, (const char *)line.data, err);
}

static int append_content_type(struct curl_slist **list, const char *content_type,
			       struct kw_error *err)
{
	KW_CLEANUP(freep)
	char *line =
		kw_format("Content-Type:%s%s", content_type != NULL ? " " : "",
			  content_type != NULL ? content_type : ""); /* none: libcurl adds none */
	return append(list, line, err);
}

int kw_request_headers_new(const struct kw_http_request *request, struct curl_slist **ret,
			   struct kw_error *err)
{
	KW_CLEANUP(kw_request_headers_freep) struct curl_slist *list = NULL;
	if (append(&list, "Expect:", err) < 0
	    || append_content_type(&list, request->content_type, err) < 0)
		return -1;
	for (const char *const *header = request->headers; header != NULL && *header != NULL;
	     header++)
		if (append(&list, *header, err) < 0)
			return -1;
	if (request->bearer != NULL && append_bearer(&list, request->bearer, err) < 0)
		return -1;
	*ret = KW_STEAL(list);
	return 0;
}

void kw_request_headers_free(struct curl_slist *list)
{
	for (struct curl_slist *node = list; node != NULL; node = node->next)
		kw_wipe(node->data, strlen(node->data));
	curl_slist_free_all(list);
}

/* --- answer */

static struct kw_bytes trimmed(const uint8_t *from, const uint8_t *to)
{
	while (from < to && (*from == ' ' || *from == '\t'))
		from++;
	while (from < to && (to[-1] == '\r' || to[-1] == '\n' || to[-1] == ' ' || to[-1] == '\t'))
		to--;
	return (struct kw_bytes){ from, (size_t)(to - from) };
}

static bool is_name(struct kw_bytes name, const char *wanted)
{
	return name.len == strlen(wanted)
	       && strncasecmp((const char *)name.data, wanted, name.len) == 0;
}

static void keep(struct kw_answer_headers *headers, struct kw_bytes name, struct kw_bytes value)
{
	const struct {
		const char *name;
		char *to;
		size_t size;
	} fields[] = {
		{ "Content-Type", headers->content_type, sizeof(headers->content_type) },
		{ "Date", headers->date, sizeof(headers->date) },
		{ "Retry-After", headers->retry_after, sizeof(headers->retry_after) },
		{ "WWW-Authenticate", headers->www_authenticate,
		  sizeof(headers->www_authenticate) },
		{ "x-ms-client-request-id", headers->client_request_id,
		  sizeof(headers->client_request_id) },
		{ "x-ms-request-id", headers->request_id, sizeof(headers->request_id) },
	};
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (is_name(name, fields[i].name))
			kw_text_clean(value, fields[i].to, fields[i].size);
}

bool kw_answer_headers_take(struct kw_answer_headers *headers, struct kw_bytes line)
{
	size_t seen = headers->seen + line.len;
	if (seen > KW_ANSWER_HEADERS_MAX)
		return false;
	if (line.len >= 5 && memcmp(line.data, "HTTP/", 5) == 0)
		*headers = (struct kw_answer_headers){ 0 };
	headers->seen = seen;
	headers->ended = trimmed(line.data, line.data + line.len).len == 0;

	const uint8_t *colon = line.len > 0 ? memchr(line.data, ':', line.len) : NULL;
	if (colon != NULL)
		keep(headers, (struct kw_bytes){ line.data, (size_t)(colon - line.data) },
		     trimmed(colon + 1, line.data + line.len));
	return true;
}

void kw_answer_headers_apply(const struct kw_answer_headers *headers, int64_t wall_s,
			     struct kw_http_answer *answer)
{
	const char *id =
		*headers->request_id != '\0' ? headers->request_id : headers->client_request_id;
	memcpy(answer->content_type, headers->content_type, sizeof(answer->content_type));
	memcpy(answer->www_authenticate, headers->www_authenticate,
	       sizeof(answer->www_authenticate));
	memcpy(answer->request_id, id, sizeof(answer->request_id));

	int64_t date_s = curl_getdate(headers->date, NULL);
	answer->date_s = date_s > 0 ? date_s : 0;
	answer->retry_after_s = kw_retry_after_parse(headers->retry_after,
						     answer->date_s != 0 ? answer->date_s : wall_s);
}
