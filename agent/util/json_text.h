/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings of a JSON text that was already scanned, read where they lie: `raw` points behind the
 * opening quote, and the closing one ends it. Nothing is checked again.
 */
#pragma once

#include "util/bytes.h"

enum { KW_SURROGATE_HIGH = 0xd800, KW_SURROGATE_LOW = 0xdc00, KW_SURROGATE_END = 0xe000 };

/* The value of four hex digits, or -1: this one may be asked of any four bytes. */
int32_t kw_json_hex4(const uint8_t *p);

/* Of the decoded texts, as strcmp() does it. */
int kw_json_text_compare(const uint8_t *raw, const uint8_t *other);
bool kw_json_text_is(const uint8_t *raw, const char *text);
/* The number of bytes; `ret` NULL only counts them. */
size_t kw_json_text_decode(const uint8_t *raw, uint8_t *ret);
