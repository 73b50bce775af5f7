/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/event_log.h"

#include "evidence/event_replay.h"
#include "evidence/tpm_wire.h"

#include <string.h>

enum { SIGNATURE_SIZE = 16, SHA1_SIZE = 20, EV_NO_ACTION = 3 };
#define SPEC_ID "Spec ID Event03"	   /* and its NUL: 16 bytes */
#define STARTUP_LOCALITY "StartupLocality" /* and its NUL: 16 bytes */

static bool has_text(struct kw_bytes in, const char text[SIGNATURE_SIZE])
{
	return in.len >= SIGNATURE_SIZE && memcmp(in.data, text, SIGNATURE_SIZE) == 0;
}

static int malformed(const struct kw_cursor *c, const char *what, struct kw_error *err)
{
	return kw_fail(err, KW_E_TPM_LOG_FORM, "event log of %zu bytes: %s before byte %zu",
		       c->in.len, what, c->at);
}

/* A known algorithm has its own size; of others the size is believed up to the largest digest. */
static bool take_algorithm(struct kw_cursor *c, struct kw_event_log *log)
{
	uint16_t algorithm, size;
	enum kw_hash hash;

	if (!kw_take_le16(c, &algorithm) || !kw_take_le16(c, &size) || size == 0
	    || size > KW_DIGEST_MAX
	    || (kw_tpm_hash(algorithm, &hash) && kw_hash_size(hash) != size))
		return false;
	for (size_t i = 0; i < log->n_algorithms; i++)
		if (log->algorithms[i] == algorithm)
			return false;
	log->algorithms[log->n_algorithms] = algorithm;
	log->digest_sizes[log->n_algorithms++] = size;
	return true;
}

/* TCG_EfiSpecIDEvent (10.4.5.1). */
static bool take_spec_id(struct kw_cursor *c, struct kw_event_log *log)
{
	uint32_t platform_class, count;
	uint8_t version[3], uintn_size, vendor_size;

	if (!kw_skip(c, SIGNATURE_SIZE) || !kw_take_le32(c, &platform_class)
	    || !kw_take_into(c, version, sizeof(version)) || !kw_take_u8(c, &uintn_size)
	    || !kw_take_le32(c, &count) || count == 0 || count > KW_EVENT_BANKS_MAX)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (!take_algorithm(c, log))
			return false;
	return kw_take_u8(c, &vendor_size) && kw_skip(c, vendor_size) && kw_cursor_left(c) == 0;
}

/* The first event has the older form, TCG_PCClientPCREvent, and announces the others'. */
static int take_header(struct kw_cursor *c, struct kw_event_log *log, struct kw_error *err)
{
	struct kw_cursor inner = { 0 };
	uint32_t pcr, type, size;

	if (!kw_take_le32(c, &pcr) || !kw_take_le32(c, &type) || !kw_skip(c, SHA1_SIZE)
	    || !kw_take_le32(c, &size) || !kw_take(c, size, &inner.in))
		return malformed(c, "the header event is cut", err);
	if (pcr != 0 || type != EV_NO_ACTION || !has_text(inner.in, SPEC_ID))
		return malformed(c, "not crypto agile, no event '" SPEC_ID "'", err);
	if (!take_spec_id(&inner, log))
		return malformed(c, "the header event is not well formed", err);
	return 0;
}

/* One digest for each announced algorithm, in any order. */
static bool take_digests(struct kw_cursor *c, const struct kw_event_log *log,
			 struct kw_event *event)
{
	uint32_t count;

	if (!kw_take_le32(c, &count) || count != log->n_algorithms)
		return false;
	for (uint32_t n = 0; n < count; n++) {
		uint16_t algorithm;
		size_t i = 0;

		if (!kw_take_le16(c, &algorithm))
			return false;
		while (i < log->n_algorithms && log->algorithms[i] != algorithm)
			i++;
		if (i == log->n_algorithms || event->digests[i].data
		    || !kw_take(c, log->digest_sizes[i], &event->digests[i]))
			return false;
	}
	return true;
}

/* TCG_PCR_EVENT2 (10.2.2). */
static int take_event(struct kw_cursor *c, const struct kw_event_log *log, struct kw_event *ret,
		      struct kw_error *err)
{
	struct kw_event event = { 0 };
	uint32_t size;

	if (!kw_take_le32(c, &event.pcr) || !kw_take_le32(c, &event.type))
		return malformed(c, "an event is cut", err);
	if (event.type != EV_NO_ACTION && event.pcr >= KW_TPM_PCRS)
		return malformed(c, "an event is for no PCR of a TPM", err);
	if (!take_digests(c, log, &event))
		return malformed(c, "an event's digests are not those of the header", err);
	if (!kw_take_le32(c, &size) || !kw_take(c, size, &event.data))
		return malformed(c, "an event's data is cut", err);
	*ret = event;
	return 0;
}

static bool count_type(struct kw_event_log *log, uint32_t type)
{
	size_t i = 0;

	while (i < log->n_types && log->types[i].type != type)
		i++;
	if (i == KW_EVENT_TYPES_MAX)
		return false;
	if (i == log->n_types)
		log->types[log->n_types++].type = type;
	log->types[i].count++;
	return true;
}

/* The firmware says with which locality PCR 0 started, before it measures anything into it. */
static bool note_locality(struct kw_event_log *log, const struct kw_event *event)
{
	if (event->pcr != 0 || event->data.len != SIGNATURE_SIZE + 1
	    || !has_text(event->data, STARTUP_LOCALITY))
		return true;
	if (log->startup_locality >= 0)
		return false;
	log->startup_locality = event->data.data[SIGNATURE_SIZE];
	return kw_event_replay_start(log);
}

static int add_event(struct kw_event_log *log, const struct kw_event *event,
		     const struct kw_cursor *c, struct kw_error *err)
{
	log->n_events++;
	if (!count_type(log, event->type))
		return malformed(c, "there are too many types of events", err);
	if (event->type == EV_NO_ACTION)
		return note_locality(log, event)
			       ? 0
			       : malformed(c, "the startup locality comes too late or twice", err);
	kw_event_replay_extend(log, event);
	kw_event_note_variable(log, event);
	return 0;
}

/* Firmware that hands over a fixed area leaves it filled behind the last event. */
static bool is_filler(struct kw_bytes rest)
{
	for (size_t i = 1; i < rest.len; i++)
		if (rest.data[i] != rest.data[0])
			return false;
	return rest.data[0] == 0x00 || rest.data[0] == 0xff;
}

int kw_event_log_parse(struct kw_bytes in, struct kw_event_log *ret, struct kw_error *err)
{
	return kw_event_log_walk(in, NULL, NULL, ret, err);
}

int kw_event_log_walk(struct kw_bytes in, kw_event_fn *each, void *ctx, struct kw_event_log *ret,
		      struct kw_error *err)
{
	struct kw_cursor c = { .in = in };
	struct kw_event_log log = { .startup_locality = -1, .secure_boot = -1 };

	if (in.len > KW_EVENT_LOG_SIZE_MAX)
		return kw_fail(err, KW_E_TPM_LOG_FORM,
			       "event log is %zu bytes, at most %d are read", in.len,
			       KW_EVENT_LOG_SIZE_MAX);
	if (take_header(&c, &log, err) < 0)
		return -1;
	kw_event_replay_open(&log);
	while (kw_cursor_left(&c) > 0) {
		struct kw_event event = { 0 };

		if (is_filler((struct kw_bytes){ in.data + c.at, kw_cursor_left(&c) }))
			break;
		if (take_event(&c, &log, &event, err) < 0 || add_event(&log, &event, &c, err) < 0)
			return -1;
		if (each)
			each(ctx, &log, &event);
	}
	log.trailing = kw_cursor_left(&c);
	*ret = log;
	return 0;
}
