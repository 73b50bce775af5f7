/* SPDX-License-Identifier: Apache-2.0 */
/* Building structures byte by byte, for tests that bend them: appended to a blob that the caller
 * clears. */
#pragma once

#include "util/bytes.h"
#include "util/cleanup.h"

#include <string.h>

static inline void put(struct kw_blob *to, const void *data, size_t len)
{
	kw_blob_append(to, (struct kw_bytes){ data, len });
}

static inline void put_u8(struct kw_blob *to, uint8_t value)
{
	put(to, &value, 1);
}

static inline void put_be(struct kw_blob *to, uint64_t value, unsigned size)
{
	while (size-- > 0)
		put_u8(to, (uint8_t)(value >> (8 * size)));
}

static inline void put_le(struct kw_blob *to, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		put_u8(to, (uint8_t)(value >> (8 * i)));
}

static inline void put_zeros(struct kw_blob *to, size_t n)
{
	while (n-- > 0)
		put_u8(to, 0);
}

/* TPM2B: size and bytes. */
static inline void put_sized(struct kw_blob *to, const void *data, size_t len)
{
	put_be(to, len, 2);
	put(to, data, len);
}

/* Hex digits, in groups set off by blanks as one likes. */
static inline void put_hex(struct kw_blob *to, const char *hex)
{
	while (*hex) {
		char digits[3] = { 0 };
		uint8_t byte;

		if (*hex == ' ') {
			hex++;
			continue;
		}
		memcpy(digits, hex, hex[1] ? 2 : 1);
		if (!kw_hex_decode(digits, &byte, 1))
			abort();
		put_u8(to, byte);
		hex += 2;
	}
}
