/* SPDX-License-Identifier: Apache-2.0 */
#include "server/compat.h"

#include <stdio.h>
#include <string.h>

int kw_compat_parse(const struct kw_request *request, struct kw_json **ret, struct kw_error *err)
{
	return kw_json_parse(kw_blob_bytes(&request->body), KW_JSON_LENIENT, KW_E_SRV_BODY, ret,
			     err);
}

int kw_compat_want(const struct kw_json *body, const char *name, size_t max, const char **ret,
		   struct kw_error *err)
{
	const struct kw_json *value = kw_json_get_nocase(body, name);
	const char *text = kw_json_string(value);

	if (text == NULL && kw_json_type(value) != KW_JSON_NULL)
		return kw_fail(err, KW_E_SRV_BODY, "'%s' is not a string", name);
	if (text == NULL || text[0] == '\0')
		return kw_fail(err, KW_E_SRV_BODY, "'%s' is required", name);
	if (strlen(text) > max)
		return kw_fail(err, KW_E_SRV_BODY, "'%s' is over %zu bytes", name, max);
	*ret = text;
	return 0;
}

bool kw_compat_names_origin(const char *text, const struct kw_origin *origin)
{
	char url[KW_ORIGIN_TEXT_SIZE];
	bool has_scheme = strncmp(text, "https://", strlen("https://")) == 0;
	int n = snprintf(url, sizeof(url), "%s%s", has_scheme ? "" : "https://", text);

	return n > 0 && (size_t)n < sizeof(url) && kw_origin_is(origin, url);
}

const char *kw_compat_find_endpoint(char *const *endpoints, size_t n, const char *text)
{
	struct kw_origin origin = { 0 };

	for (size_t i = 0; i < n; i++)
		if (kw_origin_parse(endpoints[i], &origin, NULL)
		    && kw_compat_names_origin(text, &origin))
			return endpoints[i];
	return NULL;
}

enum MHD_Result kw_compat_bad_body(struct kw_request *request, const struct kw_error *err)
{
	return kw_answer_compat_error(request, MHD_HTTP_BAD_REQUEST, "invalid request format", err);
}

static unsigned strict_status(unsigned status, const struct kw_error *err)
{
	if (err->upstream.status == MHD_HTTP_TOO_MANY_REQUESTS || err->upstream.status >= 500)
		return MHD_HTTP_SERVICE_UNAVAILABLE;
	return err->def->kind == KW_CONFIG ? MHD_HTTP_INTERNAL_SERVER_ERROR : status;
}

enum MHD_Result kw_compat_refuse(struct kw_request *request, unsigned status, const char *words,
				 const struct kw_error *err)
{
	if (request->server->config->server.compat.strict_status)
		status = strict_status(status, err);
	return kw_answer_compat_error(request, status, words, err);
}
