/* SPDX-License-Identifier: Apache-2.0 */
#include "vectors/evidence.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { HEX_SIZE = 160 };

/* What this set calls our refusals; NULL: the row has no name there. */
static const char *reason_of(const struct kw_error *err)
{
	static const struct {
		enum kw_error_name error;
		const char *reason;
	} reasons[] = {
		{ KW_E_HCL_MAGIC, "bad-magic" },
		{ KW_E_HCL_TRUNCATED, "truncated" },
		{ KW_E_HCL_HEADER, "bad-runtime-length" },
		{ KW_E_HCL_TYPE, "unsupported-runtime-type" },
		{ KW_E_HCL_HASH_TYPE, "unsupported-runtime-type" },
		{ KW_E_HCL_CLAIMS, "bad-runtime-json" },
		{ KW_E_SNP_LENGTH, "bad-length" },
		{ KW_E_SNP_VERSION, "unsupported-report-version" },
		{ KW_E_SNP_REPORT_DATA, "binding-mismatch" },
		{ KW_E_SNP_VMPL, "vmpl-unexpected" },
		{ KW_E_SNP_DEBUG, "debug-allowed" },
		{ KW_E_TPM_QUOTE_FORM, "bad-attest" },
		{ KW_E_TPM_QUOTE_MAGIC, "bad-magic" },
		{ KW_E_TPM_QUOTE_TYPE, "not-a-quote" },
		{ KW_E_TPM_QUOTE_SIGNATURE, "bad-quote-signature" },
		{ KW_E_TPM_QUOTE_NONCE, "nonce-mismatch" },
		{ KW_E_TPM_QUOTE_PCRS, "pcr-digest-mismatch" },
		{ KW_E_TPM_LOG_FORM, "bad-eventlog" },
		{ KW_E_TPM_LOG_REPLAY, "pcr-replay-mismatch" },
		{ KW_E_TPM_PCR_EXTENDED, "pcr-replay-mismatch" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (kw_error_is(err, reasons[i].error))
			return reasons[i].reason;
	return NULL;
}

/* The verdict of a refusal that must have a name in this set. */
void vec_refused(struct vec_item *item, const struct kw_error *err)
{
	const char *reason = reason_of(err);

	vec_reason(item, reason ? reason : err->detail);
}

void vec_refused_or_good(struct vec_item *item, const struct kw_checks *checks)
{
	struct kw_error err = { 0 };

	if (kw_checks_result(checks, 0, &err) < 0)
		vec_refused(item, &err);
	else
		vec_reason(item, NULL);
}

bool vec_row_ok(const struct kw_checks *checks, const char *check)
{
	const struct kw_check *row = kw_checks_find(checks, check);

	return row && row->verdict == KW_VERDICT_OK;
}

void vec_add_hex(struct kw_json *to, const char *name, const void *bytes, size_t len)
{
	char hex[HEX_SIZE];

	kw_hex_encode((struct kw_bytes){ bytes, len }, hex);
	kw_json_add_string(to, name, hex);
}

void vec_add_word(struct kw_json *to, const char *name, uint64_t word)
{
	char text[17];

	snprintf(text, sizeof(text), "%016llx", (unsigned long long)word);
	kw_json_add_string(to, name, text);
}

static uint16_t bank_number(const char *name)
{
	static const uint16_t known[] = { 0x0004, 0x000b, 0x000c, 0x000d };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		enum kw_hash hash;

		if (kw_tpm_hash(known[i], &hash) && strcmp(kw_hash_name(hash), name) == 0)
			return known[i];
	}
	fail_msg("no bank '%s'", name);
	return 0;
}

const char *vec_bank_name(uint16_t number)
{
	enum kw_hash hash;

	return kw_tpm_hash(number, &hash) ? kw_hash_name(hash) : "unknown";
}

/* {"sha256": {"0": "<hex>", ...}, ...} */
size_t vec_read_pcrs(struct vec_item *item, struct kw_pcr_values banks[KW_TPM_BANKS_MAX])
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob file = vec_file(item, "pcrs");
	KW_CLEANUP(kw_json_freep) struct kw_json *json = NULL;
	struct kw_error err = { 0 };
	size_t n = 0;

	if (kw_json_parse(kw_blob_bytes(&file), KW_JSON_STRICT, KW_E_CFG_READ, &json, &err) < 0)
		fail_msg("%s", err.detail);
	for (const struct kw_json *bank = kw_json_first(json); bank; bank = kw_json_next(bank)) {
		enum kw_hash hash;

		assert_true(n < KW_TPM_BANKS_MAX);
		banks[n].hash = bank_number(kw_json_name(bank));
		assert_true(kw_tpm_hash(banks[n].hash, &hash));
		for (const struct kw_json *at = kw_json_first(bank); at; at = kw_json_next(at)) {
			unsigned long pcr = strtoul(kw_json_name(at), NULL, 10);

			assert_true(pcr < KW_TPM_PCRS);
			assert_true(kw_hex_decode(kw_json_string(at), banks[n].value[pcr],
						  kw_hash_size(hash)));
			banks[n].present |= 1u << pcr;
		}
		n++;
	}
	return n;
}
