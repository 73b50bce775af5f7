/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measured-boot log: TCG PC Client Platform Firmware Profile, section 10 ("crypto agile log").
 * Replayed over the SHA-256 bank; what Secure Boot was is read from it.
 */
#include "jose.h"
#include "judge.h"

#include <string.h>

enum {
	EV_NO_ACTION = 0x00000003,
	SECURE_BOOT_PCR = 7, /* quoted, unlike PCR 8 and above */
	ALG_SHA256 = 0x000b,
	SHA1_SIZE = 20,
	ALGORITHMS_MAX = 8,
	EVENTS_MAX = 4096,
};
#define EV_EFI_VARIABLE_DRIVER_CONFIG 0x80000001u

/* "Spec ID Event03" and "StartupLocality", each with its NUL. */
static const char spec_id[16] = "Spec ID Event03";
static const char startup_locality[16] = "StartupLocality";

struct algorithm {
	uint16_t id, size;
};
struct log {
	struct kw_cursor c;
	struct algorithm algorithms[ALGORITHMS_MAX];
	uint32_t n_algorithms;
	uint8_t pcrs[24][LAB_PCR_SIZE];
	bool has_secure_boot, secure_boot;
};
struct event {
	uint32_t pcr, type;
	struct kw_bytes sha256, data;
};

/* TCG_EfiSpecIdEvent in a TCG_PCR_EVENT, which has a SHA-1 digest alone. */
static bool take_header(struct log *log)
{
	struct kw_cursor *c = &log->c, spec = { 0 };
	struct kw_bytes signature;
	uint32_t pcr = 0, type = 0, size = 0;

	if (!kw_take_le32(c, &pcr) || !kw_take_le32(c, &type) || pcr != 0 || type != EV_NO_ACTION
	    || !kw_skip(c, SHA1_SIZE) || !kw_take_le32(c, &size) || !kw_take(c, size, &spec.in)
	    || !kw_take(&spec, sizeof(spec_id), &signature)
	    || memcmp(signature.data, spec_id, sizeof(spec_id)) != 0
	    || !kw_skip(&spec, 4 + 1 + 1 + 1 + 1) /* class, versions, errata, uintn size */
	    || !kw_take_le32(&spec, &log->n_algorithms) || log->n_algorithms > ALGORITHMS_MAX)
		return false;
	for (uint32_t i = 0; i < log->n_algorithms; i++)
		if (!kw_take_le16(&spec, &log->algorithms[i].id)
		    || !kw_take_le16(&spec, &log->algorithms[i].size))
			return false;
	return true;
}

static bool take_digest(struct log *log, struct event *event)
{
	struct kw_bytes digest;
	uint16_t id = 0;

	if (!kw_take_le16(&log->c, &id))
		return false;
	for (uint32_t i = 0; i < log->n_algorithms; i++) {
		if (log->algorithms[i].id != id)
			continue;
		if (!kw_take(&log->c, log->algorithms[i].size, &digest))
			return false;
		if (id == ALG_SHA256)
			event->sha256 = digest;
		return true;
	}
	return false;
}

/* TCG_PCR_EVENT2 */
static bool take_event(struct log *log, struct event *event)
{
	uint32_t n_digests = 0, size = 0;

	if (!kw_take_le32(&log->c, &event->pcr) || !kw_take_le32(&log->c, &event->type)
	    || !kw_take_le32(&log->c, &n_digests) || n_digests != log->n_algorithms)
		return false;
	for (uint32_t i = 0; i < n_digests; i++)
		if (!take_digest(log, event))
			return false;
	return kw_take_le32(&log->c, &size) && kw_take(&log->c, size, &event->data);
}

/* UEFI_VARIABLE_DATA: GUID, lengths, UTF-16 name, data. */
static void look_for_secure_boot(struct log *log, struct kw_bytes data)
{
	static const uint8_t name[] = { 'S', 0, 'e', 0, 'c', 0, 'u', 0, 'r', 0,
					'e', 0, 'B', 0, 'o', 0, 'o', 0, 't', 0 };
	struct kw_cursor c = { .in = data };
	struct kw_bytes found;
	uint64_t name_len = 0, data_len = 0;
	uint8_t value = 0;

	if (!kw_skip(&c, 16) || !kw_take_le64(&c, &name_len) || !kw_take_le64(&c, &data_len)
	    || name_len != sizeof(name) / 2 || !kw_take(&c, sizeof(name), &found)
	    || memcmp(found.data, name, sizeof(name)) != 0)
		return;
	log->has_secure_boot = true;
	log->secure_boot = data_len == 1 && kw_take_u8(&c, &value) && value == 1;
}

static void extend(uint8_t pcr[LAB_PCR_SIZE], struct kw_bytes digest)
{
	uint8_t both[2 * LAB_PCR_SIZE];

	memcpy(both, pcr, LAB_PCR_SIZE);
	memcpy(both + LAB_PCR_SIZE, digest.data, LAB_PCR_SIZE);
	lab_sha256(KW_BYTES(both), pcr);
}

/* What is read out of an event's data counts only if the digest is over it. */
static bool data_measured(const struct event *event)
{
	uint8_t digest[LAB_SHA256_SIZE];

	if (event->type != EV_EFI_VARIABLE_DRIVER_CONFIG)
		return true;
	lab_sha256(event->data, digest);
	return kw_bytes_equal(event->sha256, KW_BYTES(digest));
}

static bool replay(struct log *log, const struct event *event)
{
	if (event->type == EV_NO_ACTION) {
		if (event->pcr == 0 && event->data.len == sizeof(startup_locality) + 1
		    && memcmp(event->data.data, startup_locality, sizeof(startup_locality)) == 0)
			log->pcrs[0][LAB_PCR_SIZE - 1] = event->data.data[sizeof(startup_locality)];
		return true;
	}
	if (event->pcr >= 24 || event->sha256.len != LAB_PCR_SIZE)
		return false;
	if (event->type == EV_EFI_VARIABLE_DRIVER_CONFIG && event->pcr == SECURE_BOOT_PCR)
		look_for_secure_boot(log, event->data);
	extend(log->pcrs[event->pcr], event->sha256);
	return true;
}

static bool replay_all(struct log *log, struct lab_why *why)
{
	if (!take_header(log))
		return lab_refuse(why, "'TcgLogs' is not a crypto-agile event log");
	for (size_t n = 0; kw_cursor_left(&log->c) > 0; n++) {
		struct event event = { 0 };

		if (n == EVENTS_MAX || !take_event(log, &event) || !replay(log, &event))
			return lab_refuse(why, "event %zu of 'TcgLogs' is malformed", n + 1);
		if (!data_measured(&event))
			return lab_refuse(why, "event %zu of 'TcgLogs' has data of another digest",
					  n + 1);
	}
	return true;
}

bool lab_judge_log(const struct lab_evidence *evidence, struct lab_findings *findings,
		   struct lab_why *why)
{
	const struct kw_json *vm = kw_json_get(findings->runtime, "vm-configuration");
	struct log log = { .c = { .in = kw_blob_bytes(&evidence->log) } };

	if (!kw_json_bool(kw_json_get(vm, "secure-boot"), &findings->secure_boot))
		findings->secure_boot = false;
	if (evidence->log.len == 0)
		return true;
	if (!replay_all(&log, why))
		return false;
	for (size_t i = 0; i < LAB_N_PCRS; i++)
		if (memcmp(log.pcrs[i], evidence->pcrs[i], LAB_PCR_SIZE) != 0)
			return lab_refuse(why, "the event log does not replay to PCR %zu", i);
	if (log.has_secure_boot)
		findings->secure_boot = log.secure_boot;
	return true;
}
