/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token endpoint of Entra, client assertion grant (key release 3.3). The assertion's form,
 * audience and times are checked; its signature is not, because the lab is no cluster and has no
 * issuer of service account tokens.
 */
#include "access_token.h"
#include "jose.h"
#include "services.h"
#include "site.h"
#include "util/clock.h"
#include "util/text.h"

#include <string.h>
#include <strings.h>

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define ASSERTION_AUDIENCE "api://AzureADTokenExchange"
#define DEFAULT_SCOPE "/.default"

struct refusal {
	int status, number;
	const char *error;
};
static const struct refusal bad_request = { 400, 900144, "invalid_request" };
static const struct refusal bad_form = { 400, 50027, "invalid_request" };
static const struct refusal bad_scope = { 400, 500011, "invalid_scope" };
static const struct refusal bad_tenant = { 400, 90002, "invalid_request" };
static const struct refusal bad_client = { 400, 700016, "unauthorized_client" };
static const struct refusal bad_audience = { 401, 700213, "invalid_client" };
static const struct refusal bad_time = { 401, 700024, "invalid_client" };

static void refuse(struct lab_reply *reply, const struct refusal *why, const char *text)
{
	struct kw_json *root = kw_json_new_object();
	KW_CLEANUP(freep) char *full = kw_format("AADSTS%d: %s", why->number, text);
	KW_CLEANUP(freep) char *trace = lab_random_hex(16);
	char when[KW_TIME_TEXT_SIZE];

	kw_time_text(lab_now_s(), when);
	kw_json_add_string(root, "error", why->error);
	kw_json_add_string(root, "error_description", full);
	kw_json_add_int(kw_json_add_array(root, "error_codes"), NULL, why->number);
	kw_json_add_string(root, "timestamp", when);
	kw_json_add_string(root, "trace_id", trace);
	kw_json_add_string(root, "correlation_id", trace);
	lab_reply_json(reply, why->status, root);
	lab_reply_reason(reply, "%s", full);
}

static bool is(const char *text, const char *expected)
{
	return text != NULL && strcmp(text, expected) == 0;
}

static const struct refusal *judge_assertion(const char *assertion, const char **ret_text)
{
	KW_CLEANUP(lab_jws_clear) struct lab_jws jws = { 0 };
	int64_t expires = 0, not_before = 0;

	if (!lab_jws_open(assertion, &jws, ret_text))
		return &bad_form;
	*ret_text = "the assertion's audience is not " ASSERTION_AUDIENCE;
	if (!is(kw_json_string(kw_json_get(jws.payload, "aud")), ASSERTION_AUDIENCE)
	    && !is(kw_json_string(kw_json_first(kw_json_get(jws.payload, "aud"))),
		   ASSERTION_AUDIENCE))
		return &bad_audience;
	*ret_text = "the assertion is not within its validity";
	if (!kw_json_int(kw_json_get(jws.payload, "exp"), &expires) || expires <= lab_now_s()
	    || (kw_json_int(kw_json_get(jws.payload, "nbf"), &not_before)
		&& not_before > lab_now_s() + 300))
		return &bad_time;
	return NULL;
}

/* The resource of "RESOURCE/.default", owned; NULL: it is not one. */
static char *resource_of(const char *scope)
{
	size_t len = scope != NULL ? strlen(scope) : 0;
	char *resource;

	if (len <= sizeof(DEFAULT_SCOPE) - 1
	    || strcmp(scope + len - (sizeof(DEFAULT_SCOPE) - 1), DEFAULT_SCOPE) != 0)
		return NULL;
	resource = kw_format("%.*s", (int)(len - (sizeof(DEFAULT_SCOPE) - 1)), scope);
	if (lab_resource_known(resource))
		return resource;
	free(resource);
	return NULL;
}

static void grant(const char *form, struct lab_reply *reply)
{
	KW_CLEANUP(freep) char *type = lab_query_get(form, "grant_type");
	KW_CLEANUP(freep) char *client = lab_query_get(form, "client_id");
	KW_CLEANUP(freep) char *scope = lab_query_get(form, "scope");
	KW_CLEANUP(freep) char *assertion_type = lab_query_get(form, "client_assertion_type");
	KW_CLEANUP(freep) char *assertion = lab_query_get(form, "client_assertion");
	KW_CLEANUP(freep) char *resource = resource_of(scope);
	const struct lab_identity *identity =
		client != NULL ? lab_identity_find("client_id", client) : NULL;
	const struct refusal *why;
	const char *text = "";
	struct lab_access_token token;

	if (!is(type, "client_credentials") || !is(assertion_type, ASSERTION_TYPE)
	    || assertion == NULL)
		return refuse(reply, &bad_request, "a form parameter is missing or unknown");
	if (identity == NULL)
		return refuse(reply, &bad_client, "the application was not found in the tenant");
	if (resource == NULL)
		return refuse(reply, &bad_scope, "the scope is not a known resource/.default");
	why = judge_assertion(assertion, &text);
	if (why != NULL)
		return refuse(reply, why, text);
	token = lab_access_token_mint(LAB_ENTRA, identity, resource);
	lab_access_token_reply(reply, LAB_ENTRA, resource, &token);
	lab_reply_reason(reply, "a token for %s, client id %s", resource, client);
}

void lab_entra_handle(const struct lab_request *request, struct lab_reply *reply)
{
	const char *type = lab_request_header(request, "Content-Type");
	const char *tenant_end = strchr(request->path + 1, '/');

	if (tenant_end == NULL || !is(tenant_end, "/oauth2/v2.0/token"))
		return lab_reply_oauth_error(reply, 404, "not_found", "no such endpoint");
	if (strcmp(request->method, "POST") != 0)
		return refuse(reply, &bad_request, "POST alone is known");
	if ((size_t)(tenant_end - request->path - 1) != strlen(LAB_TENANT)
	    || strncasecmp(request->path + 1, LAB_TENANT, strlen(LAB_TENANT)) != 0)
		return refuse(reply, &bad_tenant, "the tenant was not found");
	if (type == NULL
	    || strncasecmp(type, "application/x-www-form-urlencoded",
			   strlen("application/x-www-form-urlencoded"))
		       != 0)
		return refuse(reply, &bad_request, "the body is not a form");
	grant((const char *)request->body.data, reply);
}
