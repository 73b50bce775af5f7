/* SPDX-License-Identifier: Apache-2.0 */
#include "config/key_id.h"

#include "util/text.h"

#include <string.h>

static bool is_version_char(char c)
{
	char lower = kw_lower(c);

	return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

static bool is_name_char(char c)
{
	return is_version_char(c) || c == '-';
}

/* Takes 1 to size - 1 characters of a kind up to a slash or the end. */
static bool take_segment(const char **at, bool (*is_char)(char c), char *ret, size_t size)
{
	size_t n = 0;

	for (; (*at)[n] != '\0' && (*at)[n] != '/'; n++) {
		if (n + 1 >= size || !is_char((*at)[n]))
			return false;
		ret[n] = (*at)[n];
	}
	ret[n] = '\0';
	*at += n;
	return n > 0;
}

bool kw_key_id_parse(const char *url, struct kw_key_id *ret)
{
	static const char prefix[] = "/keys/";
	struct kw_key_id id = { 0 };
	const char *at = NULL;

	if (!kw_origin_parse(url, &id.origin, &at) || !id.origin.tls
	    || strncmp(at, prefix, strlen(prefix)) != 0)
		return false;
	at += strlen(prefix);
	if (!take_segment(&at, is_name_char, id.name, sizeof(id.name)))
		return false;
	if (*at == '/') {
		at++;
		if (!take_segment(&at, is_version_char, id.version, sizeof(id.version)))
			return false;
	}
	if (*at != '\0')
		return false;
	*ret = id;
	return true;
}
