/* SPDX-License-Identifier: Apache-2.0 */
/* Event logs. */
#include "vectors/evidence.h"

#include "evidence/event_log.h"

#include <stdio.h>
#include <string.h>

enum { N_BANKS = 3, BANK_SHA256 = 1 };

static void add_bank(struct kw_json *to, const struct kw_pcr_values *bank)
{
	struct kw_json *values;
	enum kw_hash hash;

	if (!kw_tpm_hash(bank->hash, &hash))
		return;
	values = kw_json_add_object(to, kw_hash_name(hash));
	for (unsigned i = 0; i < KW_TPM_PCRS; i++) {
		char number[12];

		snprintf(number, sizeof(number), "%u", i);
		if (bank->present >> i & 1)
			vec_add_hex(values, number, bank->value[i], kw_hash_size(hash));
	}
}

static void log_facts(struct vec_item *item, const struct kw_event_log *log)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *facts = kw_json_new_object();
	struct kw_json *algorithms = kw_json_add_array(facts, "algorithms");
	struct kw_json *pcrs = kw_json_add_object(facts, "pcrs");
	struct kw_json *types = kw_json_add_object(facts, "event_types");

	for (size_t i = 0; i < log->n_algorithms; i++)
		kw_json_add_string(algorithms, NULL, vec_bank_name(log->algorithms[i]));
	for (size_t i = 0; i < N_BANKS; i++)
		add_bank(pcrs, &log->pcrs[i]);
	for (size_t i = 0; i < log->n_types; i++) {
		char type[9];

		snprintf(type, sizeof(type), "%08x", log->types[i].type);
		kw_json_add_int(types, type, log->types[i].count);
	}
	vec_fact_json(item, "algorithms", algorithms);
	vec_fact_json(item, "pcrs", pcrs);
	vec_fact_json(item, "event_types", types);
	vec_fact_int(item, "events", (int64_t)log->n_events);
	vec_fact_int(item, "trailing_bytes", (int64_t)log->trailing);
	vec_fact_int(item, "efi_variable_digest_is_not_of_event_data",
		     log->variable_digest_differs);
	if (log->startup_locality >= 0)
		vec_fact_int(item, "startup_locality", log->startup_locality);
	else
		vec_fact_null(item, "startup_locality");
}

static const struct kw_pcr_values *sha256_of(const struct kw_pcr_values *banks, size_t n_banks)
{
	for (size_t i = 0; i < n_banks; i++)
		if (strcmp(vec_bank_name(banks[i].hash), "sha256") == 0)
			return &banks[i];
	return NULL;
}

/* Each PCR judged alone, for the lists of those that match and those that do not. */
static void replay_facts(struct vec_item *item, const struct kw_event_log *log,
			 const struct kw_pcr_values *sha256, uint32_t pcrs)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *facts = kw_json_new_object();
	struct kw_json *matching = kw_json_add_array(facts, "matching");
	struct kw_json *differing = kw_json_add_array(facts, "differing");

	for (int i = 0; i < KW_TPM_PCRS; i++) {
		struct kw_checks one = { 0 };

		if (!(pcrs >> i & 1))
			continue;
		kw_event_log_judge(log, sha256, 1u << i, &one);
		kw_json_add_int(vec_row_ok(&one, "event log") ? matching : differing, NULL, i);
	}
	vec_fact_json(item, "pcrs_matching", matching);
	vec_fact_json(item, "pcrs_differing", differing);
}

void vec_eventlog(struct vec_item *item)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob file = vec_file(item, "log");
	struct kw_pcr_values banks[KW_TPM_BANKS_MAX] = { 0 };
	size_t n_banks = vec_has(item, "pcrs") ? vec_read_pcrs(item, banks) : 0;
	const struct kw_pcr_values *sha256 = sha256_of(banks, n_banks);
	struct kw_event_log log;
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	vec_fact_int(item, "size", (int64_t)file.len);
	if (kw_event_log_parse(kw_blob_bytes(&file), &log, &err) < 0) {
		vec_refused(item, &err);
		return;
	}
	log_facts(item, &log);
	if (sha256) {
		uint32_t pcrs = log.pcrs[BANK_SHA256].present & sha256->present;

		replay_facts(item, &log, sha256, pcrs);
		kw_event_log_judge(&log, sha256, pcrs, &checks);
	}
	vec_refused_or_good(item, &checks);
}
