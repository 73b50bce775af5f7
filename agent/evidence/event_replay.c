/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/event_replay.h"

#include "evidence/tpm_wire.h"

#include <stdio.h>
#include <string.h>

enum { SECURE_BOOT_PCR = 7, GUID_SIZE = 16, N_BANKS = 3, PCR_LIST_SIZE = 112 };
#define EV_EFI_VARIABLE_DRIVER_CONFIG 0x80000001u
#define EV_EFI_VARIABLE_BOOT 0x80000002u
#define EV_EFI_FIRMWARE_BLOB2 0x8000000au
static const uint16_t bank_hashes[N_BANKS] = { KW_TPM_ALG_SHA1, KW_TPM_ALG_SHA256,
					       KW_TPM_ALG_SHA384 };
enum { BANK_SHA256 = 1 };

static const struct kw_bytes *digest_of(const struct kw_event_log *log,
					const struct kw_event *event, uint16_t hash)
{
	for (size_t i = 0; i < log->n_algorithms; i++)
		if (log->algorithms[i] == hash)
			return &event->digests[i];
	return NULL;
}

void kw_event_replay_open(struct kw_event_log *log)
{
	for (size_t b = 0; b < N_BANKS; b++)
		for (size_t i = 0; i < log->n_algorithms; i++)
			if (log->algorithms[i] == bank_hashes[b])
				log->pcrs[b].hash = bank_hashes[b];
}

bool kw_event_replay_start(struct kw_event_log *log)
{
	for (size_t b = 0; b < N_BANKS; b++) {
		enum kw_hash hash;

		if (!kw_tpm_hash(log->pcrs[b].hash, &hash))
			continue;
		if (log->pcrs[b].present & 1)
			return false;
		log->pcrs[b].value[0][kw_hash_size(hash) - 1] = (uint8_t)log->startup_locality;
	}
	return true;
}

void kw_event_replay_extend(struct kw_event_log *log, const struct kw_event *event)
{
	for (size_t b = 0; b < N_BANKS; b++) {
		struct kw_pcr_values *bank = &log->pcrs[b];
		uint8_t *value = bank->value[event->pcr];
		struct kw_bytes parts[2];
		enum kw_hash hash;

		if (!kw_tpm_hash(bank->hash, &hash))
			continue;
		parts[0] = (struct kw_bytes){ value, kw_hash_size(hash) };
		parts[1] = *digest_of(log, event, bank->hash);
		kw_digest_parts(hash, parts, 2, value);
		bank->present |= 1u << event->pcr;
	}
}

/* UEFI_VARIABLE_DATA of the variable SecureBoot: 1, 0, or -1 if it is another. */
static int secure_boot_of(struct kw_bytes data)
{
	static const uint8_t global_variable[GUID_SIZE] = { 0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93,
							    0xd2, 0x11, 0xaa, 0x0d, 0x00, 0xe0,
							    0x98, 0x03, 0x2b, 0x8c };
	static const uint8_t secure_boot[] = { 'S', 0, 'e', 0, 'c', 0, 'u', 0, 'r', 0,
					       'e', 0, 'B', 0, 'o', 0, 'o', 0, 't', 0 };
	struct kw_cursor c = { .in = data };
	uint64_t name_length, data_length;
	struct kw_bytes guid, name, value;

	if (!kw_take(&c, GUID_SIZE, &guid) || !kw_bytes_equal(guid, KW_BYTES(global_variable))
	    || !kw_take_le64(&c, &name_length) || !kw_take_le64(&c, &data_length)
	    || name_length != sizeof(secure_boot) / 2 || !kw_take(&c, sizeof(secure_boot), &name)
	    || !kw_bytes_equal(name, KW_BYTES(secure_boot)) || data_length > kw_cursor_left(&c)
	    || !kw_take(&c, (size_t)data_length, &value))
		return -1;
	return value.len == 1 && value.data[0] == 1;
}

void kw_event_note_variable(struct kw_event_log *log, const struct kw_event *event)
{
	const struct kw_bytes *measured = digest_of(log, event, KW_TPM_ALG_SHA256);
	uint8_t digest[KW_SHA256_SIZE];
	int secure_boot;

	if (!measured
	    || (event->type != EV_EFI_VARIABLE_DRIVER_CONFIG && event->type != EV_EFI_VARIABLE_BOOT
		&& event->type != EV_EFI_FIRMWARE_BLOB2))
		return;
	kw_digest(KW_SHA256, event->data, digest);
	if (!kw_bytes_equal(*measured, KW_BYTES(digest))) {
		log->variable_digest_differs++; /* so the data proves nothing */
		return;
	}
	if (event->type != EV_EFI_VARIABLE_DRIVER_CONFIG || event->pcr != SECURE_BOOT_PCR)
		return;
	secure_boot = secure_boot_of(event->data);
	if (secure_boot >= 0)
		log->secure_boot = secure_boot;
}

uint32_t kw_event_log_differs(const struct kw_event_log *log, const struct kw_pcr_values *sha256,
			      uint32_t pcrs)
{
	const struct kw_pcr_values *replayed = &log->pcrs[BANK_SHA256];
	uint32_t differ = 0;

	for (unsigned i = 0; i < KW_TPM_PCRS; i++)
		if ((pcrs >> i & 1)
		    && memcmp(replayed->value[i], sha256->value[i], KW_SHA256_SIZE) != 0)
			differ |= 1u << i;
	return differ;
}

/* "0, 4, 7" */
static void list_pcrs(uint32_t pcrs, char ret[PCR_LIST_SIZE])
{
	size_t at = 0;

	ret[0] = '\0';
	for (unsigned i = 0; i < KW_TPM_PCRS; i++)
		if (pcrs >> i & 1)
			at += (size_t)snprintf(ret + at, PCR_LIST_SIZE - at, "%s%u", at ? ", " : "",
					       i);
}

void kw_event_log_judge(const struct kw_event_log *log, const struct kw_pcr_values *sha256,
			uint32_t pcrs, struct kw_checks *checks)
{
	const struct kw_pcr_values *replayed = &log->pcrs[BANK_SHA256];
	char list[PCR_LIST_SIZE], found[KW_CHECK_TEXT_SIZE];
	uint32_t differ;
	bool extended;

	if (replayed->hash != KW_TPM_ALG_SHA256) {
		kw_checks_judge(checks, "event log", KW_E_TPM_LOG_REPLAY, false,
				"digests of the SHA-256 bank", "the log has none");
		return;
	}
	if ((pcrs & ~sha256->present) != 0 || pcrs == 0) {
		kw_checks_not_possible(checks, "event log", KW_E_TPM_LOG_REPLAY,
				       "replays to the PCR values", "a PCR value is not there");
		return;
	}
	differ = kw_event_log_differs(log, sha256, pcrs);
	extended = differ && (pcrs & replayed->present & ~differ);
	list_pcrs(differ ? differ : pcrs, list);
	snprintf(found, sizeof(found), "%s%s%s", differ ? "PCR " : "replays to PCR ", list,
		 extended ? " differs from the log: someone extended it"
		 : differ ? " differs from the log"
			  : "");
	kw_checks_judge(checks, "event log", extended ? KW_E_TPM_PCR_EXTENDED : KW_E_TPM_LOG_REPLAY,
			differ == 0, "replays to the PCR values", found);
}
