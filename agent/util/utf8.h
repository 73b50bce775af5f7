/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as RFC 3629 section 4 has it: no surrogates, nothing overlong, nothing above U+10FFFF. */
#pragma once

#include "util/bytes.h"

/* The length (1 to 4) of the well-formed character that starts at `at`; 0: there is none. */
size_t kw_utf8_length(struct kw_bytes in, size_t at);
/* Of a character that kw_utf8_length() accepted. */
uint32_t kw_utf8_decode(const uint8_t *character, size_t len);
/* `point` is a scalar value; the number of bytes written. */
size_t kw_utf8_encode(uint32_t point, uint8_t ret[4]);
/* Drops a character at the end that cutting the text left incomplete. */
void kw_utf8_trim(char *text);
