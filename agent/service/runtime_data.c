/* SPDX-License-Identifier: Apache-2.0 */
#include "service/runtime_data.h"

#include "util/json.h"

#include <string.h>
#include <strings.h>

#define MEMBER "keys"

static bool has_member(const struct kw_json *json)
{
	for (const struct kw_json *m = kw_json_first(json); m != NULL; m = kw_json_next(m))
		if (kw_json_name(m) != NULL && strcasecmp(kw_json_name(m), MEMBER) == 0)
			return true;
	return false;
}

/* Without NUL bytes, UTF-16 and UTF-32 spell a name as ASCII does. */
static struct kw_blob without_nul(struct kw_bytes data)
{
	struct kw_blob ret = kw_blob_new(data.len);
	size_t n = 0;

	for (size_t i = 0; i < data.len; i++)
		if (data.data[i] != '\0')
			ret.data[n++] = data.data[i];
	ret.data[n] = '\0';
	ret.len = n;
	return ret;
}

/* An object needs a brace, and the name its letters, or \u for one of them. */
static bool may_spell(struct kw_bytes data)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = without_nul(data);
	const char *start = (const char *)text.data;

	return strchr(start, '{') != NULL
	       && (strcasestr(start, MEMBER) != NULL || strstr(start, "\\u") != NULL);
}

bool kw_runtime_data_may_carry_keys(struct kw_bytes data)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *json = NULL;
	struct kw_error ignored = { 0 };

	if (kw_json_parse(data, KW_JSON_STRICT, KW_E_SRV_BODY, &json, &ignored) == 0)
		return has_member(json);
	return may_spell(data);
}
