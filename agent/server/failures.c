/* SPDX-License-Identifier: Apache-2.0 */
#include "server/failures.h"

enum { MINUTE_MS = 60 * 1000, DEBT_MAX_MS = 2 * MINUTE_MS, PROBES = 8 };

/* FNV-1a */
static uint64_t add(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(1099511628211);
	return hash;
}

uint64_t kw_failures_who(int listener, int64_t uid, const char *token, const char *what)
{
	struct kw_bytes name = kw_bytes_text(token), of = kw_bytes_text(what);
	uint64_t who = UINT64_C(14695981039346656037);

	who = add(who, &listener, sizeof(listener));
	who = add(who, &uid, sizeof(uid));
	who = add(who, name.data, name.len);
	who = add(who, "", 1);
	who = add(who, of.data, of.len);
	return who != 0 ? who : 1;
}

static int64_t debt(const struct kw_failure_row *row, int64_t now_ms)
{
	int64_t left = row->debt_ms - (now_ms - row->at_ms);

	return row->who != 0 && left > 0 ? left : 0;
}

static size_t probe(uint64_t who, size_t i)
{
	return (size_t)((who + i) % KW_FAILURES_SIZE);
}

static const struct kw_failure_row *find(const struct kw_failures *failures, uint64_t who)
{
	for (size_t i = 0; i < PROBES; i++)
		if (failures->rows[probe(who, i)].who == who)
			return &failures->rows[probe(who, i)];
	return NULL;
}

/* Its own row, else the one of those around that owes least. */
static struct kw_failure_row *place(struct kw_failures *failures, uint64_t who, int64_t now_ms)
{
	struct kw_failure_row *least = &failures->rows[probe(who, 0)];

	for (size_t i = 0; i < PROBES; i++) {
		struct kw_failure_row *row = &failures->rows[probe(who, i)];

		if (row->who == who)
			return row;
		if (debt(row, now_ms) < debt(least, now_ms))
			least = row;
	}
	*least = (struct kw_failure_row){ .who = who, .at_ms = now_ms };
	return least;
}

void kw_failures_count(struct kw_failures *failures, uint64_t who, int64_t now_ms,
		       int64_t per_minute)
{
	struct kw_failure_row *row = place(failures, who, now_ms);

	row->debt_ms = debt(row, now_ms) + MINUTE_MS / per_minute;
	if (row->debt_ms > DEBT_MAX_MS) /* it ends soon after the failures do */
		row->debt_ms = DEBT_MAX_MS;
	row->at_ms = now_ms;
}

int kw_failures_check(const struct kw_failures *failures, uint64_t who, int64_t now_ms,
		      int64_t per_minute, struct kw_error *err)
{
	const struct kw_failure_row *row = find(failures, who);
	int64_t over_ms = row != NULL ? debt(row, now_ms) + MINUTE_MS / per_minute - MINUTE_MS : 0;

	if (over_ms <= 0)
		return 0;
	err->upstream.retry_after_s = (int)((over_ms + 999) / 1000);
	return kw_fail(err, KW_E_SRV_RATE, "too many failed operations of this caller");
}
