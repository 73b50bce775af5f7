/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token endpoint of Entra, client assertion grant (key release 3.3): the assertion is a token
 * of the cluster's service account that the identity trusts.
 */
#include "access_token.h"
#include "jose.h"
#include "services.h"
#include "site.h"
#include "util/clock.h"
#include "util/text.h"
#include "workload.h"

#include <string.h>
#include <strings.h>

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define DEFAULT_SCOPE "/.default"

enum { SKEW_S = 300 };

struct refusal {
	int status, number;
	const char *error;
};
static const struct refusal bad_request = { 400, 900144, "invalid_request" };
static const struct refusal bad_form = { 400, 50027, "invalid_request" };
static const struct refusal bad_scope = { 400, 500011, "invalid_scope" };
static const struct refusal bad_tenant = { 400, 90002, "invalid_request" };
static const struct refusal bad_client = { 400, 700016, "unauthorized_client" };
static const struct refusal no_credential = { 401, 70025, "invalid_client" };
static const struct refusal bad_match = { 401, 70021, "invalid_client" };
static const struct refusal bad_subject = { 401, 700213, "invalid_client" };
static const struct refusal bad_signature = { 401, 700027, "invalid_client" };
static const struct refusal bad_time = { 401, 700024, "invalid_client" };

void lab_entra_refuse(struct lab_reply *reply, int status, long number, const char *error,
		      const char *text)
{
	struct kw_json *root = kw_json_new_object();
	KW_CLEANUP(freep) char *full = kw_format("AADSTS%ld: %s", number, text);
	KW_CLEANUP(freep) char *trace = lab_random_hex(16);
	char when[KW_TIME_TEXT_SIZE];

	kw_time_text(lab_now_s(), when);
	kw_json_add_string(root, "error", error);
	kw_json_add_string(root, "error_description", full);
	kw_json_add_int(kw_json_add_array(root, "error_codes"), NULL, number);
	kw_json_add_string(root, "timestamp", when);
	kw_json_add_string(root, "trace_id", trace);
	kw_json_add_string(root, "correlation_id", trace);
	lab_reply_json(reply, status, root);
	lab_reply_reason(reply, "%s", full);
}

static void refuse(struct lab_reply *reply, const struct refusal *why, const char *text)
{
	lab_entra_refuse(reply, why->status, why->number, why->error, text);
}

static bool is(const char *text, const char *expected)
{
	return text != NULL && strcmp(text, expected) == 0;
}

/* Issuer, subject and audience: what a federated credential names. */
static const struct refusal *judge_match(const struct kw_json *claims, const char **ret_text)
{
	KW_CLEANUP(freep) char *issuer = lab_workload_issuer();
	const struct kw_json *audience = kw_json_get(claims, "aud");

	*ret_text = "no federated credential matches the assertion's issuer";
	if (!is(kw_json_string(kw_json_get(claims, "iss")), issuer))
		return &bad_match;
	*ret_text = "no federated credential matches the assertion's subject";
	if (!is(kw_json_string(kw_json_get(claims, "sub")), LAB_SUBJECT))
		return &bad_subject;
	*ret_text = "no federated credential matches the assertion's audience";
	return is(kw_json_string(audience), LAB_ASSERTION_AUDIENCE)
			       || is(kw_json_string(kw_json_first(audience)),
				     LAB_ASSERTION_AUDIENCE)
		       ? NULL
		       : &bad_match;
}

static bool is_in_time(const struct kw_json *claims)
{
	int64_t expires = 0, not_before = 0, now = lab_now_s();

	return kw_json_int(kw_json_get(claims, "exp"), &expires) && expires > now
	       && (!kw_json_int(kw_json_get(claims, "nbf"), &not_before)
		   || not_before <= now + SKEW_S);
}

static const struct refusal *judge_assertion(const struct lab_identity *identity,
					     const char *assertion, const char **ret_text)
{
	KW_CLEANUP(lab_jws_clear) struct lab_jws jws = { 0 };
	const struct refusal *why;

	if (!lab_jws_open(assertion, &jws, ret_text))
		return &bad_form;
	*ret_text = "the application has no federated identity credential";
	if (!identity->federated)
		return &no_credential;
	why = judge_match(jws.payload, ret_text);
	if (why != NULL)
		return why;
	*ret_text = "the assertion's signature does not verify";
	if (!is(kw_json_string(kw_json_get(jws.header, "alg")), "RS256")
	    || !lab_jws_verify(&jws, lab_workload_key()))
		return &bad_signature;
	*ret_text = "the assertion is not within its validity";
	return is_in_time(jws.payload) ? NULL : &bad_time;
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
		client != NULL ? lab_identity_of_client(client) : NULL;
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
	why = judge_assertion(identity, assertion, &text);
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
