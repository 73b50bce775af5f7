/* SPDX-License-Identifier: Apache-2.0 */
#include "util/checks.h"

#include "util/bytes.h"
#include "util/json.h"
#include "util/text.h"

#include <assert.h>
#include <string.h>

enum { SAME_BYTES_MIN = 8, SAME_BYTES_MAX = 64 };

static void add(struct kw_checks *checks, const struct kw_check *row)
{
	static const struct kw_check too_many = {
		.check = "number of checks",
		.error = KW_E_SYS_INTERNAL,
		.expected = "no more than the list holds",
		.found = "more",
		.verdict = KW_VERDICT_FAILED,
	};

	if (checks->n_rows < KW_CHECKS_MAX)
		checks->rows[checks->n_rows++] = *row;
	else
		checks->rows[KW_CHECKS_MAX - 1] = too_many; /* never lose a refusal */
}

static void add_texts(struct kw_checks *checks, const char *check, enum kw_error_name error,
		      enum kw_verdict verdict, const char *expected, const char *found)
{
	struct kw_check row = { .check = check, .error = error, .verdict = verdict };

	kw_text_clean(kw_bytes_text(expected), row.expected, sizeof(row.expected));
	kw_text_clean(kw_bytes_text(found), row.found, sizeof(row.found));
	add(checks, &row);
}

bool kw_checks_judge(struct kw_checks *checks, const char *check, enum kw_error_name error, bool ok,
		     const char *expected, const char *found)
{
	add_texts(checks, check, error, ok ? KW_VERDICT_OK : KW_VERDICT_FAILED, expected, found);
	return ok;
}

void kw_checks_not_possible(struct kw_checks *checks, const char *check, enum kw_error_name error,
			    const char *expected, const char *why)
{
	add_texts(checks, check, error, KW_VERDICT_NOT_POSSIBLE, expected, why);
}

bool kw_checks_same_bytes(struct kw_checks *checks, const char *check, enum kw_error_name error,
			  const void *expected, const void *found, size_t len)
{
	char expected_hex[2 * SAME_BYTES_MAX + 1], found_hex[2 * SAME_BYTES_MAX + 1];

	assert(len >= SAME_BYTES_MIN && len <= SAME_BYTES_MAX);
	kw_hex_encode((struct kw_bytes){ expected, len }, expected_hex);
	kw_hex_encode((struct kw_bytes){ found, len }, found_hex);
	return kw_checks_judge(checks, check, error, memcmp(expected, found, len) == 0,
			       expected_hex, found_hex);
}

int kw_checks_result(const struct kw_checks *checks, size_t from, struct kw_error *err)
{
	for (size_t i = from; i < checks->n_rows; i++) {
		const struct kw_check *row = &checks->rows[i];
		if (row->verdict == KW_VERDICT_FAILED)
			return kw_fail(err, row->error, "%s: expected %s, found %s", row->check,
				       row->expected[0] ? row->expected : "nothing",
				       row->found[0] ? row->found : "nothing");
	}
	return 0;
}

const struct kw_check *kw_checks_find(const struct kw_checks *checks, const char *check)
{
	for (size_t i = 0; i < checks->n_rows; i++)
		if (strcmp(checks->rows[i].check, check) == 0)
			return &checks->rows[i];
	return NULL;
}

void kw_checks_append(struct kw_checks *to, const struct kw_checks *from)
{
	for (size_t i = 0; i < from->n_rows; i++)
		add(to, &from->rows[i]);
}

const char *kw_verdict_text(enum kw_verdict verdict)
{
	switch (verdict) {
	case KW_VERDICT_OK:
		return "ok";
	case KW_VERDICT_FAILED:
		return "failed";
	case KW_VERDICT_NOT_POSSIBLE:
		return "not possible";
	}
	return "unknown";
}

struct kw_json *kw_checks_json(const struct kw_checks *checks)
{
	struct kw_json *rows = kw_json_new_array();

	for (size_t i = 0; i < checks->n_rows; i++) {
		const struct kw_check *row = &checks->rows[i];
		struct kw_json *object = kw_json_add_object(rows, NULL);

		kw_json_add_string(object, "check", row->check);
		kw_json_add_string(object, "id", kw_error_def(row->error)->id);
		kw_json_add_string(object, "expected", row->expected);
		kw_json_add_string(object, "found", row->found);
		kw_json_add_string(object, "verdict", kw_verdict_text(row->verdict));
	}
	return rows;
}
