/* SPDX-License-Identifier: Apache-2.0 */
#include "config/forms.h"

#include "config/key_id.h"
#include "util/cleanup.h"
#include "util/text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

enum { NAME_MAX_LENGTH = 63, PORT_MAX = 65535 };

/* The text is `min` to `max` characters, all of them from `allowed`. */
static bool consists_of(const char *text, size_t len, const char *allowed, size_t min, size_t max)
{
	return len >= min && len <= max && strspn(text, allowed) >= len;
}

static bool is_word(const char *text)
{
	return *text && !strpbrk(text, " \t");
}

static bool is_port(const char *text)
{
	size_t len = strlen(text);

	return consists_of(text, len, DIGITS, 1, 5) && *text != '0'
	       && strtol(text, NULL, 10) <= PORT_MAX;
}

static char *take_word(const char *text)
{
	return is_word(text) ? kw_strdup(text) : NULL;
}

static char *take_name(const char *text)
{
	bool good = consists_of(text, strlen(text), LETTERS DIGITS "._-", 1, NAME_MAX_LENGTH)
		    && isalnum((unsigned char)*text);

	return good ? kw_strdup(text) : NULL;
}

static char *take_path(const char *text)
{
	return *text == '/' && text[1] ? kw_strdup(text) : NULL;
}

static char *take_builtin_or_path(const char *text)
{
	return strcmp(text, "builtin") == 0 ? kw_strdup(text) : take_path(text);
}

static char *take_system_or_path(const char *text)
{
	return strcmp(text, "system") == 0 ? kw_strdup(text) : take_path(text);
}

static char *take_origin(const char *text)
{
	struct kw_origin origin;
	char canonical[KW_ORIGIN_TEXT_SIZE];

	if (!kw_origin_parse(text, &origin, NULL) || !kw_origin_is(&origin, text))
		return NULL;
	kw_origin_text(&origin, canonical);
	return kw_strdup(canonical);
}

static char *take_https_origin(const char *text)
{
	char *canonical = take_origin(text);

	if (canonical && strncmp(canonical, "https:", strlen("https:")) == 0)
		return canonical;
	free(canonical);
	return NULL;
}

static char *take_audience(const char *text)
{
	return is_word(text) && text[strlen(text) - 1] != '/' ? kw_strdup(text) : NULL;
}

static char *take_key_url(const char *text)
{
	struct kw_key_id id;

	return kw_key_id_parse(text, &id) ? kw_strdup(text) : NULL;
}

/* Literals alone: a name could come to mean another address. */
static bool is_loopback(const char *address)
{
	struct in_addr v4;

	if (strcmp(address, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, address, &v4) == 1 && ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
}

static bool is_literal(const char *address)
{
	char v6[INET6_ADDRSTRLEN + 1] = "";
	size_t len = strlen(address);
	struct in6_addr any;

	if (address[0] != '[')
		return inet_pton(AF_INET, address, &any) == 1;
	if (len < 3 || len - 2 >= sizeof(v6) || address[len - 1] != ']')
		return false;
	memcpy(v6, address + 1, len - 2);
	return inet_pton(AF_INET6, v6, &any) == 1;
}

static char *take_listener(const char *text, bool (*is_allowed)(const char *address))
{
	KW_CLEANUP(freep) char *address = kw_strdup(text);
	char *colon = strrchr(address, ':');

	if (!colon || !is_port(colon + 1))
		return NULL;
	*colon = '\0';
	return is_allowed(address) ? kw_strdup(text) : NULL;
}

static char *take_loopback(const char *text)
{
	return take_listener(text, is_loopback);
}

static char *take_address(const char *text)
{
	return take_listener(text, is_literal);
}

/* RFC 1123 subdomains, as Kubernetes names most of its objects: the length that they may have. */
static bool is_label(const char *text, size_t len)
{
	return consists_of(text, len, "abcdefghijklmnopqrstuvwxyz" DIGITS ".-", 1, 253)
	       && isalnum((unsigned char)text[0]) && isalnum((unsigned char)text[len - 1]);
}

static char *take_label(const char *text)
{
	return is_label(text, strlen(text)) ? kw_strdup(text) : NULL;
}

static char *take_resource(const char *text)
{
	const char *slash = strchr(text, '/');

	if (!slash || !is_label(text, (size_t)(slash - text)) || strchr(slash + 1, '/'))
		return NULL;
	return consists_of(slash + 1, strlen(slash + 1), LETTERS DIGITS "._-", 1, NAME_MAX_LENGTH)
			       && isalnum((unsigned char)slash[1])
		       ? kw_strdup(text)
		       : NULL;
}

static char *take_host(const char *text)
{
	bool good = consists_of(text, strlen(text), LETTERS DIGITS ".-:[]", 1, KW_HOST_SIZE - 1);

	return good ? kw_strdup(text) : NULL;
}

/* Cuts "HOST:" or "[ADDRESS]:" off the front; NULL: there is none. */
static char *cut_host(char **rest)
{
	char *host = *rest, *end = *host == '[' ? strchr(host, ']') : NULL;

	end = strchr(end ? end : host, ':');
	if (!end || end == host)
		return NULL;
	*end = '\0';
	*rest = end + 1;
	return host;
}

static bool is_address(char *text)
{
	struct in6_addr binary;
	size_t len = strlen(text);

	if (*text != '[')
		return inet_pton(AF_INET, text, &binary) == 1;
	if (text[len - 1] != ']')
		return false;
	text[len - 1] = '\0';
	return inet_pton(AF_INET6, text + 1, &binary) == 1;
}

static char *take_connect_to(const char *text)
{
	KW_CLEANUP(freep) char *copy = kw_strdup(text);
	char *rest = copy;
	char *host = cut_host(&rest), *port = host ? cut_host(&rest) : NULL;
	char *address = port ? cut_host(&rest) : NULL;
	bool good =
		address && is_word(host) && is_port(port) && is_address(address) && is_port(rest);

	return good ? kw_strdup(text) : NULL;
}

static char *take_hex(const char *text)
{
	bool good = consists_of(text, strlen(text), DIGITS "abcdefABCDEF", 2, 128)
		    && strlen(text) % 2 == 0;

	return good ? kw_strdup(text) : NULL;
}

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0 && text[strlen(prefix)] != '\0';
}

static char *take_tcti(const char *text)
{
	bool good = starts_with(text, "device:/") || starts_with(text, "swtpm:");

	return good && is_word(text) ? kw_strdup(text) : NULL;
}

static char *take_guid(const char *text)
{
	static const char shape[] = "00000000-0000-0000-0000-000000000000";
	size_t at = 0;

	while (text[at] && (shape[at] == '-' ? text[at] == '-' : isxdigit((unsigned char)text[at])))
		at++;
	return at == sizeof(shape) - 1 && !text[at] ? kw_strdup(text) : NULL;
}

static char *take_resource_id(const char *text)
{
	return starts_with(text, "/subscriptions/") && is_word(text) ? kw_strdup(text) : NULL;
}

#define KEY_PATH "/keys/[0-9A-Za-z-]{1,127}(/[0-9A-Za-z]{1,64})?"

const struct kw_form kw_form_word = { "a text without blanks", "^\\S+$", take_word };
const struct kw_form kw_form_name = { "a name of letters, digits, '.', '_' and '-', at most 63",
				      "^[0-9A-Za-z][0-9A-Za-z._-]{0,62}$", take_name };
const struct kw_form kw_form_path = { "an absolute path", "^/.+$", take_path };
const struct kw_form kw_form_builtin_or_path = { "'builtin' or an absolute path", "^(builtin|/.+)$",
						 take_builtin_or_path };
const struct kw_form kw_form_system_or_path = { "'system' or an absolute path", "^(system|/.+)$",
						take_system_or_path };
const struct kw_form kw_form_origin = { "an origin: http[s]://HOST[:PORT] and nothing behind it",
					"^https?://[^/@\\s]+/?$", take_origin };
const struct kw_form kw_form_https_origin = {
	"an https origin: https://HOST[:PORT] and nothing behind it", "^https://[^/@\\s]+/?$",
	take_https_origin
};
const struct kw_form kw_form_audience = { "an audience without a slash at its end", "^\\S*[^\\s/]$",
					  take_audience };
const struct kw_form kw_form_key_url = { "https://HOST/keys/NAME[/VERSION]",
					 "^https://[^/@\\s]+" KEY_PATH "$", take_key_url };
const struct kw_form kw_form_loopback = { "127.x.y.z:PORT or [::1]:PORT",
					  "^(127\\.[0-9.]+|\\[::1\\]):[0-9]{1,5}$", take_loopback };
const struct kw_form kw_form_address = { "ADDRESS:PORT or [ADDRESS]:PORT with a literal address",
					 "^([0-9.]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$",
					 take_address };
const struct kw_form kw_form_resource = { "a resource of Kubernetes: DOMAIN/NAME",
					  "^[a-z0-9][a-z0-9.-]*/[0-9A-Za-z][0-9A-Za-z._-]{0,62}$",
					  take_resource };
const struct kw_form kw_form_label = { "a name of lower-case letters, digits, '.' and '-'",
				       "^[a-z0-9][a-z0-9.-]{0,252}$", take_label };
const struct kw_form kw_form_host = { "a host name or address, with or without :PORT",
				      "^[0-9A-Za-z.:\\[\\]-]+$", take_host };
const struct kw_form kw_form_connect_to = { "HOST:PORT:ADDRESS:PORT with a literal address",
					    "^\\S+:[0-9]+:\\S+:[0-9]+$", take_connect_to };
const struct kw_form kw_form_hex = { "2 to 128 hexadecimal digits, an even number of them",
				     "^([0-9A-Fa-f]{2}){1,64}$", take_hex };
const struct kw_form kw_form_tcti = { "device:PATH or swtpm:host=ADDRESS,port=PORT",
				      "^(device:/|swtpm:)\\S+$", take_tcti };
const struct kw_form kw_form_guid = { "an id as 11111111-2222-3333-4444-555555555555",
				      "^[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$",
				      take_guid };
const struct kw_form kw_form_resource_id = { "/subscriptions/...", "^/subscriptions/\\S+$",
					     take_resource_id };
