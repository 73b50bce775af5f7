/* SPDX-License-Identifier: Apache-2.0 */
#include "azure/percent.h"

#include "util/memory.h"

static bool is_unreserved(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')
	       || c == '-' || c == '.' || c == '_' || c == '~';
}

size_t kw_percent_size(struct kw_bytes in)
{
	size_t size = 0;
	for (size_t i = 0; i < in.len; i++)
		size += is_unreserved(in.data[i]) ? 1 : 3;
	return size;
}

void kw_percent_encode(struct kw_bytes in, uint8_t *ret)
{
	static const char digits[] = "0123456789ABCDEF";
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.data[i];
		if (is_unreserved(c)) {
			*ret++ = c;
			continue;
		}
		*ret++ = '%';
		*ret++ = (uint8_t)digits[c >> 4];
		*ret++ = (uint8_t)digits[c & 0xf];
	}
}

char *kw_percent_text(const char *in)
{
	struct kw_bytes bytes = kw_bytes_text(in);
	char *ret = kw_alloc(kw_percent_size(bytes) + 1);
	kw_percent_encode(bytes, (uint8_t *)ret);
	return ret;
}
