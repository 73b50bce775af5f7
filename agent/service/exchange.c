/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange with one attestation endpoint: the request that fits the evidence, the token, and
 * what the token must say. */
#include "collateral/context.h"
#include "service/internal.h"
#include "util/file.h"
#include "util/log.h"

#include <string.h>

enum { OS_RELEASE_MAX = 64 * 1024, NONCE_SIZE = 16 };
#define OS_RELEASE_PATH "/etc/os-release"
#define NONCE "nonce" /* of the client payload */

/* `nonce` (NULL: none) goes before a configured one. */
static struct kw_json *client_payload(struct kw_service *service, const char *nonce)
{
	const struct kw_config *config = service->config;
	struct kw_json *payload = kw_json_new_object();
	uint8_t random[NONCE_SIZE];
	char random_text[2 * NONCE_SIZE + 1];

	if (nonce != NULL)
		kw_json_add_string(payload, NONCE, nonce);
	for (size_t i = 0; i < config->attestation.n_client_payload; i++) {
		const struct kw_config_pair *pair = &config->attestation.client_payload[i];

		if (nonce == NULL || strcmp(pair->name, NONCE) != 0)
			kw_json_add_string(payload, pair->name, pair->value);
	}
	if (kw_json_get(payload, NONCE) == NULL) {
		kw_random_fill(service->options.random, random, sizeof(random));
		kw_hex_encode(KW_BYTES(random), random_text);
		kw_json_add_string(payload, NONCE, random_text);
	}
	return payload;
}

/* An image without os-release is no reason to fail: the service only records these words. */
static struct kw_os_info os_info(void)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };
	struct kw_os_info os = { .distro = "Linux", .major = 1, .minor = 0 };
	struct kw_error ignored = { 0 };

	if (kw_file_read(OS_RELEASE_PATH, OS_RELEASE_MAX, KW_E_SYS_FILE, &text, &ignored) == 0)
		(void)!kw_os_info_parse(kw_blob_bytes(&text), &os, &ignored);
	return os;
}

struct unsealing {
	struct kw_service *service;
	struct kw_evidence *evidence;
};

/* MAA seals to the ephemeral key with RSAES (guest attestation 4.9). */
static int unseal(void *ctx, struct kw_bytes inner_key, struct kw_secret *ret, struct kw_error *err)
{
	struct unsealing *u = ctx;

	if (kw_service_open_wrapped(u->service, u->evidence, KW_RSA_ES, KW_SHA256, inner_key, ret,
				    err)
	    == 0)
		return 0;
	if (!kw_error_is(err, KW_E_UNW_FAILED))
		return -1;
	*err = (struct kw_error){ 0 };
	return kw_fail(err, KW_E_ATT_SEAL_KEY,
		       "the token's inner key of %zu bytes does not open with our wrapping key",
		       inner_key.len);
}

static int guest_token(struct kw_service *service, const struct kw_exchange *x,
		       const struct kw_json *payload, struct kw_maa_call *call,
		       struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob body = { 0 };
	struct kw_os_info os = os_info();
	struct unsealing u = { service, x->evidence };
	struct kw_unsealer unsealer = { unseal, &u };

	if (kw_maa_guest_body(x->evidence, x->collateral, &os, payload, &body, err) < 0)
		return -1;
	call->body = kw_blob_bytes(&body);
	return kw_maa_attest_guest(service->http, call, &unsealer, ret, err);
}

/* What endorses the guest's measurement; a guest without it is judged by its measurement alone. */
struct kw_blob kw_reference_info(void)
{
	struct kw_blob info = { 0 };
	struct kw_error err = { 0 };

	if (kw_context_read(KW_CONTEXT_REFERENCE_INFO, &info, &err) < 0
	    && !kw_error_is(&err, KW_E_COL_NONE))
		kw_log_error(KW_LOG_WARNING, "evidence", NULL, &err);
	return info;
}

static int snp_token(struct kw_service *service, const struct kw_exchange *x,
		     const struct kw_json *payload, struct kw_maa_call *call, struct kw_secret *ret,
		     struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob endorsement = kw_reference_info();
	KW_CLEANUP(kw_blob_clear)
	struct kw_blob body =
		kw_maa_snp_body(x->evidence, x->collateral, kw_blob_bytes(&endorsement),
				kw_json_string(kw_json_get(payload, NONCE)));

	call->body = kw_blob_bytes(&body);
	return kw_maa_attest_snp(service->http, call, ret, err);
}

/* What the token of either kind must say. */
static struct kw_token_rules rules_for(const struct kw_service *service,
				       const struct kw_exchange *x, const struct kw_json *payload,
				       const struct kw_json *runtime)
{
	const struct kw_config *config = service->config;
	struct kw_token_rules rules = {
		.issuer = x->endpoint,
		.now_s = kw_wall_s(service->options.clock),
		.skew_s = config->time.skew_ms / 1000,
		.wrapping_key = x->evidence->wrapping_key,
		.wrapping_kid = x->evidence->wrapping_kid,
		.report_data = KW_BYTES(x->evidence->snp.report_data),
		.allow_debug = config->evidence.allow_debug,
	};

	if (x->evidence->kind == KW_EVIDENCE_GUEST) {
		rules.attestation_type = "azurevm";
		rules.guest = true;
		rules.payload = payload;
		rules.ak = x->evidence->report.ak;
	} else {
		rules.attestation_type = "sevsnpvm";
		rules.nonce = kw_json_string(kw_json_get(payload, NONCE));
		rules.runtime = runtime;
	}
	return rules;
}

static int all_ok(const struct kw_checks *checks, size_t from, struct kw_error *err)
{
	if (kw_checks_result(checks, from, err) < 0)
		return -1;
	for (size_t i = from; i < checks->n_rows; i++)
		if (checks->rows[i].verdict != KW_VERDICT_OK)
			return kw_fail(err, checks->rows[i].error, "%s: not possible: %s",
				       checks->rows[i].check, checks->rows[i].found);
	return 0;
}

static int judge_token(struct kw_service *service, const struct kw_exchange *x,
		       const struct kw_json *payload, const struct kw_secret *token,
		       struct kw_checks *checks, int64_t *ret_expiry_s, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *jwks = NULL;
	KW_CLEANUP(kw_json_freep) struct kw_json *runtime = NULL;
	struct kw_token_rules rules;
	size_t from = checks->n_rows;
	char kid[160];

	if (x->evidence->kind == KW_EVIDENCE_SNP
	    && kw_json_parse(kw_blob_bytes(&x->evidence->runtime), KW_JSON_STRICT,
			     KW_E_SYS_INTERNAL, &runtime, err)
		       < 0)
		return -1;
	rules = rules_for(service, x, payload, runtime);
	if (kw_token_kid(kw_secret_bytes(token), kid, sizeof(kid), err) < 0) {
		struct kw_error same = { 0 }; /* no key is looked for, but the rows are made */

		(void)!kw_token_judge(kw_secret_bytes(token), NULL, &rules, checks, NULL, &same);
		return -1;
	}
	if (kw_token_keys_get(service->token_keys, x->endpoint, kid, &jwks, err) < 0
	    || kw_token_judge(kw_secret_bytes(token), jwks, &rules, checks, ret_expiry_s, err) < 0)
		return -1;
	return all_ok(checks, from, err);
}

/* Instances that let nobody in without a token of Entra's (key release 2.1). */
static int bearer_of(struct kw_service *service, struct kw_secret *ret, struct kw_error *err)
{
	const struct kw_config *config = service->config;

	if (*config->attestation.bearer == '\0')
		return 0;
	return kw_identity_token(service->identities, &config->identity, config->attestation.bearer,
				 false, ret, err);
}

int kw_exchange(struct kw_service *service, const struct kw_exchange *x, struct kw_checks *checks,
		struct kw_secret *ret_token, int64_t *ret_expiry_s, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *payload = client_payload(service, x->nonce);
	KW_CLEANUP(kw_secret_clear) struct kw_secret token = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret bearer = { 0 };
	struct kw_maa_call call = { .config = service->config, .endpoint = x->endpoint };
	int r;

	if (bearer_of(service, &bearer, err) < 0)
		return kw_wrap(err, "access token for %s", x->endpoint);
	call.bearer = bearer.len > 0 ? &bearer : NULL;
	r = x->evidence->kind == KW_EVIDENCE_GUEST
		    ? guest_token(service, x, payload, &call, &token, err)
		    : snp_token(service, x, payload, &call, &token, err);
	if (r < 0)
		return kw_wrap(err, "attesting with %s", x->endpoint);
	if (judge_token(service, x, payload, &token, checks, ret_expiry_s, err) < 0)
		return kw_wrap(err, "token of %s", x->endpoint);
	kw_secret_move(ret_token, &token);
	return 0;
}
