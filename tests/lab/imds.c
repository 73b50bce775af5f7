/* SPDX-License-Identifier: Apache-2.0 */
/* Instance metadata with THIM (key release 1.1, 3.2; guest attestation 7). */
#include "access_token.h"
#include "limit.h"
#include "platform.h"
#include "services.h"
#include "util/text.h"

#include <string.h>
#include <strings.h>

#define THIM_PREFIX "/metadata/THIM/"

enum lab_service lab_imds_service_of(const char *path)
{
	return strncasecmp(path, THIM_PREFIX, sizeof(THIM_PREFIX) - 1) == 0 ? LAB_THIM : LAB_IMDS;
}

/* The identity that the query selects; NULL: `reply` refuses. */
static const struct lab_identity *selected(const struct lab_request *request,
					   struct lab_reply *reply)
{
	static const char *const kinds[] = { "client_id", "object_id", "msi_res_id" };
	const struct lab_identity *found = NULL;
	const char *why = "";
	unsigned named = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		KW_CLEANUP(freep) char *value = lab_query_get(request->query, kinds[i]);

		if (value == NULL)
			continue;
		named++;
		found = lab_identity_find(kinds[i], value);
		if (found == NULL) {
			lab_reply_oauth_error(reply, 400, "invalid_request", "Identity not found");
			return NULL;
		}
	}
	if (named > 1) {
		lab_reply_oauth_error(reply, 400, "invalid_request",
				      "more than one of client_id, object_id, msi_res_id");
		return NULL;
	}
	if (named == 0)
		found = lab_identity_default(&why);
	if (found == NULL)
		lab_reply_oauth_error(reply, 400, "invalid_request", "%s", why);
	return found;
}

static void identity_token(const struct lab_request *request, struct lab_reply *reply)
{
	KW_CLEANUP(freep) char *version = lab_query_get(request->query, "api-version");
	KW_CLEANUP(freep) char *resource = lab_query_get(request->query, "resource");
	const struct lab_identity *identity = selected(request, reply);
	struct lab_access_token token;

	if (identity == NULL)
		return;
	if (version == NULL || strcmp(version, "2018-02-01") != 0) {
		lab_reply_oauth_error(reply, 400, "invalid_request",
				      "api-version is '%s', expected 2018-02-01",
				      version != NULL ? version : "");
		return;
	}
	if (resource == NULL || !lab_resource_known(resource)) {
		lab_reply_oauth_error(reply, 400, "invalid_resource",
				      "AADSTS500011: the resource '%s' was not found in the tenant",
				      resource != NULL ? resource : "");
		return;
	}
	token = lab_access_token_mint(LAB_IMDS, identity, resource);
	lab_access_token_reply(reply, LAB_IMDS, resource, &token);
	lab_reply_reason(reply, "a token for %s, client id %s", resource, identity->client_id);
}

static void instance(struct lab_reply *reply)
{
	struct kw_json *root = kw_json_new_object();
	struct kw_json *compute = kw_json_add_object(root, "compute");
	struct kw_json *profile;

	kw_json_add_string(compute, "azEnvironment", "AzurePublicCloud");
	kw_json_add_string(compute, "location", "westeurope");
	kw_json_add_string(compute, "osType", "Linux");
	kw_json_add_string(compute, "vmId", lab_platform_vm_id());
	profile = kw_json_add_object(compute, "securityProfile");
	kw_json_add_string(profile, "secureBootEnabled", "true");
	kw_json_add_string(profile, "securityType", "ConfidentialVM");
	kw_json_add_string(profile, "virtualTpmEnabled", "true");
	lab_reply_json(reply, 200, root);
}

static struct lab_limit limit = LAB_LIMIT_INITIALIZER;

void lab_imds_open(const struct lab_options *options)
{
	limit.rate = options->imds_limit;
}

static bool throttled(struct lab_reply *reply)
{
	long wait_s = lab_limit_take(&limit);

	if (wait_s == 0)
		return false;
	lab_reply_oauth_error(reply, 429, "too_many_requests", "Too many requests");
	lab_reply_header(reply, "Retry-After", "%ld", wait_s);
	return true;
}

/* What IMDS asks of every request. */
static bool acceptable(const struct lab_request *request, struct lab_reply *reply)
{
	const char *metadata = lab_request_header(request, "Metadata");

	if (metadata == NULL || strcmp(metadata, "true") != 0)
		lab_reply_oauth_error(reply, 400, "bad_request_102",
				      "Required metadata header not specified");
	else if (lab_request_header(request, "X-Forwarded-For") != NULL)
		lab_reply_oauth_error(reply, 400, "bad_request_103",
				      "X-Forwarded-For is not allowed");
	else if (strcmp(request->method, "GET") != 0)
		lab_reply_oauth_error(reply, 405, "method_not_allowed", "GET alone is known");
	else
		return true;
	return false;
}

void lab_imds_handle(const struct lab_request *request, struct lab_reply *reply)
{
	if (throttled(reply) || !acceptable(request, reply))
		return;
	if (strcasecmp(request->path, THIM_PREFIX "amd/certification") == 0)
		lab_reply_json(reply, 200, lab_platform_certification());
	else if (strcasecmp(request->path, "/metadata/identity/oauth2/token") == 0)
		identity_token(request, reply);
	else if (strcasecmp(request->path, "/metadata/instance") == 0)
		instance(reply);
	else if (strcasecmp(request->path, "/metadata/instance/compute/vmId") == 0)
		lab_reply_bytes(reply, "text/plain; charset=utf-8",
				kw_bytes_text(lab_platform_vm_id()));
	else
		lab_reply_oauth_error(reply, 404, "not_found", "no such endpoint");
}
