/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors that people can act on. Whoever first sees a failure names its row of the catalogue
 * (util/errors.def) with kw_fail(); callers add context with kw_wrap(). Nobody logs on the way up:
 * cmd/ and server/ report once. A struct kw_error belongs to its caller and needs no clearing; `{ 0
 * }` means nothing failed. Nothing secret is ever formatted into one.
 */
#pragma once

#include "util/attributes.h"
#include "util/error_names.h"

#include <stdbool.h>
#include <stddef.h>

enum kw_kind {
	KW_USAGE,
	KW_DATA,
	KW_NOT_FOUND,
	KW_UNAVAILABLE,
	KW_INTERNAL,
	KW_NO_OUTPUT,
	KW_IO,
	KW_AGAIN,
	KW_UNTRUSTED,
	KW_DENIED,
	KW_CONFIG,
};

/* Whether trying again can help: never; the same again later; with new evidence or a new token. */
enum kw_retry { KW_NEVER, KW_LATER, KW_RENEWED };

struct kw_error_def {
	const char *id; /* "KW-ATT-003"; once published it never means anything else */
	char stage[4];	/* CFG TPM SNP COL ATT TOK IDN REL UNW STO SRV OUT SEC SYS */
	enum kw_kind kind;
	short http_status, exit_status;
	enum kw_retry retry;
	const char *cause, *remedy;
};

/* What the upstream said, filled by http/ and azure/; zeroed where no upstream is involved. */
struct kw_error_upstream {
	short status;
	char code[48];
	char request_id[64];
	int retry_after_s;
};

struct kw_error {
	const struct kw_error_def *def; /* NULL: nothing failed */
	char detail[512]; /* outermost context first, joined with ": "; cut, never overrun */
	struct kw_error_upstream upstream;
	unsigned tpm_code; /* what a TPM answered, without the layer; 0: no TPM is involved */
};

/*
 * Both always return -1, so that a caller can write `return kw_fail(...)`. kw_fail() replaces row
 * and detail and leaves the rest; its arguments may point into the old detail, and %m gives the
 * text of errno. kw_wrap() puts "context: " in front and keeps the rest; what no longer fits is
 * cut at the inner end.
 */
int kw_fail(struct kw_error *err, enum kw_error_name name, const char *fmt, ...) KW_PRINTF(3, 4);
int kw_wrap(struct kw_error *err, const char *fmt, ...) KW_PRINTF(2, 3);

/* The row of a name; NULL for KW_OK. */
const struct kw_error_def *kw_error_def(enum kw_error_name name);
/* The inverse for what kw_fail() wrote; KW_OK if nothing failed. */
enum kw_error_name kw_error_name(const struct kw_error *err);
/* The row of a published id ("KW-ATT-003", any case), or NULL. */
const struct kw_error_def *kw_error_find(const char *id);
/* Every row in order, for `keyward help`, docs/errors.md and tests; `ret_n` rows. */
const struct kw_error_def *kw_error_all(size_t *ret_n);

static inline bool kw_error_is(const struct kw_error *err, enum kw_error_name name)
{
	return err->def != NULL && err->def == kw_error_def(name);
}

/*
 * An outage makes a key stale, a denial revokes it. Denials are refusals by the attestation service
 * and the vault (KW_DENIED, KW_NOT_FOUND), wrong evidence (KW_DATA) and failed checks
 * (KW_UNTRUSTED). What anybody on the way could provoke without being either of them is no denial:
 * a TLS handshake that fails, an answer that cannot be read (KW_UNTRUSTED rows with KW_LATER). What
 * IMDS, THIM or Entra refuse (stages COL and IDN) does not decide about keys, and our own trouble
 * (KW_INTERNAL) neither.
 */
bool kw_error_is_outage(const struct kw_error *err);
