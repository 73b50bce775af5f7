/* SPDX-License-Identifier: Apache-2.0 */
/* One key, from a session to material. */
#include "jose/private_key.h"
#include "service/internal.h"
#include "service/material.h"
#include "util/base64.h"
#include "util/log.h"
#include "util/text.h"

#include <string.h>

enum { RELEASE_NONCE_SIZE = 16 };

static int nonce_text(struct kw_service *service, char ret[32], struct kw_error *err)
{
	KW_CLEANUP(freep) char *text = NULL;
	uint8_t nonce[RELEASE_NONCE_SIZE];

	kw_random_fill(service->options.random, nonce, sizeof(nonce));
	text = kw_base64_encode(KW_BASE64URL, KW_BYTES(nonce));
	if (strlen(text) >= 32)
		return kw_fail(err, KW_E_SYS_INTERNAL, "a nonce of %zu characters", strlen(text));
	memcpy(ret, text, strlen(text) + 1);
	return 0;
}

bool kw_rule_is_named(const struct kw_config_key *rule, const char *kid)
{
	KW_CLEANUP(freep) char *url = NULL;
	char origin[KW_ORIGIN_TEXT_SIZE];
	struct kw_key_id id = { 0 };

	kw_origin_text(&rule->id.origin, origin);
	url = strncmp(kid, "https://", strlen("https://")) == 0
		      ? kw_strdup(kid)
		      : kw_format("%s/keys/%s", origin, kid);
	return kw_key_id_parse(url, &id) && kw_origin_equal(&id.origin, &rule->id.origin)
	       && strcmp(id.name, rule->id.name) == 0 && strcmp(id.version, rule->id.version) == 0;
}

struct release_call {
	struct kw_service *service;
	struct kw_release_request *request;
	struct kw_blob *ret;
};

static int call_with(void *ctx, const struct kw_secret *bearer, struct kw_error *err)
{
	struct release_call *call = ctx;
	int result;

	call->request->bearer = bearer;
	result = kw_vault_release(call->service->http, call->request, call->ret, err);
	call->request->bearer = NULL; /* it lives no longer than the call */
	return result;
}

static int judge_answer(struct kw_service *service, const struct kw_attestation *session,
			const struct kw_release_request *request, struct kw_bytes body,
			struct kw_checks *checks, struct kw_release_answer *ret,
			struct kw_error *err)
{
	const struct kw_config *config = service->config;
	size_t from = checks->n_rows;
	struct kw_release_rules rules = {
		.key = &request->key,
		.enc = kw_release_enc_text(request->enc),
		.nonce = request->nonce,
		.wrapping_kid = kw_attestation_wrapping_kid(session),
		.roots = service->signer_roots,
		.now_s = kw_wall_s(service->options.clock),
		.require_nonce_echo = config->release.require_nonce_echo,
	};

	if (kw_release_answer_judge(body, &rules, checks, ret, err) < 0
	    || kw_checks_result(checks, from, err) < 0)
		return -1;
	return 0;
}

/* A vault that does not know our `enc` is asked for its default, once (key release 4.2). */
static bool falls_back(const struct kw_service *service, struct kw_release_request *request,
		       struct kw_error *err)
{
	if (!kw_error_is(err, KW_E_REL_ENC_UNKNOWN) || !service->config->release.enc_fallback
	    || request->enc == KW_ENC_CKM_RSA_AES_KEY_WRAP)
		return false;
	request->enc = KW_ENC_CKM_RSA_AES_KEY_WRAP;
	*err = (struct kw_error){ 0 };
	return true;
}

static int call_vault(struct kw_service *service, const struct kw_config_key *rule,
		      const struct kw_secret *bearer, struct kw_release_request *request,
		      struct kw_blob *ret, struct kw_error *err)
{
	struct release_call call = { service, request, ret };
	int result;

	do {
		result = bearer != NULL ? call_with(&call, bearer, err)
					: kw_with_bearer(service, rule, call_with, &call, err);
	} while (result < 0 && falls_back(service, request, err));
	return result == 0 ? 0 : kw_wrap(err, "releasing %s", rule->url);
}

/* No attempt starts with less than the reserve left (key release 4.8), nor after retry.deadline. */
static int64_t spend_by_ms(struct kw_service *service, const struct kw_attestation *session)
{
	const struct kw_clock *clock = service->options.clock;
	int64_t left_s = kw_attestation_expiry_s(session) - KW_TOKEN_RESERVE_S - kw_wall_s(clock);
	int64_t left_ms = left_s > 0 ? left_s * 1000 : 1;
	int64_t most_ms = service->config->retry.deadline_ms;

	return kw_boot_ms(clock) + (left_ms < most_ms ? left_ms : most_ms);
}

static int release(struct kw_service *service, struct kw_attestation *session,
		   const struct kw_config_key *rule, const struct kw_secret *bearer,
		   struct kw_checks *checks, struct kw_material **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob body = { 0 };
	KW_CLEANUP(kw_release_answer_clear) struct kw_release_answer answer = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	struct kw_release_request request = {
		.key = rule->id,
		.token = kw_attestation_token(session),
		.enc = service->config->release.enc,
	};

	request.deadline_ms = spend_by_ms(service, session);
	if (nonce_text(service, request.nonce, err) < 0
	    || call_vault(service, rule, bearer, &request, &body, err) < 0)
		return -1;
	if (judge_answer(service, session, &request, kw_blob_bytes(&body), checks, &answer, err)
	    < 0)
		return kw_wrap(err, "release answer for %s", rule->url);
	if (kw_attestation_unwrap(service, session, &answer.wrapped, &plain, err) < 0)
		return kw_wrap(err, "unwrapping");
	return kw_material_from_answer(&answer, &plain, service->config->release.strict_public_half,
				       checks, ret, err);
}

static bool is_vault_outage(const struct kw_error *err)
{
	return kw_error_is_outage(err) && strcmp(err->def->stage, "REL") == 0;
}

/* Where the same key lies too. Only an outage of its own vault leads there: no other vault undoes a
 * refusal, and what the others say against it does not count. */
static int release_elsewhere(struct kw_service *service, struct kw_attestation *session,
			     const struct kw_config_key *rule, const struct kw_secret *bearer,
			     struct kw_checks *checks, struct kw_material **ret)
{
	size_t n_checks = checks->n_rows;

	for (size_t i = 0; i < rule->n_fallback_urls; i++) {
		struct kw_config_key there = *rule;
		struct kw_error err = { 0 };

		checks->n_rows = n_checks;
		there.url = rule->fallback_urls[i];
		if (!kw_key_id_parse(there.url, &there.id))
			continue; /* the configuration was read with the same grammar */
		if (release(service, session, &there, bearer, checks, ret, &err) == 0)
			return 0;
		kw_log_error(KW_LOG_WARNING, "fallback", rule->name, &err);
	}
	checks->n_rows = n_checks;
	return -1;
}

int kw_release(struct kw_service *service, struct kw_attestation *session,
	       const struct kw_config_key *rule, const struct kw_secret *bearer,
	       struct kw_checks *checks, struct kw_material **ret, struct kw_error *err)
{
	struct kw_checks own = { 0 };

	if (checks == NULL)
		checks = &own;
	if (release(service, session, rule, bearer, checks, ret, err) == 0)
		return 0;
	if (is_vault_outage(err)
	    && release_elsewhere(service, session, rule, bearer, checks, ret) == 0) {
		*err = (struct kw_error){ 0 };
		return 0;
	}
	return kw_wrap(err, "key '%s'", rule->name);
}

int kw_acquire(struct kw_service *service, const struct kw_config_key *rule,
	       const struct kw_secret *bearer, struct kw_checks *checks, struct kw_material **ret,
	       struct kw_error *err)
{
	for (int again = 0; again <= 1; again++) {
		KW_CLEANUP(kw_attestation_unrefp) struct kw_attestation *session = NULL;

		if (checks != NULL)
			checks->n_rows = 0;
		*err = (struct kw_error){ 0 };
		if (kw_attestation_get(service, rule, &session, checks, err) < 0)
			return kw_wrap(err, "key '%s'", rule->name);
		if (kw_release(service, session, rule, bearer, checks, ret, err) == 0)
			return 0;
		if (err->def->retry != KW_RENEWED || kw_error_is(err, KW_E_REL_UNAUTHORIZED))
			return -1;
		kw_attestation_invalidate(service, session); /* new evidence can help: once */
	}
	return -1;
}
