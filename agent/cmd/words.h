/* SPDX-License-Identifier: Apache-2.0 */
/* Values of options that are more than text. `flag` is the option's name, for the message. All fail
 * with CFG_USAGE. */
#pragma once

#include "util/bytes.h"
#include "util/error.h"

/* Digits alone, up to 12 of them. */
int kw_word_int(const char *flag, const char *text, int64_t *ret, struct kw_error *err) KW_MUST_USE;
/* 1 to 64 bytes. */
int kw_word_hex(const char *flag, const char *text, struct kw_blob *ret,
		struct kw_error *err) KW_MUST_USE;
/* The place of `text` among `words`, which end with NULL. */
int kw_word_choice(const char *flag, const char *text, const char *const *words, size_t *ret,
		   struct kw_error *err) KW_MUST_USE;
/* "0,1,7": different numbers up to 23, as a bit mask. */
int kw_word_pcrs(const char *flag, const char *text, uint32_t *ret,
		 struct kw_error *err) KW_MUST_USE;
