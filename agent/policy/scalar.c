/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/scalar.h"

#include "util/text.h"

char *kw_policy_scalar_text(const struct kw_json *value)
{
	int64_t number = 0;
	bool yes = false;

	switch (kw_json_type(value)) {
	case KW_JSON_STRING:
		return kw_strdup(kw_json_string(value));
	case KW_JSON_BOOL:
		return kw_json_bool(value, &yes) ? kw_strdup(yes ? "true" : "false") : NULL;
	case KW_JSON_NUMBER:
		return kw_json_int(value, &number) ? kw_format("%lld", (long long)number) : NULL;
	case KW_JSON_NULL:
	case KW_JSON_ARRAY:
	case KW_JSON_OBJECT:
		return NULL;
	}
	return NULL;
}
