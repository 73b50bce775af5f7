/* SPDX-License-Identifier: Apache-2.0 */
#include "out.h"

#include "lab.h"

#include <string.h>

void lab_out_bytes(struct lab_out *out, const void *data, size_t len)
{
	if (len > sizeof(out->data) - out->len)
		lab_die("encoder: %zu bytes do not fit behind %zu", len, out->len);
	if (len > 0)
		memcpy(out->data + out->len, data, len);
	out->len += len;
}

void lab_out_text(struct lab_out *out, const char *text)
{
	lab_out_bytes(out, text, strlen(text));
}

void lab_out_utf16(struct lab_out *out, const char *ascii)
{
	for (; *ascii; ascii++)
		lab_out_le16(out, (uint8_t)*ascii);
}

void lab_out_u8(struct lab_out *out, uint8_t value)
{
	lab_out_bytes(out, &value, 1);
}

static void big_endian(struct lab_out *out, uint64_t value, unsigned n)
{
	while (n-- > 0)
		lab_out_u8(out, (uint8_t)(value >> (8 * n)));
}

static void little_endian(struct lab_out *out, uint64_t value, unsigned n)
{
	for (; n > 0; n--, value >>= 8)
		lab_out_u8(out, (uint8_t)value);
}

void lab_out_be16(struct lab_out *out, uint16_t value)
{
	big_endian(out, value, 2);
}

void lab_out_be32(struct lab_out *out, uint32_t value)
{
	big_endian(out, value, 4);
}

void lab_out_be64(struct lab_out *out, uint64_t value)
{
	big_endian(out, value, 8);
}

void lab_out_le16(struct lab_out *out, uint16_t value)
{
	little_endian(out, value, 2);
}

void lab_out_le32(struct lab_out *out, uint32_t value)
{
	little_endian(out, value, 4);
}

void lab_out_le64(struct lab_out *out, uint64_t value)
{
	little_endian(out, value, 8);
}

void lab_out_tpm2b(struct lab_out *out, const void *data, size_t len)
{
	lab_out_be16(out, (uint16_t)len);
	lab_out_bytes(out, data, len);
}

void lab_out_fill_to(struct lab_out *out, size_t at)
{
	if (at < out->len || at > sizeof(out->data))
		lab_die("encoder: offset %zu is not ahead of %zu", at, out->len);
	memset(out->data + out->len, 0, at - out->len);
	out->len = at;
}

static void patch(struct lab_out *out, size_t at, uint32_t value, unsigned n)
{
	size_t end = out->len;
	out->len = at;
	big_endian(out, value, n);
	out->len = end;
}

void lab_out_be32_at(struct lab_out *out, size_t at, uint32_t value)
{
	patch(out, at, value, 4);
}

void lab_out_be16_at(struct lab_out *out, size_t at, uint16_t value)
{
	patch(out, at, value, 2);
}
