/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An origin (RFC 6454): scheme, host in lower case, port. Two URLs have the same origin only if all
 * three are equal; the default port (443, 80) may be left out. Nothing is ever allowed by suffix or
 * grammar.
 */
#pragma once

#include "util/attributes.h"

#include <stdbool.h>
#include <stdint.h>

enum { KW_HOST_SIZE = 254, KW_ORIGIN_TEXT_SIZE = 280 };

struct kw_origin {
	bool tls;		 /* https, else http */
	char host[KW_HOST_SIZE]; /* lower case; an IPv6 literal without its brackets */
	uint16_t port;
	bool is_address; /* host is an IP literal */
};

/* Accepts http and https URLs only. Refuses user information, blanks, control bytes, an empty host
 * or port 0;
 * `*ret_rest` (may be NULL) points behind the authority: "" or "/path?query". */
bool kw_origin_parse(const char *url, struct kw_origin *ret, const char **ret_rest) KW_MUST_USE;
bool kw_origin_equal(const struct kw_origin *a, const struct kw_origin *b);
/* "https://host[:port]", the default port left out. */
void kw_origin_text(const struct kw_origin *origin, char ret[KW_ORIGIN_TEXT_SIZE]);
/* `url` is an origin alone: no path beyond one slash, no query, no fragment; and equal to `origin`.
 */
bool kw_origin_is(const struct kw_origin *origin, const char *url);
