/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/pcr_file.h"

#include "evidence/tpm_wire.h"

#include <stdio.h>
#include <string.h>

enum { NUMBER_SIZE = 4 };

static const uint16_t banks[KW_TPM_BANKS_MAX] = { KW_TPM_ALG_SHA1, KW_TPM_ALG_SHA256,
						  KW_TPM_ALG_SHA384, KW_TPM_ALG_SHA512 };

const char *kw_pcr_bank_name(uint16_t alg)
{
	enum kw_hash hash;

	return kw_tpm_hash(alg, &hash) ? kw_hash_name(hash) : "unknown";
}

static uint16_t bank_of(const char *name)
{
	for (size_t i = 0; i < sizeof(banks) / sizeof(banks[0]); i++)
		if (strcmp(kw_pcr_bank_name(banks[i]), name) == 0)
			return banks[i];
	return KW_TPM_ALG_NULL;
}

/* "0" to "23", written in one way only. */
static bool parse_number(const char *text, unsigned *ret)
{
	char canonical[NUMBER_SIZE];

	for (unsigned i = 0; i < KW_TPM_PCRS; i++) {
		(void)snprintf(canonical, sizeof(canonical), "%u", i);
		if (strcmp(canonical, text) != 0)
			continue;
		*ret = i;
		return true;
	}
	return false;
}

static int parse_bank(const struct kw_json *bank, struct kw_pcr_values *ret, struct kw_error *err)
{
	enum kw_hash hash;

	ret->hash = bank_of(kw_json_name(bank));
	if (!kw_tpm_hash(ret->hash, &hash) || kw_json_type(bank) != KW_JSON_OBJECT)
		return kw_fail(err, KW_E_SYS_DATA, "PCR values: a member is not a bank of PCRs");
	for (const struct kw_json *at = kw_json_first(bank); at; at = kw_json_next(at)) {
		const char *hex = kw_json_string(at);
		unsigned pcr;

		if (!parse_number(kw_json_name(at), &pcr) || !hex
		    || !kw_hex_decode(hex, ret->value[pcr], kw_hash_size(hash)))
			return kw_fail(err, KW_E_SYS_DATA,
				       "PCR values: a member of '%s' is not the hex of a PCR 0-%d",
				       kw_hash_name(hash), KW_TPM_PCRS - 1);
		ret->present |= 1u << pcr;
	}
	return 0;
}

int kw_pcr_file_parse(struct kw_bytes json, struct kw_pcr_values ret[KW_TPM_BANKS_MAX],
		      size_t *ret_n, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *file = NULL;
	struct kw_pcr_values parsed[KW_TPM_BANKS_MAX] = { 0 };
	size_t n = 0;

	if (kw_json_parse(json, KW_JSON_STRICT, KW_E_SYS_DATA, &file, err) < 0)
		return kw_wrap(err, "PCR values");
	if (kw_json_type(file) != KW_JSON_OBJECT || kw_json_count(file) == 0
	    || kw_json_count(file) > KW_TPM_BANKS_MAX)
		return kw_fail(err, KW_E_SYS_DATA,
			       "PCR values: expected an object of 1 to %d banks", KW_TPM_BANKS_MAX);
	for (const struct kw_json *bank = kw_json_first(file); bank; bank = kw_json_next(bank))
		if (parse_bank(bank, &parsed[n++], err) < 0)
			return -1;
	memcpy(ret, parsed, sizeof(parsed));
	*ret_n = n;
	return 0;
}

struct kw_json *kw_pcr_file_json(const struct kw_pcr_values *values, size_t n_banks)
{
	struct kw_json *file = kw_json_new_object();

	for (size_t i = 0; i < n_banks; i++) {
		struct kw_json *bank = kw_json_add_object(file, kw_pcr_bank_name(values[i].hash));
		char number[NUMBER_SIZE], hex[2 * KW_DIGEST_MAX + 1];
		enum kw_hash hash;

		for (unsigned pcr = 0; pcr < KW_TPM_PCRS; pcr++) {
			if (!(values[i].present >> pcr & 1) || !kw_tpm_hash(values[i].hash, &hash))
				continue;
			(void)snprintf(number, sizeof(number), "%u", pcr);
			kw_hex_encode((struct kw_bytes){ values[i].value[pcr], kw_hash_size(hash) },
				      hex);
			kw_json_add_string(bank, number, hex);
		}
	}
	return file;
}
