/* SPDX-License-Identifier: Apache-2.0 */
#include "azure/reach.h"

#include "azure/endpoint.h"
#include "azure/vault_calls.h"
#include "util/text.h"

enum { ANSWER_MAX = 256 * 1024 };
#define INSTANCE_PATH "/metadata/instance?api-version=2021-02-01"

static int get(struct kw_http *http, const struct kw_clock *clock, enum kw_upstream upstream,
	       const char *url, const char *const *headers, struct kw_http_answer *ret_answer,
	       struct kw_reached *ret, struct kw_error *err)
{
	int64_t begun_ms = kw_boot_ms(clock);
	const struct kw_http_request request = {
		.upstream = upstream,
		.method = "GET",
		.url = url,
		.headers = headers,
		.answer_max = ANSWER_MAX,
		.once = true,
	};

	if (kw_http_call(http, &request, ret_answer, err) < 0)
		return -1;
	*ret = (struct kw_reached){ ret_answer->status, kw_boot_ms(clock) - begun_ms,
				    ret_answer->date_s };
	return 0;
}

int kw_reach_attestation(struct kw_http *http, const struct kw_clock *clock, const char *endpoint,
			 struct kw_reached *ret, struct kw_error *err)
{
	KW_CLEANUP(freep)
	char *url = kw_endpoint_url(endpoint, "/.well-known/openid-configuration");
	KW_CLEANUP(kw_http_answer_clear) struct kw_http_answer answer = { 0 };

	return get(http, clock, KW_UPSTREAM_MAA_KEYS, url, NULL, &answer, ret, err);
}

int kw_reach_vault(struct kw_http *http, const struct kw_clock *clock, const struct kw_key_id *key,
		   struct kw_reached *ret, struct kw_error *err)
{
	KW_CLEANUP(freep) char *url = kw_vault_url(key, "");
	KW_CLEANUP(kw_http_answer_clear) struct kw_http_answer answer = { 0 };

	return get(http, clock, KW_UPSTREAM_VAULT, url, NULL, &answer, ret, err);
}

static void take_text(const struct kw_json *object, const char *name, char *ret, size_t size)
{
	kw_text_clean(kw_bytes_text(kw_json_string(kw_json_get(object, name))), ret, size);
}

int kw_instance_get(struct kw_http *http, const struct kw_clock *clock,
		    const struct kw_config *config, struct kw_instance *ret, struct kw_error *err)
{
	static const char *const headers[] = { "Metadata: true", NULL };
	KW_CLEANUP(freep) char *url = kw_endpoint_url(config->imds.endpoint, INSTANCE_PATH);
	KW_CLEANUP(kw_http_answer_clear) struct kw_http_answer answer = { 0 };
	KW_CLEANUP(kw_json_freep) struct kw_json *json = NULL;
	struct kw_instance instance = { 0 };
	const struct kw_json *compute;

	if (get(http, clock, KW_UPSTREAM_IMDS, url, headers, &answer, &instance.reached, err) < 0)
		return -1;
	if (answer.outcome != KW_HTTP_OK)
		return kw_http_refused(&answer, KW_E_IDN_BUSY, KW_E_IDN_REFUSED, err);
	if (kw_json_parse(kw_blob_bytes(&answer.body), KW_JSON_STRICT, KW_E_IDN_ANSWER, &json, err)
	    < 0)
		return -1;
	compute = kw_json_get(json, "compute");
	take_text(compute, "location", instance.location, sizeof(instance.location));
	take_text(kw_json_get(compute, "securityProfile"), "securityType", instance.security_type,
		  sizeof(instance.security_type));
	*ret = instance;
	return 0;
}
