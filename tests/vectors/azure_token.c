/* SPDX-License-Identifier: Apache-2.0 */
/* Attestation tokens, judged as an offline verifier does: without knowing what was sent. */
#include "azure/maa.h"
#include "vectors/azure.h"
#include "vectors/jose.h"

#include <stdio.h>
#include <string.h>

static int64_t time_of(const struct vec_item *item)
{
	int64_t time_s = 0;

	if (kw_json_int(vec_param(item, "now"), &time_s)
	    || kw_json_int(vec_verify_with(item, "time"), &time_s))
		return time_s;
	return vec_time(item);
}

/* The runtime claims, written back as the firmware wrote them. */

static struct kw_json *in_order(const struct kw_json *object, const struct kw_json *names)
{
	struct kw_json *ordered = kw_json_new_object();

	for (const struct kw_json *at = kw_json_first(names); at; at = kw_json_next(at)) {
		const struct kw_json *value = kw_json_get(object, kw_json_string(at));

		if (value)
			kw_json_add(ordered, kw_json_string(at), kw_json_copy(value));
	}
	return ordered;
}

static char *rebuild(const struct kw_json *runtime, const struct kw_json *order)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *rebuilt = kw_json_new_object();
	const struct kw_json *user_data = kw_json_get(runtime, "user-data");
	const struct kw_json *key = kw_json_first(kw_json_get(runtime, "keys"));
	struct kw_json *keys = kw_json_add_array(rebuilt, "keys");

	for (; key; key = kw_json_next(key))
		kw_json_add(keys, NULL, in_order(key, kw_json_get(order, "key")));
	kw_json_add(rebuilt, "vm-configuration",
		    in_order(kw_json_get(runtime, "vm-configuration"), kw_json_get(order, "vm")));
	if (user_data)
		kw_json_add(rebuilt, "user-data", kw_json_copy(user_data));
	return kw_json_print(rebuilt);
}

static void runtime_facts(struct vec_item *item, const struct kw_json *claims)
{
	const struct kw_json *how = vec_param(item, "rebuild_runtime");
	uint8_t expected[2 * KW_SHA256_SIZE] = { 0 };
	char hex[2 * sizeof(expected) + 1];

	if (!how)
		return;
	const struct kw_json *root = vec_at_path(claims, kw_json_string(kw_json_get(how, "root")));
	KW_CLEANUP(freep)
	char *text = rebuild(kw_json_get(root, "x-ms-runtime"), kw_json_get(how, "order"));
	const char *found = kw_json_string(kw_json_get(root, "x-ms-sevsnpvm-reportdata"));
	kw_digest(KW_SHA256, kw_bytes_text(text), expected);
	kw_hex_encode(KW_BYTES(expected), hex);
	vec_fact_hex(item, "rebuilt_runtime_sha256", (struct kw_bytes){ expected, KW_SHA256_SIZE });
	vec_fact_bool(item, "rebuilt_runtime_matches_reportdata", found && strcmp(found, hex) == 0);
}

/* The verdict. */

static bool row_is(const struct kw_checks *checks, const char *check, enum kw_verdict verdict)
{
	const struct kw_check *row = kw_checks_find(checks, check);

	return row && row->verdict == verdict;
}

/* What can be told of single rows. */
static void rows_agree(struct vec_item *item, const struct kw_checks *checks)
{
	const char *verdict = kw_json_string(kw_json_get(item->json, "verify_verdict"));
	const struct kw_json *signature =
		kw_json_get(kw_json_get(item->json, "facts"), "signature_ok");
	bool verified = false;

	if (vec_param(item, "now"))
		vec_fact_bool(item, "expired_at_now",
			      row_is(checks, "token expiry", KW_VERDICT_FAILED));
	if (verdict && strcmp(verdict, "not-possible") == 0)
		vec_check(item, row_is(checks, "token signature", KW_VERDICT_NOT_POSSIBLE),
			  "the signature is not said to be not possible");
	if (kw_json_bool(signature, &verified) && kw_checks_find(checks, "token signature"))
		vec_check(item, row_is(checks, "token signature", KW_VERDICT_OK) == verified,
			  "the verifier says something else of the signature");
}

void vec_token(struct vec_item *item, struct kw_bytes text, const struct vec_jws_parts *parts)
{
	KW_CLEANUP(kw_json_freep)
	struct kw_json *jwks = vec_has(item, "jwks") ? vec_json(item, "jwks") : NULL;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };
	struct kw_token_rules rules = {
		.issuer = kw_json_string(vec_verify_with(item, "issuer")),
		.now_s = time_of(item),
		.guest = kw_json_get(parts->payload, "x-ms-isolation-tee") != NULL,
	};

	if (!kw_json_int(vec_param(item, "skew"), &rules.skew_s))
		rules.skew_s = 0;
	bool judged = kw_token_judge(text, jwks, &rules, &checks, NULL, &err) == 0;
	rows_agree(item, &checks);
	runtime_facts(item, parts->payload);
	const char *against = parts->payload ? vec_policy_facts(item, parts->payload) : NULL;
	if (!judged || kw_checks_result(&checks, 0, &err) < 0)
		against = vec_reason_of(&err);
	vec_reason(item, against);
}
