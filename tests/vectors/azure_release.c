/* SPDX-License-Identifier: Apache-2.0 */
/* Release answers: judged without a request, opened with the key of role `kek`. */
#include "azure/vault.h"
#include "jose/certificate.h"
#include "service/material.h"
#include "util/base64.h"
#include "vectors/azure.h"
#include "vectors/evidence.h"
#include "vectors/jose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct kw_signer_roots *anchor_of(struct vec_item *item)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob pem = vec_file(item, "anchor");
	struct kw_signer_roots *roots = NULL;
	struct kw_error err = { 0 };

	if (kw_signer_roots_parse(kw_blob_bytes(&pem), &roots, &err) < 0)
		fail_msg("%s", err.detail);
	return roots;
}

/* Certificates. */

static void subjects_fact(struct vec_item *item, const struct kw_json *x5c)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *subjects = kw_json_new_array();

	for (const struct kw_json *at = kw_json_first(x5c); at; at = kw_json_next(at)) {
		KW_CLEANUP(kw_certificate_clear) struct kw_certificate certificate = { 0 };
		KW_CLEANUP(kw_blob_clear) struct kw_blob der = { 0 };
		struct kw_error err = { 0 };

		if (!kw_base64_decode(KW_BASE64, kw_bytes_text(kw_json_string(at)), &der)
		    || kw_certificate_parse(kw_blob_bytes(&der), false, KW_E_REL_JWS_FORM,
					    &certificate, &err)
			       < 0)
			fail_msg("x5c: %s", err.detail);
		kw_json_add_string(subjects, NULL, certificate.subject_cn);
	}
	vec_fact_json(item, "x5c_subjects", subjects);
}

static bool chain_is_good(const struct kw_checks *checks)
{
	return vec_row_ok(checks, "x5c chain") && vec_row_ok(checks, "x5c validity");
}

static void certificate_facts(struct vec_item *item, const struct kw_json *header,
			      const struct kw_signer_roots *roots, const struct kw_checks *found)
{
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *leaf = NULL;
	const struct kw_json *x5c = kw_json_get(header, "x5c");
	struct kw_checks by_default = { 0 };
	struct kw_error err = { 0 };

	subjects_fact(item, x5c);
	if (kw_json_get(header, "x5t#S256"))
		vec_fact_bool(item, "x5t_s256_ok", vec_row_ok(found, "x5t#S256"));
	else
		vec_fact_null(item, "x5t_s256_ok");
	vec_fact_bool(item, "signature_ok", vec_row_ok(found, "release answer signature"));
	vec_fact_bool(item, "chain_ok", chain_is_good(found));
	if (kw_x5c_judge(x5c, NULL, roots, NULL, item->default_time, &by_default, &leaf, &err) < 0)
		fail_msg("%s", err.detail);
	vec_fact_bool(item, "chain_ok_at_2026_01_01", chain_is_good(&by_default));
}

/* The payload. */

static struct kw_json *decoded(const char *text)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob raw = { 0 };
	struct kw_json *json = NULL;
	struct kw_error err = { 0 };

	if (!kw_base64_decode(KW_BASE64_EITHER, kw_bytes_text(text), &raw)
	    || kw_json_parse(kw_blob_bytes(&raw), KW_JSON_STRICT, KW_E_SYS_DATA, &json, &err) < 0)
		fail_msg("a member is not JSON in base64: %s", err.detail);
	return json;
}

static void key_hsm_fact(struct vec_item *item, const char *text)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *json = decoded(text);
	KW_CLEANUP(kw_json_freep) struct kw_json *fact = kw_json_new_object();
	KW_CLEANUP(kw_blob_clear) struct kw_blob ciphertext = { 0 };
	struct kw_error err = { 0 };

	if (kw_json_want_base64(json, "ciphertext", KW_BASE64URL_LENIENT, KW_E_SYS_DATA,
				&ciphertext, &err)
	    < 0)
		fail_msg("%s", err.detail);
	kw_json_add(fact, "schema_version", kw_json_copy(kw_json_get(json, "schema_version")));
	kw_json_add(fact, "header", kw_json_copy(kw_json_get(json, "header")));
	kw_json_add_int(fact, "ciphertext_bytes", (int64_t)ciphertext.len);
	vec_fact_json(item, "key_hsm", fact);
}

static void payload_facts(struct vec_item *item, const struct kw_release_answer *answer,
			  const char *key_hsm)
{
	const struct kw_json *policy = vec_at_path(answer->payload, "response.key.release_policy");
	const char *data = kw_json_string(kw_json_get(policy, "data"));
	KW_CLEANUP(kw_json_freep) struct kw_json *opened = data ? decoded(data) : NULL;

	vec_fact_json(item, "request", kw_json_get(answer->payload, "request"));
	vec_fact_str(item, "key_kid", answer->kid);
	vec_fact_str(item, "key_kty", answer->kty);
	key_hsm_fact(item, key_hsm);
	vec_fact_json(item, "release_policy", opened);
}

/* The key. */

/* What is wrong with the key inside, or NULL. */
static const char *key_facts(struct vec_item *item, const struct kw_release_answer *answer,
			     const char *key_hsm)
{
	KW_CLEANUP(kw_material_unrefp) struct kw_material *material = NULL;
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	const char *against =
		vec_has(item, "kek") ? vec_key_hsm_facts(item, key_hsm, &plain) : NULL;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	if (against || !vec_has(item, "kek"))
		return against;
	if (kw_material_from_answer(answer, &plain, false, &checks, &material, &err) < 0)
		return vec_reason_of(&err);
	vec_check(item, strcmp(material->version, strrchr(answer->kid, '/') + 1) == 0,
		  "the material is of version '%s'", material->version);
	return NULL;
}

void vec_release_answer(struct vec_item *item, struct kw_bytes body,
			const struct vec_jws_parts *parts)
{
	KW_CLEANUP(kw_signer_roots_freep) struct kw_signer_roots *roots = anchor_of(item);
	KW_CLEANUP(kw_release_answer_clear) struct kw_release_answer answer = { 0 };
	const char *vault = kw_json_string(vec_verify_with(item, "vault"));
	struct kw_origin origin = { 0 };
	struct kw_release_rules rules = { .roots = roots, .now_s = vec_time(item) };
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	if (vault && kw_origin_parse(vault, &origin, NULL))
		rules.vault = &origin;
	if (kw_release_answer_judge(body, &rules, &checks, &answer, &err) < 0) {
		vec_reason(item, vec_reason_of(&err));
		return;
	}
	const char *key_hsm =
		kw_json_string(vec_at_path(answer.payload, "response.key.key.key_hsm"));
	assert_non_null(key_hsm);
	certificate_facts(item, parts->header, roots, &checks);
	payload_facts(item, &answer, key_hsm);
	const char *against = key_facts(item, &answer, key_hsm);
	if (kw_checks_result(&checks, 0, &err) < 0)
		against = vec_reason_of(&err);
	vec_reason(item, against);
}
