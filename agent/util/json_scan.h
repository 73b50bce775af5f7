/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What json.c lets through to the parser. The strict scan accepts RFC 8259 and less; the lenient
 * one only keeps the parser out of trouble (depth, size, UTF-8, NUL) and stops where the first
 * value ends. Nothing of the text is copied, so a text may hold secrets.
 */
#pragma once

#include "util/bytes.h"
#include "util/error.h"

/* The member of the outermost object that the strict scan was asked to look out for. */
struct kw_json_place {
	bool is_there, is_string;
	struct kw_bytes raw; /* of a string: between the quotes, escapes and all; else its text */
};

/* `want` and `ret` may be NULL. */
int kw_json_scan(struct kw_bytes text, const char *want, enum kw_error_name error,
		 struct kw_json_place *ret, struct kw_error *err) KW_MUST_USE;
int kw_json_scan_lenient(struct kw_bytes text, enum kw_error_name error,
			 struct kw_error *err) KW_MUST_USE;
