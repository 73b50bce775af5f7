/* SPDX-License-Identifier: Apache-2.0 */
/* Small helpers for text that people read. All returned pointers are owned unless said otherwise.
 */
#pragma once

#include "util/attributes.h"
#include "util/bytes.h"

#include <stdarg.h>

char *kw_format(const char *fmt, ...) KW_PRINTF(1, 2); /* aborts when memory is out */
char *kw_strdup(const char *text);		       /* NULL gives NULL */

char kw_lower(char c); /* ASCII alone, whatever the locale */

/* Remote text for an error or a log: control bytes and non-UTF-8 become '?', cut to fit `size`. */
void kw_text_clean(struct kw_bytes from, char *ret, size_t size);

/* The word of `words` (NULL-terminated) nearest to `word`, or NULL if none is near enough to
 * suggest. Borrowed. */
const char *kw_text_nearest(const char *word, const char *const *words);

/* "90s", "1h", "250ms", "2d": integer with ms|s|m|h|d, into milliseconds. */
bool kw_duration_parse(const char *text, int64_t *ret_ms) KW_MUST_USE;
char *kw_duration_text(int64_t ms); /* the shortest exact form */
