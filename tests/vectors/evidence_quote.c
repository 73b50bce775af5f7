/* SPDX-License-Identifier: Apache-2.0 */
/* TPM quotes. */
#include "vectors/evidence.h"

#include "evidence/hcl_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { PATH_SIZE = 64 };

/* HCLAkPub of the role `hcl`, that report not judged, or the key of the role `ak`. */
static struct kw_public_key *attestation_key(struct vec_item *item)
{
	const char *role = vec_has(item, "ak") ? "ak" : "hcl";
	KW_CLEANUP(kw_blob_clear) struct kw_blob file = vec_file(item, role);
	KW_CLEANUP(kw_json_freep) struct kw_json *claims = NULL;
	struct kw_public_key *key = NULL;
	struct kw_hcl_layout layout;
	struct kw_error err = { 0 };
	int r;

	if (strcmp(role, "ak") == 0)
		r = kw_public_key_from_pem(kw_blob_bytes(&file), KW_E_CFG_READ, &key, &err);
	else
		r = kw_hcl_layout_read(kw_blob_bytes(&file), &layout)
			    ? kw_hcl_claims_parse(layout.claims, &claims, &key, &err)
			    : -1;
	if (r < 0)
		fail_msg("attestation key: %s", err.detail);
	return key;
}

static void attest_facts(struct vec_item *item, const struct kw_tpm_attest *a)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *facts = kw_json_new_object();
	struct kw_json *selection = kw_json_add_array(facts, "selection");
	char path[PATH_SIZE];

	vec_add_hex(facts, "qualified_signer", a->qualified_signer.data, a->qualified_signer.len);
	vec_add_hex(facts, "nonce", a->extra_data.data, a->extra_data.len);
	kw_json_add_int(facts, "clock", (int64_t)a->clock);
	kw_json_add_int(facts, "reset_count", a->reset_count);
	kw_json_add_int(facts, "restart_count", a->restart_count);
	kw_json_add_int(facts, "safe", a->safe);
	vec_add_word(facts, "firmware", a->firmware);
	for (size_t i = 0; i < a->n_selection; i++) {
		struct kw_json *one = kw_json_add_object(selection, NULL);
		struct kw_json *pcrs = kw_json_add_array(one, "pcrs");

		kw_json_add_string(one, "hash", vec_bank_name(a->selection[i].hash));
		for (int pcr = 0; pcr < KW_TPM_PCRS; pcr++)
			if (a->selection[i].pcrs >> pcr & 1)
				kw_json_add_int(pcrs, NULL, pcr);
	}
	vec_add_hex(facts, "pcr_digest", a->pcr_digest.data, a->pcr_digest.len);
	kw_json_add_int(facts, "trailing", a->trailing);
	for (const struct kw_json *at = kw_json_first(facts); at; at = kw_json_next(at)) {
		snprintf(path, sizeof(path), "attest.%s", kw_json_name(at));
		vec_fact_json(item, path, at);
	}
}

/* Of another kind of structure only the head is read. */
static void attest_head_facts(struct vec_item *item, const struct kw_tpm_attest *a)
{
	char number[9];

	snprintf(number, sizeof(number), "%08x", a->magic);
	vec_fact_str(item, "attest.magic", number);
	snprintf(number, sizeof(number), "%04x", a->type);
	vec_fact_str(item, "attest.type", number);
}

static const char *form_name(enum kw_tpm_signature_form form)
{
	switch (form) {
	case KW_TPM_SIGNATURE_RAW:
		return "raw";
	case KW_TPM_SIGNATURE_RSASSA:
		return "tpmt-rsassa";
	case KW_TPM_SIGNATURE_RSAPSS:
		return "tpmt-rsapss";
	case KW_TPM_SIGNATURE_ECDSA:
		return "tpmt-ecdsa";
	}
	return NULL;
}

static void quote_facts(struct vec_item *item, struct kw_bytes message, struct kw_bytes signature,
			const struct kw_pcr_values *banks, size_t n_banks,
			const struct kw_checks *checks)
{
	uint8_t digest[KW_DIGEST_MAX];
	struct kw_bytes computed = { digest, 0 };
	struct kw_tpm_signature parsed;
	struct kw_tpm_attest quote;
	struct kw_error err = { 0 };

	kw_tpm_signature_read(signature, &parsed);
	vec_fact_str(item, "sig_format", form_name(parsed.form));
	vec_fact_bool(item, "signature_ok", vec_row_ok(checks, "quote signature"));
	vec_fact_bool(item, "nonce_ok", vec_row_ok(checks, "quote nonce"));
	if (kw_tpm_attest_parse(message, &quote, &err) < 0)
		return;
	attest_head_facts(item, &quote);
	if (quote.magic != KW_TPM_GENERATED || quote.type != KW_TPM_ST_ATTEST_QUOTE)
		return;
	attest_facts(item, &quote);
	if (!kw_pcr_digest(&quote, banks, n_banks, digest, &computed.len))
		return;
	vec_fact_hex(item, "computed_pcr_digest", computed);
	vec_fact_bool(item, "pcr_digest_ok", vec_row_ok(checks, "pcr values"));
}

void vec_tpm_quote(struct vec_item *item)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob message = vec_file(item, "msg");
	KW_CLEANUP(kw_blob_clear) struct kw_blob signature = vec_file(item, "sig");
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *ak = attestation_key(item);
	const char *nonce_hex = kw_json_string(vec_param(item, "nonce"));
	struct kw_pcr_values banks[KW_TPM_BANKS_MAX] = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob nonce = { 0 };
	struct kw_checks checks = { 0 };
	size_t n_banks = vec_has(item, "pcrs") ? vec_read_pcrs(item, banks) : 0;

	if (nonce_hex) {
		nonce = kw_blob_new(strlen(nonce_hex) / 2);
		assert_true(kw_hex_decode(nonce_hex, nonce.data, nonce.len));
	}
	vec_fact_int(item, "size", (int64_t)message.len);
	vec_fact_int(item, "sig_size", (int64_t)signature.len);
	kw_quote_judge(kw_blob_bytes(&message), kw_blob_bytes(&signature), ak,
		       kw_blob_bytes(&nonce), banks, n_banks, &checks);
	quote_facts(item, kw_blob_bytes(&message), kw_blob_bytes(&signature), banks, n_banks,
		    &checks);
	vec_refused_or_good(item, &checks);
}
