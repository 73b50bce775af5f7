/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes on their way out: what the encoders of the machine write into. Fixed size, because nothing
 * here is longer than a page or two; writing past it ends the lab. Belongs to one thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { LAB_OUT_SIZE = 16 << 10 };

struct lab_out {
	uint8_t data[LAB_OUT_SIZE];
	size_t len;
};

void lab_out_bytes(struct lab_out *out, const void *data, size_t len);
void lab_out_text(struct lab_out *out, const char *text); /* without its NUL */
void lab_out_utf16(struct lab_out *out, const char *ascii);
void lab_out_u8(struct lab_out *out, uint8_t value);
void lab_out_be16(struct lab_out *out, uint16_t value);
void lab_out_be32(struct lab_out *out, uint32_t value);
void lab_out_be64(struct lab_out *out, uint64_t value);
void lab_out_le16(struct lab_out *out, uint16_t value);
void lab_out_le32(struct lab_out *out, uint32_t value);
void lab_out_le64(struct lab_out *out, uint64_t value);
/* A TPM2B: two bytes of length in front. */
void lab_out_tpm2b(struct lab_out *out, const void *data, size_t len);
/* Zeros up to offset `at`, which must not lie behind what is written. */
void lab_out_fill_to(struct lab_out *out, size_t at);
/* Puts `value` where room for it was left. */
void lab_out_be32_at(struct lab_out *out, size_t at, uint32_t value);
void lab_out_be16_at(struct lab_out *out, size_t at, uint16_t value);
