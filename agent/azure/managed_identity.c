/* SPDX-License-Identifier: Apache-2.0 */
/* Managed identity through IMDS (key release 3.2). */
#include "azure/identity_sources.h"
#include "azure/percent.h"
#include "util/text.h"

#include <string.h>

static bool has_selector(const struct kw_config_identity *identity)
{
	return *identity->client_id != '\0' || *identity->object_id != '\0'
	       || *identity->resource_id != '\0';
}

/* "&client_id=...", or "" for the system-assigned or only identity. Owned. */
static char *selector(const struct kw_config_identity *identity)
{
	const char *name = "msi_res_id", *value = identity->resource_id;
	if (*identity->client_id != '\0') {
		name = "client_id";
		value = identity->client_id;
	} else if (*identity->object_id != '\0') {
		name = "object_id";
		value = identity->object_id;
	}
	if (!has_selector(identity))
		return kw_strdup("");
	KW_CLEANUP(freep) char *encoded = kw_percent_text(value);
	return kw_format("&%s=%s", name, encoded);
}

static char *token_url(const struct kw_token_order *order)
{
	KW_CLEANUP(freep) char *resource = kw_percent_text(order->audience);
	KW_CLEANUP(freep) char *selected = selector(order->identity);
	const char *imds = order->config->imds.endpoint;
	size_t len = strlen(imds);
	while (len > 0 && imds[len - 1] == '/')
		len--;
	return kw_format("%.*s/metadata/identity/oauth2/token?api-version=2018-02-01&resource=%s%s",
			 (int)len, imds, resource, selected);
}

static int refused(const struct kw_token_order *order, const struct kw_http_answer *answer,
		   struct kw_error *err)
{
	const char *hint = has_selector(order->identity)
				   ? "is the identity of this id assigned to the node?"
				   : "with several identities on the node, name one with "
				     "identity.clientId";
	kw_http_refused(answer, KW_E_IDN_BUSY, KW_E_IDN_REFUSED, err);
	if (answer->status == 400)
		return kw_fail(err, KW_E_IDN_REFUSED, "%s (%s)", err->detail, hint);
	return -1;
}

int kw_managed_token(void *ctx, struct kw_fetched_token *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_http_answer_clear) struct kw_http_answer answer = { 0 };
	const struct kw_token_order *order = ctx;
	KW_CLEANUP(freep) char *url = token_url(order);
	const char *const headers[] = { "Metadata: true", NULL };
	const struct kw_http_request request = {
		.upstream = KW_UPSTREAM_IMDS,
		.method = "GET",
		.url = url,
		.headers = headers,
		.answer_max = KW_TOKEN_ANSWER_MAX,
		.answer_secret = true,
	};
	if (kw_http_call(order->http, &request, &answer, err) < 0)
		return -1;
	if (answer.outcome != KW_HTTP_OK)
		return refused(order, &answer, err);
	return kw_token_answer_read(&answer, kw_wall_s(order->clock), ret, err);
}
