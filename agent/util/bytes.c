/* SPDX-License-Identifier: Apache-2.0 */
#include "util/bytes.h"

#include "util/memory.h"

#include <stdlib.h>
#include <string.h>

struct kw_bytes kw_bytes_text(const char *text)
{
	return (struct kw_bytes){ (const uint8_t *)text, text ? strlen(text) : 0 };
}

bool kw_bytes_equal(struct kw_bytes a, struct kw_bytes b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool kw_bytes_are_zero(struct kw_bytes in)
{
	uint8_t any = 0;

	for (size_t i = 0; i < in.len; i++)
		any |= in.data[i];
	return any == 0;
}

struct kw_blob kw_blob_new(size_t len)
{
	if (len == SIZE_MAX)
		kw_out_of_memory();
	return (struct kw_blob){ kw_alloc(len + 1), len };
}

struct kw_blob kw_blob_copy(struct kw_bytes from)
{
	struct kw_blob blob = kw_blob_new(from.len);

	if (from.len > 0)
		memcpy(blob.data, from.data, from.len);
	return blob;
}

void kw_blob_append(struct kw_blob *blob, struct kw_bytes more)
{
	if (more.len >= SIZE_MAX - blob->len)
		kw_out_of_memory();
	blob->data = kw_realloc(blob->data, blob->len + more.len + 1);
	if (more.len > 0)
		memcpy(blob->data + blob->len, more.data, more.len);
	blob->len += more.len;
	blob->data[blob->len] = '\0';
}

void kw_blob_clear(struct kw_blob *blob)
{
	if (!blob)
		return;
	free(blob->data);
	*blob = (struct kw_blob){ 0 };
}

struct kw_blob kw_blob_steal(struct kw_blob *blob)
{
	struct kw_blob stolen = *blob;

	*blob = (struct kw_blob){ 0 };
	return stolen;
}

void kw_hex_encode(struct kw_bytes in, char *ret)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < in.len; i++) {
		ret[2 * i] = digits[in.data[i] >> 4];
		ret[2 * i + 1] = digits[in.data[i] & 0x0f];
	}
	ret[2 * in.len] = '\0';
}

/* The value of a digit of either case, or -1. */
static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool kw_hex_decode(const char *text, uint8_t *ret, size_t len)
{
	if (strnlen(text, len * 2 + 1) != len * 2)
		return false;
	for (size_t i = 0; i < len * 2; i++)
		if (hex_digit(text[i]) < 0)
			return false;
	for (size_t i = 0; i < len; i++)
		ret[i] = (uint8_t)((unsigned int)hex_digit(text[2 * i]) << 4
				   | (unsigned int)hex_digit(text[2 * i + 1]));
	return true;
}

bool kw_take(struct kw_cursor *c, size_t n, struct kw_bytes *ret)
{
	if (n > kw_cursor_left(c))
		return false;
	*ret = (struct kw_bytes){ n > 0 ? c->in.data + c->at : c->in.data, n };
	c->at += n;
	return true;
}

bool kw_take_into(struct kw_cursor *c, void *ret, size_t n)
{
	struct kw_bytes taken;

	if (!kw_take(c, n, &taken))
		return false;
	if (n > 0)
		memcpy(ret, taken.data, n);
	return true;
}

static bool take_le(struct kw_cursor *c, size_t n, uint64_t *ret)
{
	struct kw_bytes taken;
	uint64_t value = 0;

	if (!kw_take(c, n, &taken))
		return false;
	for (size_t i = n; i > 0; i--)
		value = value << 8 | taken.data[i - 1];
	*ret = value;
	return true;
}

static bool take_be(struct kw_cursor *c, size_t n, uint64_t *ret)
{
	struct kw_bytes taken;
	uint64_t value = 0;

	if (!kw_take(c, n, &taken))
		return false;
	for (size_t i = 0; i < n; i++)
		value = value << 8 | taken.data[i];
	*ret = value;
	return true;
}

bool kw_take_u8(struct kw_cursor *c, uint8_t *ret)
{
	return kw_take_into(c, ret, sizeof(*ret));
}

bool kw_take_le16(struct kw_cursor *c, uint16_t *ret)
{
	uint64_t value;

	if (!take_le(c, sizeof(*ret), &value))
		return false;
	*ret = (uint16_t)value;
	return true;
}

bool kw_take_le32(struct kw_cursor *c, uint32_t *ret)
{
	uint64_t value;

	if (!take_le(c, sizeof(*ret), &value))
		return false;
	*ret = (uint32_t)value;
	return true;
}

bool kw_take_le64(struct kw_cursor *c, uint64_t *ret)
{
	return take_le(c, sizeof(*ret), ret);
}

bool kw_take_be16(struct kw_cursor *c, uint16_t *ret)
{
	uint64_t value;

	if (!take_be(c, sizeof(*ret), &value))
		return false;
	*ret = (uint16_t)value;
	return true;
}

bool kw_take_be32(struct kw_cursor *c, uint32_t *ret)
{
	uint64_t value;

	if (!take_be(c, sizeof(*ret), &value))
		return false;
	*ret = (uint32_t)value;
	return true;
}

bool kw_take_be64(struct kw_cursor *c, uint64_t *ret)
{
	return take_be(c, sizeof(*ret), ret);
}

bool kw_skip(struct kw_cursor *c, size_t n)
{
	struct kw_bytes skipped;

	return kw_take(c, n, &skipped);
}

bool kw_skip_to(struct kw_cursor *c, size_t at)
{
	return at >= c->at && kw_skip(c, at - c->at);
}
