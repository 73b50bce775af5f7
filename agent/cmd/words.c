/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/words.h"

#include "util/text.h"

#include <stdlib.h>
#include <string.h>

enum { DIGITS_MAX = 12, HEX_BYTES_MAX = 64, PCR_MAX = 23 };

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

/* One number and the comma behind it, if there is one. */
static bool take_pcr(const char **at, uint32_t *pcrs)
{
	size_t len = strspn(*at, "0123456789");
	unsigned long pcr = strtoul(*at, NULL, 10);

	if (len == 0 || len > 2 || pcr > PCR_MAX || *pcrs >> pcr & 1)
		return false;
	*pcrs |= 1U << pcr;
	*at += len;
	if (**at == '\0')
		return true;
	return *(*at)++ == ',' && **at != '\0';
}

int kw_word_pcrs(const char *flag, const char *text, uint32_t *ret, struct kw_error *err)
{
	const char *at = text;
	uint32_t pcrs = 0;

	do
		if (!take_pcr(&at, &pcrs))
			return kw_fail(err, KW_E_CFG_USAGE,
				       "'--%s' needs different PCRs 0-%d as in 0,1,7, found "
				       "'%.64s'",
				       flag, PCR_MAX, text);
	while (*at != '\0');
	*ret = pcrs;
	return 0;
}
