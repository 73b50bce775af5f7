/* SPDX-License-Identifier: Apache-2.0 */
/* Attest of the published interface: an endpoint and a payload per call, so a service per call. */
#include "lib/guest.h"
#include "lib/internal.h"

#include <string.h>

/* What is behind the scheme; the whole URL where there is none. */
static const char *host_of(const char *url)
{
	const char *separator = strstr(url, "://");

	return separator ? separator + strlen("://") : url;
}

static int check(const struct keyward *context, const struct keyward_guest_params *params,
		 char **token_out, struct keyward_guest_result *result)
{
	const char *url = params ? params->attestation_endpoint_url : NULL;

	if (!context || !params || !token_out || !url || !*url)
		return kw_guest_refuse(KEYWARD_GUEST_INVALID_INPUT_PARAMETER,
				       "an argument or the endpoint is NULL or empty", result);
	if (params->version != KEYWARD_GUEST_PARAMS_VERSION)
		return kw_guest_refuse(KEYWARD_GUEST_INVALID_INPUT_PARAMETER,
				       "the version of the parameters is not 1", result);
	if (strspn(host_of(url), ":/ ") == strlen(host_of(url)))
		return kw_guest_refuse(KEYWARD_GUEST_PARSING_DNS_INFO, "the URL has no host",
				       result);
	return KEYWARD_GUEST_SUCCESS;
}

static int configure(const struct keyward *context, const struct keyward_guest_params *params,
		     struct kw_config **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;

	if (kw_config_parse(context->name, (const char *)context->text.data, context->text.len,
			    &config, err)
		    < 0
	    || kw_config_use_endpoint(config, params->attestation_endpoint_url, err) < 0
	    || (params->client_payload && *params->client_payload
		&& kw_config_use_payload(config, params->client_payload, err) < 0))
		return -1;
	kw_config_use_shared_key(config);
	*ret = KW_STEAL(config);
	return 0;
}

static int attest(struct kw_service *service, char **token_out, struct kw_error *err)
{
	KW_CLEANUP(kw_attestation_unrefp) struct kw_attestation *session = NULL;

	if (kw_attestation_get(service, NULL, &session, NULL, err) < 0)
		return -1;
	*token_out = kw_lib_copy(kw_attestation_token(session));
	return 0;
}

int keyward_guest_attest(struct keyward *context, const struct keyward_guest_params *params,
			 char **token_out, struct keyward_guest_result *result)
{
	KW_CLEANUP(kw_lib_leave) struct kw_lib_call call KW_UNUSED = kw_lib_enter();
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	KW_CLEANUP(kw_service_freep) struct kw_service *service = NULL;
	struct kw_service_options options = { .clock = &kw_clock_system,
					      .random = &kw_random_system };
	struct kw_error err = { 0 };
	int code = check(context, params, token_out, result);

	if (code != KEYWARD_GUEST_SUCCESS)
		return code;
	if (configure(context, params, &config, &err) < 0)
		return kw_guest_fail(&err, KW_GUEST_ATTEST, result);
	options.config = config;
	if (kw_service_open(&options, &service, &err) < 0)
		return kw_guest_refuse(KEYWARD_GUEST_CURL_INITIALIZATION, err.detail, result);
	if (attest(service, token_out, &err) < 0)
		return kw_guest_fail(&err, KW_GUEST_ATTEST, result);
	return kw_guest_succeed(result);
}
