/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 3986 2.1: percent-encoding for query and form values; only unreserved bytes stay. The
 * destination is the caller's, so that a secret is encoded from the arena into the arena.
 */
#pragma once

#include "util/bytes.h"

/* How many bytes the encoding has. */
size_t kw_percent_size(struct kw_bytes in);
/* Writes that many bytes, no NUL. */
void kw_percent_encode(struct kw_bytes in, uint8_t *ret);
/* The same for a text that is not secret. Owned. */
char *kw_percent_text(const char *in);
