/* SPDX-License-Identifier: Apache-2.0 */
/* What the handlers of collateral/ share: our refusals in this set's words, facts of a leaf. */
#pragma once

#include "vectors/vectors.h"

#include "jose/certificate.h"
#include "util/checks.h"

/* A refusal in this set's words; the row's id where the set has none. */
const char *vec_collateral_reason(const struct kw_error *err);
/* The first failed row, or NULL. */
const char *vec_checks_reason(const struct kw_checks *checks);

void vec_leaf_facts(struct vec_item *item, const struct kw_amd_leaf *leaf);
/* The pinned roots; the caller frees them. */
struct kw_amd_roots *vec_amd_roots(void);
