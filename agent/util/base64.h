/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 4648: the standard alphabet with padding (section 4) and the URL-safe one without (section
 * 5). Decoders are strict: one alphabet, no blanks, zero bits behind the last byte.
 */
#pragma once

#include "util/bytes.h"
#include "util/secret.h"

enum kw_base64 {
	KW_BASE64,	      /* standard, padding required */
	KW_BASE64URL,	      /* URL-safe, no padding: the segments of compact JOSE objects */
	KW_BASE64URL_PADDED,  /* URL-safe with padding: what deployed MAA clients emit */
	KW_BASE64URL_LENIENT, /* URL-safe, with or without padding: where the spec says "either" */
	KW_BASE64_EITHER, /* either alphabet (not mixed), padding or none, CR and LF skipped (compat
			     bodies) */
};

/* Encoders know KW_BASE64, KW_BASE64URL and KW_BASE64URL_PADDED. The text is NUL-terminated and
 * owned. */
char *kw_base64_encode(enum kw_base64 flavour, struct kw_bytes in);
/* Into an arena secret (NUL behind `len`); false: the arena is full. */
bool kw_base64_encode_secret(enum kw_base64 flavour, struct kw_bytes in,
			     struct kw_secret *ret) KW_MUST_USE;

/* False: not of that flavour; `ret` is untouched. */
bool kw_base64_decode(enum kw_base64 flavour, struct kw_bytes text,
		      struct kw_blob *ret) KW_MUST_USE;
/* Also false when the arena is full. */
bool kw_base64_decode_secret(enum kw_base64 flavour, struct kw_bytes text,
			     struct kw_secret *ret) KW_MUST_USE;
