/* SPDX-License-Identifier: Apache-2.0 */
#include "util/origin.h"

#include "util/text.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PORT_HTTPS = 443, PORT_HTTP = 80, PORT_DIGITS = 5, LABEL_MAX = 63 };

static uint16_t default_port(bool tls)
{
	return tls ? PORT_HTTPS : PORT_HTTP;
}

/* RFC 3986 knows no blank, control or non-ASCII byte anywhere in a URL. */
static bool is_printable(const char *url)
{
	for (; *url; url++)
		if (*url <= ' ' || *url > '~')
			return false;
	return true;
}

static bool take_scheme(const char **p, bool *ret_tls)
{
	static const char https[] = "https://", http[] = "http://";

	*ret_tls = strncasecmp(*p, https, sizeof(https) - 1) == 0;
	if (!*ret_tls && strncasecmp(*p, http, sizeof(http) - 1) != 0)
		return false;
	*p += *ret_tls ? sizeof(https) - 1 : sizeof(http) - 1;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_ldh(char c)
{
	return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-';
}

/* ":PORT" or nothing. */
static bool read_port(const char *p, const char *end, bool tls, uint16_t *ret)
{
	uint32_t port = 0;

	if (p == end) {
		*ret = default_port(tls);
		return true;
	}
	if (*p++ != ':' || p == end || end - p > PORT_DIGITS || *p == '0')
		return false;
	for (; p < end; p++) {
		if (!is_digit(*p))
			return false;
		port = port * 10 + (uint32_t)(*p - '0');
	}
	if (port > UINT16_MAX)
		return false;
	*ret = (uint16_t)port;
	return true;
}

/* The host in lower case into `ret`, without brackets. */
static bool copy_host(const char *p, const char *end, char *ret)
{
	if (p == end || end - p >= KW_HOST_SIZE)
		return false;
	for (; p < end; p++)
		*ret++ = kw_lower(*p);
	*ret = '\0';
	return true;
}

/* The one way of writing an address, so that equal addresses are equal texts. */
static bool settle_ipv6(struct kw_origin *o)
{
	struct in6_addr address;

	o->is_address = inet_pton(AF_INET6, o->host, &address) == 1
			&& inet_ntop(AF_INET6, &address, o->host, sizeof(o->host)) != NULL;
	return o->is_address;
}

static bool is_name(const char *host)
{
	size_t label = 0;
	char before = '.';

	for (; *host; before = *host++) {
		if (*host != '.') {
			if (!is_ldh(*host) || (*host == '-' && label == 0) || ++label > LABEL_MAX)
				return false;
			continue;
		}
		if (label == 0 || before == '-')
			return false;
		label = 0;
	}
	return label > 0 && before != '-';
}

/*
 * A name, or an IPv4 address in four decimal numbers. Whatever else ends in a number ("127.1",
 * "0x7f.1") would be read as an address by some and as a name by others, and is refused.
 */
static bool settle_name(struct kw_origin *o)
{
	struct in_addr address;
	const char *dot = strrchr(o->host, '.'), *last = dot ? dot + 1 : o->host;

	o->is_address = inet_pton(AF_INET, o->host, &address) == 1;
	return o->is_address || (is_name(o->host) && !is_digit(*last));
}

static bool read_authority(const char *p, const char *end, struct kw_origin *o)
{
	const char *host = p, *host_end = NULL;

	if (*p == '[') {
		host++;
		host_end = memchr(host, ']', (size_t)(end - host));
		return host_end && copy_host(host, host_end, o->host) && settle_ipv6(o)
		       && read_port(host_end + 1, end, o->tls, &o->port);
	}
	host_end = memchr(p, ':', (size_t)(end - p));
	if (!host_end)
		host_end = end;
	return copy_host(host, host_end, o->host) && settle_name(o)
	       && read_port(host_end, end, o->tls, &o->port);
}

bool kw_origin_parse(const char *url, struct kw_origin *ret, const char **ret_rest)
{
	struct kw_origin o = { 0 };
	const char *p = url;

	if (!url || !is_printable(url) || !take_scheme(&p, &o.tls))
		return false;
	const char *end = p + strcspn(p, "/?#");
	if (!read_authority(p, end, &o))
		return false;
	*ret = o;
	if (ret_rest)
		*ret_rest = end;
	return true;
}

bool kw_origin_equal(const struct kw_origin *a, const struct kw_origin *b)
{
	return a->tls == b->tls && a->port == b->port && strcmp(a->host, b->host) == 0;
}

void kw_origin_text(const struct kw_origin *origin, char ret[KW_ORIGIN_TEXT_SIZE])
{
	bool brackets = strchr(origin->host, ':') != NULL;
	char port[8] = "";

	if (origin->port != default_port(origin->tls))
		(void)snprintf(port, sizeof(port), ":%u", (unsigned int)origin->port);
	(void)snprintf(ret, KW_ORIGIN_TEXT_SIZE, "%s://%s%s%s%s", origin->tls ? "https" : "http",
		       brackets ? "[" : "", origin->host, brackets ? "]" : "", port);
}

bool kw_origin_is(const struct kw_origin *origin, const char *url)
{
	struct kw_origin other;
	const char *rest = NULL;

	return kw_origin_parse(url, &other, &rest) && (rest[0] == '\0' || strcmp(rest, "/") == 0)
	       && kw_origin_equal(origin, &other);
}
