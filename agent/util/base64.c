/* SPDX-License-Identifier: Apache-2.0 */
#include "util/base64.h"

#include "util/memory.h"

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

enum alphabet { UNDECIDED, STANDARD, URL_SAFE };

/* Value plus one of every byte that is a digit in some alphabet; 0 for the others. */
static const uint8_t digits[256] = {
	['A'] = 1,  ['B'] = 2,	['C'] = 3,  ['D'] = 4,	['E'] = 5,  ['F'] = 6,	['G'] = 7,
	['H'] = 8,  ['I'] = 9,	['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14,
	['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21,
	['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28,
	['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35,
	['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
	['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49,
	['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
	['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63,
	['/'] = 64, ['-'] = 63, ['_'] = 64,
};

/* What a flavour asks of a text. */
struct rules {
	enum alphabet alphabet; /* UNDECIDED: the first digit that differs decides */
	bool padding_required, padding_allowed, newlines_skipped;
};

static struct rules rules_of(enum kw_base64 flavour)
{
	switch (flavour) {
	case KW_BASE64:
		return (struct rules){ STANDARD, true, true, false };
	case KW_BASE64URL:
		return (struct rules){ URL_SAFE, false, false, false };
	case KW_BASE64URL_PADDED:
		return (struct rules){ URL_SAFE, true, true, false };
	case KW_BASE64URL_LENIENT:
		return (struct rules){ URL_SAFE, false, true, false };
	case KW_BASE64_EITHER:
		return (struct rules){ UNDECIDED, false, true, true };
	}
	return (struct rules){ URL_SAFE, true, false, false }; /* accepts nothing but "" */
}

static size_t encoded_size(enum kw_base64 flavour, size_t len)
{
	if (len > SIZE_MAX / 2)
		kw_out_of_memory();
	if (rules_of(flavour).padding_required)
		return (len + 2) / 3 * 4;
	return len / 3 * 4 + (len % 3 ? len % 3 + 1 : 0);
}

/* Writes exactly encoded_size() characters. */
static void encode(enum kw_base64 flavour, struct kw_bytes in, uint8_t *ret)
{
	const char *letters = rules_of(flavour).alphabet == STANDARD ? standard : url_safe;
	bool padded = rules_of(flavour).padding_required;

	for (size_t at = 0; at < in.len; at += 3) {
		size_t left = in.len - at;
		uint32_t group = (uint32_t)in.data[at] << 16
				 | (left > 1 ? (uint32_t)in.data[at + 1] << 8 : 0)
				 | (left > 2 ? (uint32_t)in.data[at + 2] : 0);
		*ret++ = (uint8_t)letters[group >> 18];
		*ret++ = (uint8_t)letters[group >> 12 & 63];
		if (left > 1 || padded)
			*ret++ = (uint8_t)(left > 1 ? letters[group >> 6 & 63] : '=');
		if (left > 2 || padded)
			*ret++ = (uint8_t)(left > 2 ? letters[group & 63] : '=');
	}
}

char *kw_base64_encode(enum kw_base64 flavour, struct kw_bytes in)
{
	struct kw_blob text = kw_blob_new(encoded_size(flavour, in.len));

	encode(flavour, in, text.data);
	return (char *)text.data;
}

bool kw_base64_encode_secret(enum kw_base64 flavour, struct kw_bytes in, struct kw_secret *ret)
{
	struct kw_error full = { 0 };

	if (kw_secret_new(encoded_size(flavour, in.len), ret, &full) < 0)
		return false;
	encode(flavour, in, ret->data);
	return true;
}

struct decoder {
	struct rules rules;
	uint32_t group; /* the digits since the last whole group of four */
	size_t n_digits, n_pads;
	uint8_t *out;
	size_t len;
};

/* The alphabets differ in two characters, and a text may not mix them. */
static bool alphabet_fits(struct decoder *d, uint8_t c)
{
	if (c != '+' && c != '/' && c != '-' && c != '_')
		return true;
	enum alphabet found = c == '+' || c == '/' ? STANDARD : URL_SAFE;
	if (d->rules.alphabet == UNDECIDED)
		d->rules.alphabet = found;
	return d->rules.alphabet == found;
}

static bool put(struct decoder *d, uint8_t c)
{
	if (c == '=')
		return d->rules.padding_allowed && ++d->n_pads <= 2;
	if (digits[c] == 0 || d->n_pads > 0 || !alphabet_fits(d, c))
		return false;
	d->group = d->group << 6 | (uint32_t)(digits[c] - 1);
	if (++d->n_digits % 4 == 0) {
		d->out[d->len++] = (uint8_t)(d->group >> 16);
		d->out[d->len++] = (uint8_t)(d->group >> 8);
		d->out[d->len++] = (uint8_t)d->group;
		d->group = 0;
	}
	return true;
}

/* The last group: two digits are one byte, three are two; what is left over must be zero bits. */
static bool finish(struct decoder *d)
{
	size_t rest = d->n_digits % 4, pads_due = rest ? 4 - rest : 0;

	if (rest == 1 || (d->n_pads > 0 && d->n_pads != pads_due)
	    || (d->rules.padding_required && d->n_pads != pads_due))
		return false;
	if (rest == 2) {
		d->out[d->len++] = (uint8_t)(d->group >> 4);
		return (d->group & 0x0f) == 0;
	}
	if (rest == 3) {
		d->out[d->len++] = (uint8_t)(d->group >> 10);
		d->out[d->len++] = (uint8_t)(d->group >> 2);
		return (d->group & 0x03) == 0;
	}
	return true;
}

static size_t decoded_size_max(size_t len)
{
	return len / 4 * 3 + 2;
}

/* `ret` has room for decoded_size_max() bytes. */
static bool decode(enum kw_base64 flavour, struct kw_bytes text, uint8_t *ret, size_t *ret_len)
{
	struct decoder d = { .rules = rules_of(flavour), .out = ret };

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (d.rules.newlines_skipped && (c == '\r' || c == '\n'))
			continue;
		if (!put(&d, c))
			return false;
	}
	if (!finish(&d))
		return false;
	*ret_len = d.len;
	return true;
}

bool kw_base64_decode(enum kw_base64 flavour, struct kw_bytes text, struct kw_blob *ret)
{
	struct kw_blob blob = kw_blob_new(decoded_size_max(text.len));

	if (!decode(flavour, text, blob.data, &blob.len)) {
		kw_blob_clear(&blob);
		return false;
	}
	blob.data[blob.len] = '\0';
	*ret = blob;
	return true;
}

bool kw_base64_decode_secret(enum kw_base64 flavour, struct kw_bytes text, struct kw_secret *ret)
{
	struct kw_secret secret = { 0 };
	struct kw_error full = { 0 };
	size_t len = 0;

	if (kw_secret_new(decoded_size_max(text.len), &secret, &full) < 0)
		return false;
	if (!decode(flavour, text, secret.data, &len)) {
		kw_secret_clear(&secret);
		return false;
	}
	kw_secret_shrink(&secret, len);
	*ret = secret;
	return true;
}
