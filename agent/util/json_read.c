/* SPDX-License-Identifier: Apache-2.0 */
#include "util/base64.h"
#include "util/json.h"
#include "util/json_scan.h"
#include "util/json_text.h"
#include "util/json_value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const double largest_whole = 9007199254740992.0; /* 2^53 */

int kw_json_parse(struct kw_bytes text, enum kw_json_mode mode, enum kw_error_name error,
		  struct kw_json **ret, struct kw_error *err)
{
	int scanned = mode == KW_JSON_STRICT ? kw_json_scan(text, NULL, error, NULL, err)
					     : kw_json_scan_lenient(text, error, err);

	if (scanned < 0)
		return -1;
	cJSON *root = cJSON_ParseWithLengthOpts((const char *)text.data, text.len, NULL, false);
	if (!root)
		return kw_fail(err, error, "JSON: not understood, %zu bytes", text.len);
	*ret = (struct kw_json *)root;
	return 0;
}

void kw_json_free(struct kw_json *root)
{
	cJSON_Delete((cJSON *)root);
}

static int lacks(const char *name, bool is_there, enum kw_error_name error, struct kw_error *err)
{
	return kw_fail(err, error, "member '%s' is %s", name,
		       is_there ? "not a string" : "missing");
}

int kw_json_secret(struct kw_bytes text, const char *name, enum kw_error_name error,
		   struct kw_secret *ret, struct kw_error *err)
{
	struct kw_json_place place = { 0 };

	if (kw_json_scan(text, name, error, &place, err) < 0)
		return -1;
	if (!place.is_string)
		return lacks(name, place.is_there, error, err);
	if (kw_secret_new(kw_json_text_decode(place.raw.data, NULL), ret, err) < 0)
		return kw_wrap(err, "member '%s'", name);
	kw_json_text_decode(place.raw.data, ret->data);
	return 0;
}

/* Digits alone: an exponent or an escape is no way to write a time. */
static bool whole_number(struct kw_bytes digits, int64_t *ret)
{
	int64_t number = 0;

	for (size_t i = 0; i < digits.len; i++) {
		if (digits.data[i] < '0' || digits.data[i] > '9')
			return false;
		number = number * 10 + (digits.data[i] - '0');
		if (number > (int64_t)largest_whole)
			return false;
	}
	if (digits.len > 0)
		*ret = number;
	return digits.len > 0;
}

bool kw_json_secret_int(struct kw_bytes text, const char *name, int64_t *ret)
{
	struct kw_json_place place = { 0 };
	struct kw_error unreadable = { 0 };

	return kw_json_scan(text, name, KW_E_SYS_DATA, &place, &unreadable) == 0
	       && whole_number(place.raw, ret);
}

enum kw_json_type kw_json_type(const struct kw_json *value)
{
	if (!value)
		return KW_JSON_NULL;
	switch (kw_json_library(value)->type & 0xff) {
	case cJSON_True:
	case cJSON_False:
		return KW_JSON_BOOL;
	case cJSON_Number:
	case cJSON_Raw: /* made by kw_json_add_int() alone */
		return KW_JSON_NUMBER;
	case cJSON_String:
		return KW_JSON_STRING;
	case cJSON_Array:
		return KW_JSON_ARRAY;
	case cJSON_Object:
		return KW_JSON_OBJECT;
	}
	return KW_JSON_NULL;
}

/* The last member that `same` finds equal in name. */
static const struct kw_json *find(const struct kw_json *object, const char *name,
				  int (*same)(const char *, const char *))
{
	const struct kw_json *found = NULL;

	if (kw_json_type(object) != KW_JSON_OBJECT)
		return NULL;
	for (const struct kw_json *m = kw_json_first(object); m; m = kw_json_next(m))
		if (same(kw_json_name(m), name) == 0)
			found = m;
	return found;
}

const struct kw_json *kw_json_get(const struct kw_json *object, const char *name)
{
	return find(object, name, strcmp);
}

const struct kw_json *kw_json_get_nocase(const struct kw_json *object, const char *name)
{
	const struct kw_json *exact = find(object, name, strcmp);

	return exact ? exact : find(object, name, strcasecmp);
}

const char *kw_json_string(const struct kw_json *value)
{
	return kw_json_type(value) == KW_JSON_STRING ? kw_json_library(value)->valuestring : NULL;
}

bool kw_json_number(const struct kw_json *value, double *ret)
{
	if (kw_json_type(value) != KW_JSON_NUMBER || !isfinite(kw_json_library(value)->valuedouble))
		return false;
	*ret = kw_json_library(value)->valuedouble;
	return true;
}

bool kw_json_int(const struct kw_json *value, int64_t *ret)
{
	double number = 0;

	if (!kw_json_number(value, &number) || fabs(number) > largest_whole
	    || trunc(number) != number)
		return false;
	*ret = (int64_t)number;
	return true;
}

bool kw_json_bool(const struct kw_json *value, bool *ret)
{
	if (kw_json_type(value) != KW_JSON_BOOL)
		return false;
	*ret = (kw_json_library(value)->type & cJSON_True) != 0;
	return true;
}

static bool is_container(const struct kw_json *value)
{
	return kw_json_type(value) == KW_JSON_ARRAY || kw_json_type(value) == KW_JSON_OBJECT;
}

const struct kw_json *kw_json_first(const struct kw_json *container)
{
	return is_container(container) ? (const struct kw_json *)kw_json_library(container)->child
				       : NULL;
}

const struct kw_json *kw_json_next(const struct kw_json *child)
{
	return child ? (const struct kw_json *)kw_json_library(child)->next : NULL;
}

size_t kw_json_count(const struct kw_json *container)
{
	size_t n = 0;

	for (const struct kw_json *c = kw_json_first(container); c; c = kw_json_next(c))
		n++;
	return n;
}

const struct kw_json *kw_json_at(const struct kw_json *array, size_t i)
{
	if (kw_json_type(array) != KW_JSON_ARRAY)
		return NULL;
	const struct kw_json *child = kw_json_first(array);
	for (; child && i > 0; i--)
		child = kw_json_next(child);
	return child;
}

const char *kw_json_name(const struct kw_json *member)
{
	return member ? kw_json_library(member)->string : NULL;
}

int kw_json_want_string(const struct kw_json *object, const char *name, enum kw_error_name error,
			const char **ret, struct kw_error *err)
{
	const struct kw_json *member = kw_json_get(object, name);

	if (!kw_json_string(member))
		return lacks(name, member != NULL, error, err);
	*ret = kw_json_string(member);
	return 0;
}

int kw_json_want_base64(const struct kw_json *object, const char *name, int flavour,
			enum kw_error_name error, struct kw_blob *ret, struct kw_error *err)
{
	const char *text = NULL;

	if (kw_json_want_string(object, name, error, &text, err) < 0)
		return -1;
	if (!kw_base64_decode((enum kw_base64)flavour, kw_bytes_text(text), ret))
		return kw_fail(err, error, "member '%s' is not base64 of the expected form", name);
	return 0;
}
