/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /key/release of Microsoft's sidecar:
 * the body is read leniently, but hosts and key must be configured ones, and `allow` and `export`
 * hold.
 */
#include "server/compat.h"
#include "server/live.h"
#include "util/log.h"

#include <string.h>

#define RELEASE_FAILED "secure key release failed"
#define ACTION "release" /* in the audit record */

enum { ACCESS_TOKEN_MAX = 16 * 1024, NAME_MAX_SIZE = 512 }; /* bytes */

struct body {
	struct kw_json *json;
	const char *maa_endpoint, *akv_endpoint, *kid;
	struct kw_secret access_token; /* empty: not given */
};

static void body_clear(struct body *body)
{
	kw_json_free(body->json);
	kw_secret_clear(&body->access_token);
}

/* Reading the body. */

static int take_access_token(const struct kw_json *json, struct kw_secret *ret,
			     struct kw_error *err)
{
	const struct kw_json *value = kw_json_get_nocase(json, "access_token");

	if (kw_json_type(value) == KW_JSON_NULL)
		return 0;
	if (kw_json_string(value) == NULL)
		return kw_fail(err, KW_E_SRV_BODY, "'access_token' is not a string");
	if (kw_json_string(value)[0] == '\0')
		return 0;
	if (strlen(kw_json_string(value)) > ACCESS_TOKEN_MAX)
		return kw_fail(err, KW_E_SRV_BODY, "'access_token' is over %d bytes",
			       ACCESS_TOKEN_MAX);
	return kw_secret_take(kw_bytes_text(kw_json_string(value)), ret, err);
}

static int read_body(const struct kw_request *request, struct body *ret, struct kw_error *err)
{
	if (kw_compat_parse(request, &ret->json, err) < 0
	    || kw_compat_want(ret->json, "maa_endpoint", NAME_MAX_SIZE, &ret->maa_endpoint, err) < 0
	    || kw_compat_want(ret->json, "akv_endpoint", NAME_MAX_SIZE, &ret->akv_endpoint, err) < 0
	    || kw_compat_want(ret->json, "kid", NAME_MAX_SIZE, &ret->kid, err) < 0)
		return -1;
	return take_access_token(ret->json, &ret->access_token, err);
}

/* Which configured key is meant. */

static bool names_endpoint(const struct kw_config *config, const struct kw_config_key *rule,
			   const char *text)
{
	bool own = rule->n_attestation_endpoints > 0;

	return kw_compat_find_endpoint(
		       own ? rule->attestation_endpoints : config->attestation.endpoints,
		       own ? rule->n_attestation_endpoints : config->attestation.n_endpoints, text)
	       != NULL;
}

static const struct kw_config_key *find_rule(const struct kw_request *request,
					     const struct body *body)
{
	const struct kw_config *config = request->server->config;

	for (size_t i = 0; i < config->n_keys; i++) {
		const struct kw_config_key *rule = &config->keys[i];

		if (kw_caller_may(request, rule) && kw_rule_is_named(rule, body->kid)
		    && kw_compat_names_origin(body->akv_endpoint, &rule->id.origin)
		    && names_endpoint(config, rule, body->maa_endpoint))
			return rule;
	}
	return NULL;
}

/* Answering. */

static enum MHD_Result refuse(struct kw_request *request, const struct kw_error *err)
{
	return kw_compat_refuse(request, MHD_HTTP_FORBIDDEN, RELEASE_FAILED, err);
}

/* `key` is the name that the record of this refusal bears. */
static enum MHD_Result refuse_key(struct kw_request *request, const char *key,
				  const struct kw_error *err)
{
	kw_access_refused(request, key, ACTION, err);
	return refuse(request, err);
}

static enum MHD_Result refuse_row(struct kw_request *request, const char *key,
				  enum kw_error_name row, const char *sentence)
{
	struct kw_error err = { 0 };

	(void)kw_fail(&err, row, "%s", sentence);
	return refuse_key(request, key, &err);
}

static bool wants_escape(uint8_t c)
{
	return c == '"' || c == '\\';
}

/* {"key":"<JWK as JSON text>"}: the JWK is compact JSON text, so quotes and backslashes are all
 * that is left to escape. */
static int wrap_jwk(struct kw_bytes jwk, struct kw_secret *ret, struct kw_error *err)
{
	static const char head[] = "{\"key\":\"", tail[] = "\"}";
	size_t n_quotes = 0, at = strlen(head);

	for (size_t i = 0; i < jwk.len; i++)
		n_quotes += wants_escape(jwk.data[i]);
	if (kw_secret_new(strlen(head) + jwk.len + n_quotes + strlen(tail), ret, err) < 0)
		return -1;
	memcpy(ret->data, head, at);
	for (size_t i = 0; i < jwk.len; i++) {
		if (wants_escape(jwk.data[i]))
			ret->data[at++] = '\\';
		ret->data[at++] = jwk.data[i];
	}
	memcpy(ret->data + at, tail, strlen(tail));
	return 0;
}

static enum MHD_Result answer_key(struct kw_request *request, const char *key,
				  struct kw_material *material)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret text = { 0 };
	struct kw_error err = { 0 };

	if (kw_access_granted(request, key, material, ACTION, &err) < 0
	    || wrap_jwk(kw_secret_bytes(&material->jwk), &text, &err) < 0)
		return refuse(request, &err);
	return kw_answer(request, MHD_HTTP_OK, kw_response_secret(&text, KW_COMPAT_JSON));
}

/* The two ways. */

static enum MHD_Result release_live(struct kw_request *request, const struct kw_config_key *rule,
				    struct kw_secret *bearer)
{
	struct kw_error err = { 0 };

	if (kw_access_rate(request, rule->name, &err) < 0)
		return kw_answer_compat_error(request, MHD_HTTP_TOO_MANY_REQUESTS, RELEASE_FAILED,
					      &err);
	if (!kw_live_start(request, rule, bearer))
		return refuse_row(request, rule->name, KW_E_SRV_BUSY,
				  "too many releases are waiting");
	return MHD_YES;
}

static enum MHD_Result answer_live(struct kw_request *request)
{
	const char *key = kw_live_key(request);
	struct kw_material *material = NULL;
	struct kw_error err = { 0 };

	if (kw_live_result(request, &material, &err) == 0)
		return answer_key(request, key, material);
	kw_log_error(KW_LOG_WARNING, "refused-live", NULL, &err);
	return refuse_key(request, key, &err);
}

static enum MHD_Result answer_stored(struct kw_request *request, const struct kw_config_key *rule)
{
	const struct kw_entry *entry = kw_store_find(request->server->store, rule->name);

	if (entry->current != NULL)
		return answer_key(request, rule->name, entry->current);
	if (entry->last_error.def != NULL)
		return refuse_key(request, rule->name, &entry->last_error);
	if (kw_has_waited_enough(request))
		return refuse_row(request, rule->name, KW_E_STO_PENDING,
				  "the key has not been released yet");
	kw_suspend(request, entry);
	return MHD_YES;
}

enum MHD_Result kw_route_release(struct kw_request *request)
{
	KW_CLEANUP(body_clear) struct body body = { 0 };
	const struct kw_config_key *rule = NULL;
	struct kw_error err = { 0 };

	if (kw_work_has_ended(request))
		return answer_live(request);
	if (request->work != NULL)
		return refuse_row(request, kw_live_key(request), KW_E_SYS_DEADLINE,
				  "the release took too long");
	if (read_body(request, &body, &err) < 0)
		return kw_compat_bad_body(request, &err);
	if (request->caller.bad_token)
		return refuse_row(request, body.kid, KW_E_SRV_TOKEN,
				  "the bearer token is none of ours");
	rule = find_rule(request, &body);
	if (rule == NULL)
		return refuse_row(request, body.kid, KW_E_CFG_ORIGIN,
				  "the endpoints and the key are not configured for this caller");
	if (!rule->export_allowed)
		return refuse_row(request, rule->name, KW_E_SRV_EXPORT, "the key is not exported");
	if (body.access_token.len > 0)
		return release_live(request, rule, &body.access_token);
	return answer_stored(request, rule);
}
