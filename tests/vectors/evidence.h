/* SPDX-License-Identifier: Apache-2.0 */
/* What the handlers of evidence/ share: our refusals in this set's words, facts as JSON, PCRs. */
#pragma once

#include "vectors/vectors.h"

#include "evidence/tpm_structures.h"

/* The verdict of a refusal, by its row of the catalogue. */
void vec_refused(struct vec_item *item, const struct kw_error *err);
/* The verdict of a list of checks: the first failed row, or good. */
void vec_refused_or_good(struct vec_item *item, const struct kw_checks *checks);
bool vec_row_ok(const struct kw_checks *checks, const char *check);

void vec_add_hex(struct kw_json *to, const char *name, const void *bytes, size_t len);
void vec_add_word(struct kw_json *to, const char *name, uint64_t word); /* 16 digits */

const char *vec_bank_name(uint16_t number);
/* The role `pcrs`: {"sha256": {"0": "<hex>", ...}, ...}. Returns the number of banks. */
size_t vec_read_pcrs(struct vec_item *item, struct kw_pcr_values banks[KW_TPM_BANKS_MAX]);
