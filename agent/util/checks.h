/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What verifying found, in the order in which it was checked. Verifiers make every check that can
 * still be made after one failed, so that people see the whole picture; kw_checks_result() then
 * turns the first failed row into the error. Every command and route prints this same list, and
 * docs/trust.md lists it. A verdict of "not possible" never counts as ok: whoever requires that
 * check must refuse it.
 */
#pragma once

#include "util/error.h"

#include <stdbool.h>

enum kw_verdict { KW_VERDICT_OK, KW_VERDICT_FAILED, KW_VERDICT_NOT_POSSIBLE };

enum { KW_CHECKS_MAX = 128, KW_CHECK_TEXT_SIZE = 136 }; /* 136: 64 bytes in hex fit */

struct kw_check {
	const char *check;	  /* static text: "report signature" */
	enum kw_error_name error; /* the row that a failure of this check ends in */
	char expected[KW_CHECK_TEXT_SIZE], found[KW_CHECK_TEXT_SIZE];
	enum kw_verdict verdict;
};

struct kw_checks {
	struct kw_check rows[KW_CHECKS_MAX];
	size_t n_rows;
};

/* Records a row; the texts are cut to fit. `expected` and `found` may be NULL (empty). Returns
 * `ok`. */
bool kw_checks_judge(struct kw_checks *checks, const char *check, enum kw_error_name error, bool ok,
		     const char *expected, const char *found);
void kw_checks_not_possible(struct kw_checks *checks, const char *check, enum kw_error_name error,
			    const char *expected, const char *why);
/* The same with 8 to 64 bytes printed as hex on both sides; compares them (not secret, not constant
 * time). */
bool kw_checks_same_bytes(struct kw_checks *checks, const char *check, enum kw_error_name error,
			  const void *expected, const void *found, size_t len);

/* The first failed row at or after `from` becomes the error (its detail: check, expected, found).
 */
int kw_checks_result(const struct kw_checks *checks, size_t from, struct kw_error *err) KW_MUST_USE;
const struct kw_check *kw_checks_find(const struct kw_checks *checks, const char *check);
void kw_checks_append(struct kw_checks *to, const struct kw_checks *from);
const char *kw_verdict_text(enum kw_verdict verdict); /* "ok", "failed", "not possible" */
/* An array of {"check", "id", "expected", "found", "verdict"}; the caller's. */
struct kw_json;
struct kw_json *kw_checks_json(const struct kw_checks *checks);
