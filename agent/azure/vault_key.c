/* SPDX-License-Identifier: Apache-2.0 */
/* A key as the vault describes it (key release 5.1, 6): what it says of itself, nothing released.
 */
#include "azure/vault_calls.h"

#include "util/text.h"

#include <string.h>

void kw_vault_key_clear(struct kw_vault_key *key)
{
	kw_blob_clear(&key->answer);
	*key = (struct kw_vault_key){ 0 };
}

static void take_text(const struct kw_json *object, const char *name, char *ret, size_t size)
{
	kw_text_clean(kw_bytes_text(kw_json_string(kw_json_get(object, name))), ret, size);
}

int kw_vault_key_parse(struct kw_bytes answer, struct kw_vault_key *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *json = NULL;
	struct kw_vault_key key = { .enabled = true };
	const struct kw_json *jwk, *attributes;

	if (kw_json_parse(answer, KW_JSON_STRICT, KW_E_REL_ANSWER, &json, err) < 0)
		return -1;
	jwk = kw_json_get(json, "key");
	attributes = kw_json_get(json, "attributes");
	take_text(jwk, "kid", key.kid, sizeof(key.kid));
	take_text(jwk, "kty", key.kty, sizeof(key.kty));
	if (key.kid[0] == '\0' || key.kty[0] == '\0')
		return kw_fail(err, KW_E_REL_ANSWER,
			       "the vault's answer has no key with kid and kty");
	(void)!kw_json_bool(kw_json_get(attributes, "enabled"), &key.enabled);
	(void)!kw_json_bool(kw_json_get(attributes, "exportable"), &key.exportable);
	(void)!kw_json_int(kw_json_get(attributes, "nbf"), &key.nbf_s);
	(void)!kw_json_int(kw_json_get(attributes, "exp"), &key.exp_s);
	key.has_policy = kw_json_get(json, "release_policy") != NULL;
	key.answer = kw_blob_copy(answer);
	*ret = key;
	return 0;
}

int kw_vault_get_key(struct kw_http *http, const struct kw_key_id *id,
		     const struct kw_secret *bearer, int64_t deadline_ms, struct kw_vault_key *ret,
		     struct kw_error *err)
{
	KW_CLEANUP(freep) char *url = kw_vault_url(id, "");
	KW_CLEANUP(kw_http_answer_clear) struct kw_http_answer answer = { 0 };
	static const char *const headers[] = { "Accept: application/json", NULL };
	const struct kw_http_request call = {
		.upstream = KW_UPSTREAM_VAULT,
		.method = "GET",
		.url = url,
		.headers = headers,
		.bearer = bearer,
		.answer_max = KW_VAULT_ANSWER_MAX,
		.deadline_ms = deadline_ms,
	};

	if (kw_http_call(http, &call, &answer, err) < 0)
		return -1;
	if (answer.outcome != KW_HTTP_OK)
		return kw_vault_refused(&answer, KW_E_REL_GET, err);
	return kw_vault_key_parse(kw_blob_bytes(&answer.body), ret, err);
}
