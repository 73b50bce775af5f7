/* SPDX-License-Identifier: Apache-2.0 */
/* TPM quotes and event logs. */
#include "evidence/event_log.h"
#include "evidence/event_text.h"
#include "evidence/pcr_file.h"
#include "service/verify.h"

#include <stdio.h>
#include <string.h>

enum { LIST_SIZE = 96, BANK_SHA256 = 1 /* of a replayed log */ };
#define FIRMWARE_PCRS 0xffu /* 0-7: nothing but the log accounts for them */

struct banks {
	struct kw_pcr_values row[KW_TPM_BANKS_MAX];
	size_t n;
};

/* False: they cannot be read, which a row says. No file is no bank. */
static bool read_banks(struct kw_bytes file, struct banks *ret, struct kw_verification *v)
{
	struct kw_error err = { 0 };

	if (!file.data || kw_pcr_file_parse(file, ret->row, &ret->n, &err) == 0)
		return true;
	kw_verify_unreadable(v, "pcr file", "PCR values by bank", &err);
	return false;
}

static const struct kw_pcr_values *sha256_of(const struct banks *banks)
{
	for (size_t i = 0; i < banks->n; i++)
		if (strcmp(kw_pcr_bank_name(banks->row[i].hash), "sha256") == 0)
			return &banks->row[i];
	return NULL;
}

/* The event log. */

static void log_facts(struct kw_json *facts, const struct kw_event_log *log)
{
	struct kw_json *algorithms = kw_json_add_array(facts, "algorithms");

	for (size_t i = 0; i < log->n_algorithms; i++)
		kw_json_add_string(algorithms, NULL, kw_pcr_bank_name(log->algorithms[i]));
	kw_json_add_int(facts, "events", (int64_t)log->n_events);
	kw_json_add_int(facts, "trailing_bytes", (int64_t)log->trailing);
	if (log->startup_locality >= 0)
		kw_json_add_int(facts, "startup_locality", log->startup_locality);
	if (log->secure_boot >= 0)
		kw_json_add_bool(facts, "secure_boot", log->secure_boot);
	kw_json_add(facts, "pcrs",
		    kw_pcr_file_json(log->pcrs, sizeof(log->pcrs) / sizeof(log->pcrs[0])));
}

/* Never extended since the start: all zero, or all one for the PCRs of a late launch. */
static bool is_initial(const uint8_t value[KW_SHA256_SIZE])
{
	for (size_t i = 1; i < KW_SHA256_SIZE; i++)
		if (value[i] != value[0])
			return false;
	return value[0] == 0x00 || value[0] == 0xff;
}

/* PCRs that somebody extended who writes no events into this log. */
static void tell_unexplained(const struct kw_pcr_values *sha256, uint32_t pcrs,
			     struct kw_verification *v)
{
	char list[LIST_SIZE] = "no event for PCR";
	size_t at = strlen(list);
	bool any = false;

	for (unsigned i = 0; i < KW_TPM_PCRS; i++) {
		if (!(pcrs >> i & 1) || is_initial(sha256->value[i]))
			continue;
		at += (size_t)snprintf(list + at, sizeof(list) - at, " %u", i);
		any = true;
	}
	if (any)
		kw_checks_not_possible(&v->checks, "other PCRs", KW_E_TPM_LOG_MISSING,
				       "replay to their values", list);
}

/* `pcrs`: those that the log is to account for. */
static void judge_log(struct kw_bytes file, const struct kw_pcr_values *sha256, uint32_t pcrs,
		      struct kw_verification *v)
{
	struct kw_event_log log;
	struct kw_error err = { 0 };
	uint32_t replayable;

	if (kw_event_log_parse(file, &log, &err) < 0) {
		kw_verify_unreadable(v, "event log form", "a crypto-agile TCG log", &err);
		return;
	}
	kw_checks_judge(&v->checks, "event log form", KW_E_TPM_LOG_FORM, true,
			"a crypto-agile TCG log", "one");
	log_facts(kw_json_add_object(v->facts, "event_log"), &log);
	if (!sha256) {
		kw_checks_not_possible(&v->checks, "event log", KW_E_TPM_LOG_REPLAY,
				       "replays to the PCR values",
				       "no values of the SHA-256 bank are given");
		return;
	}
	replayable = pcrs & (log.pcrs[BANK_SHA256].present | FIRMWARE_PCRS);
	kw_event_log_judge(&log, sha256, replayable, &v->checks);
	tell_unexplained(sha256, pcrs & sha256->present & ~replayable, v);
}

static void list_event(void *ctx, const struct kw_event_log *log, const struct kw_event *event)
{
	struct kw_json *one = kw_json_add_object(ctx, NULL);
	char type[16], says[KW_EVENT_TEXT_SIZE];

	kw_json_add_int(one, "pcr", event->pcr);
	kw_json_add_string(one, "type", kw_event_type_text(event->type, type));
	for (size_t i = 0; i < log->n_algorithms; i++)
		if (strcmp(kw_pcr_bank_name(log->algorithms[i]), "sha256") == 0)
			kw_verify_fact_hex(one, "sha256", event->digests[i].data,
					   event->digests[i].len);
	kw_event_describe(event, says);
	kw_json_add_string(one, "says", says);
}

void kw_verify_event_log(struct kw_bytes file, struct kw_bytes pcrs, bool list,
			 struct kw_verification *ret)
{
	struct banks banks = { 0 };
	const struct kw_pcr_values *sha256;
	struct kw_event_log unused;
	struct kw_error ignored = { 0 }; /* judge_log() says it */

	if (list)
		(void)!kw_event_log_walk(file, list_event,
					 kw_json_add_array(ret->facts, "events_list"), &unused,
					 &ignored);

	kw_json_add_int(ret->facts, "size", (int64_t)file.len);
	if (!read_banks(pcrs, &banks, ret))
		return;
	sha256 = sha256_of(&banks);
	judge_log(file, sha256, sha256 ? sha256->present : 0, ret);
}

/* The quote. */

static void add_selection(struct kw_json *to, const struct kw_pcr_selection *selection)
{
	struct kw_json *one = kw_json_add_object(to, NULL);
	struct kw_json *pcrs;

	kw_json_add_string(one, "hash", kw_pcr_bank_name(selection->hash));
	pcrs = kw_json_add_array(one, "pcrs");
	for (int i = 0; i < KW_TPM_PCRS; i++)
		if (selection->pcrs >> i & 1)
			kw_json_add_int(pcrs, NULL, i);
}

static void quote_facts(struct kw_json *facts, const struct kw_tpm_attest *quote)
{
	struct kw_json *selection;

	kw_verify_fact_hex(facts, "nonce", quote->extra_data.data, quote->extra_data.len);
	kw_verify_fact_hex(facts, "pcr_digest", quote->pcr_digest.data, quote->pcr_digest.len);
	kw_json_add_int(facts, "reset_count", quote->reset_count);
	kw_json_add_int(facts, "restart_count", quote->restart_count);
	kw_json_add_bool(facts, "clock_safe", quote->safe != 0);
	selection = kw_json_add_array(facts, "selection");
	for (size_t i = 0; i < quote->n_selection; i++)
		add_selection(selection, &quote->selection[i]);
}

/* HCLAkPub of a report that is not judged here. */
static int key_of_report(struct kw_bytes hcl, struct kw_public_key **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *claims = NULL;
	struct kw_hcl_layout layout;

	if (!kw_hcl_layout_read(hcl, &layout))
		return kw_fail(err, KW_E_HCL_TRUNCATED, "HCL report is %zu bytes", hcl.len);
	return kw_hcl_claims_parse(layout.claims, &claims, ret, err);
}

/* NULL: there is none, which a row says. */
static struct kw_public_key *attestation_key(const struct kw_verify_quote *quote,
					     struct kw_verification *v)
{
	static const char check[] = "attestation key";
	struct kw_public_key *key = NULL;
	struct kw_error err = { 0 };
	int r;

	if (!quote->ak.data && !quote->hcl.data) {
		kw_checks_not_possible(&v->checks, "quote signature", KW_E_TPM_QUOTE_SIGNATURE,
				       "verifies with the attestation key", "no key is given");
		return NULL;
	}
	r = quote->ak.data ? kw_public_key_from_pem(quote->ak, KW_E_SYS_DATA, &key, &err)
			   : key_of_report(quote->hcl, &key, &err);
	if (r < 0)
		kw_verify_unreadable(v, check, "a public key", &err);
	else
		kw_checks_not_possible(&v->checks, check, KW_E_HCL_AK, "that of a verified report",
				       "the key is taken as given; verify its report too");
	return key;
}

static uint32_t quoted_sha256(const struct kw_tpm_attest *quote)
{
	uint32_t pcrs = 0;

	for (size_t i = 0; i < quote->n_selection; i++)
		if (strcmp(kw_pcr_bank_name(quote->selection[i].hash), "sha256") == 0)
			pcrs |= quote->selection[i].pcrs;
	return pcrs;
}

void kw_verify_quote(const struct kw_verify_quote *quote, struct kw_verification *ret)
{
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *ak = attestation_key(quote, ret);
	struct banks banks = { 0 };
	struct kw_tpm_attest parsed = { 0 };
	struct kw_error ignored = { 0 };

	if (kw_tpm_attest_parse(quote->message, &parsed, &ignored) == 0)
		quote_facts(ret->facts, &parsed);
	if (!read_banks(quote->pcrs, &banks, ret) || !ak)
		return;
	kw_quote_judge(quote->message, quote->signature, ak, quote->nonce, banks.row, banks.n,
		       &ret->checks);
	if (!quote->nonce.data)
		kw_checks_not_possible(&ret->checks, "quote nonce", KW_E_TPM_QUOTE_NONCE,
				       "the nonce that was asked with", "no nonce is given");
	if (quote->event_log.data)
		judge_log(quote->event_log, sha256_of(&banks), quoted_sha256(&parsed), ret);
}
