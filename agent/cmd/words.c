/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/words.h"

#include "util/text.h"

#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 12, HEX_BYTES_MAX = 64 };

int kw_word_int(const char *flag, const char *text, int64_t *ret, struct kw_error *err)
{
	size_t len = strspn(text, "0123456789");

	if (len == 0 || len > DIGITS_MAX || text[len] != '\0')
		return kw_fail(err, KW_E_CFG_USAGE,
			       "'--%s' needs a whole number of 1 to %d digits, found '%.64s'", flag,
			       DIGITS_MAX, text);
	*ret = strtoll(text, NULL, 10);
	return 0;
}

int kw_word_hex(const char *flag, const char *text, struct kw_blob *ret, struct kw_error *err)
{
	size_t len = strlen(text) / 2;
	uint8_t bytes[HEX_BYTES_MAX];

	if (len == 0 || len > sizeof(bytes) || !kw_hex_decode(text, bytes, len))
		return kw_fail(err, KW_E_CFG_USAGE,
			       "'--%s' needs 1 to %d bytes in hex, found '%.32s'", flag,
			       HEX_BYTES_MAX, text);
	*ret = kw_blob_copy((struct kw_bytes){ bytes, len });
	return 0;
}

int kw_word_choice(const char *flag, const char *text, const char *const *words, size_t *ret,
		   struct kw_error *err)
{
	const char *near;

	for (size_t i = 0; words[i]; i++) {
		if (strcmp(words[i], text) != 0)
			continue;
		*ret = i;
		return 0;
	}
	near = kw_text_nearest(text, words);
	return kw_fail(err, KW_E_CFG_USAGE, "'--%s' cannot be '%.32s'%s%s%s", flag, text,
		       near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
}
