/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON, in two named modes. Strict (everything from upstreams, tokens, policies, files) is checked
 * before the parser sees a byte: valid UTF-8, no NUL, no duplicate member, nothing behind the
 * value, at most KW_JSON_DEPTH levels and KW_JSON_SIZE_MAX bytes. Lenient is for the bodies of the
 * compat routes only: the last duplicate wins and what stands behind the first value is ignored. A
 * value belongs to its document; free the root alone. Not for secrets: see kw_json_secret().
 */
#pragma once

#include "util/bytes.h"
#include "util/error.h"
#include "util/secret.h"

#include "util/cleanup.h"

struct kw_json; /* one value */

enum kw_json_mode { KW_JSON_STRICT, KW_JSON_LENIENT };
enum kw_json_type {
	KW_JSON_NULL,
	KW_JSON_BOOL,
	KW_JSON_NUMBER,
	KW_JSON_STRING,
	KW_JSON_ARRAY,
	KW_JSON_OBJECT,
};
enum { KW_JSON_DEPTH = 16, KW_JSON_SIZE_MAX = 4 << 20 };

/* Fails with `error`: whose answer it was decides what people do. The detail says what is wrong at
 * which byte. */
int kw_json_parse(struct kw_bytes text, enum kw_json_mode mode, enum kw_error_name error,
		  struct kw_json **ret, struct kw_error *err) KW_MUST_USE;
void kw_json_free(struct kw_json *root);
KW_DEFINE_FREEP(struct kw_json, kw_json_free);

/* The string member `name` of the object `text`, decoded straight into the arena (strict). */
int kw_json_secret(struct kw_bytes text, const char *name, enum kw_error_name error,
		   struct kw_secret *ret, struct kw_error *err) KW_MUST_USE;
/* The member `name` of the same text as a whole number up to 2^53, written as a number or, as IMDS
 * does, as a string of digits. False: missing, or neither. The text is not copied. */
bool kw_json_secret_int(struct kw_bytes text, const char *name, int64_t *ret) KW_MUST_USE;

/* Reading. All accept NULL and the wrong type (answer: NULL, false, 0). */
enum kw_json_type kw_json_type(const struct kw_json *value); /* NULL: KW_JSON_NULL */
const struct kw_json *kw_json_get(const struct kw_json *object, const char *name);
const struct kw_json *kw_json_get_nocase(const struct kw_json *object, const char *name);
const char *kw_json_string(const struct kw_json *value);
bool kw_json_int(const struct kw_json *value,
		 int64_t *ret) KW_MUST_USE; /* whole numbers up to 2^53 */
bool kw_json_number(const struct kw_json *value, double *ret) KW_MUST_USE;
bool kw_json_bool(const struct kw_json *value, bool *ret) KW_MUST_USE;
size_t kw_json_count(const struct kw_json *container);
const struct kw_json *kw_json_at(const struct kw_json *array,
				 size_t i); /* walk with first/next instead */
const struct kw_json *kw_json_first(const struct kw_json *container);
const struct kw_json *kw_json_next(const struct kw_json *child);
const char *kw_json_name(const struct kw_json *member);
bool kw_json_equal(const struct kw_json *a,
		   const struct kw_json *b); /* deep; member order does not matter */

/* The string `name` of `object`, or the error with "member 'name' is missing / is not a string". */
int kw_json_want_string(const struct kw_json *object, const char *name, enum kw_error_name error,
			const char **ret, struct kw_error *err) KW_MUST_USE;
/* The same, and decoded from base64 of that flavour. */
int kw_json_want_base64(const struct kw_json *object, const char *name, int flavour,
			enum kw_error_name error, struct kw_blob *ret,
			struct kw_error *err) KW_MUST_USE;

/* Building. Adders abort when memory is out; `name` is NULL when the container is an array.
 * Fractions, and numbers that were parsed, are printed with 15 digits. */
struct kw_json *kw_json_new_object(void);
struct kw_json *kw_json_new_array(void);
struct kw_json *kw_json_copy(const struct kw_json *value);
void kw_json_add(struct kw_json *container, const char *name,
		 struct kw_json *child); /* takes child */
void kw_json_add_string(struct kw_json *container, const char *name,
			const char *text); /* NULL: null */
void kw_json_add_int(struct kw_json *container, const char *name, int64_t number);
void kw_json_add_number(struct kw_json *container, const char *name, double number);
void kw_json_add_bool(struct kw_json *container, const char *name, bool yes);
void kw_json_add_null(struct kw_json *container, const char *name);
struct kw_json *kw_json_add_object(struct kw_json *container, const char *name); /* borrowed */
struct kw_json *kw_json_add_array(struct kw_json *container, const char *name);
char *kw_json_print(const struct kw_json *value);	 /* compact, owned */
char *kw_json_print_pretty(const struct kw_json *value); /* for people, owned */
