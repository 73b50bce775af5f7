/* SPDX-License-Identifier: Apache-2.0 */
#include "http/route.h"

#include "http/stage.h"
#include "util/text.h"

#include <string.h>

/* The ':' behind the first HOST:PORT, where HOST may be an IPv6 literal in brackets; or NULL. */
static const char *middle(const char *entry)
{
	const char *at = *entry == '[' ? strchr(entry, ']') : entry;
	if (at != NULL)
		at = strchr(at, ':');
	return at != NULL ? strchr(at + 1, ':') : NULL;
}

static bool has_port(const char *place)
{
	const char *host_end = *place == '[' ? strchr(place, ']') : place;
	return host_end != NULL && strchr(host_end, ':') != NULL;
}

static bool parse_place(const char *place, size_t len, struct kw_origin *ret)
{
	KW_CLEANUP(freep) char *url = kw_format("http://%.*s", (int)len, place);
	const char *rest = NULL;
	return kw_origin_parse(url, ret, &rest) && *rest == '\0';
}

/* "HOST:PORT:ADDRESS:PORT". */
static bool parse_entry(const char *entry, struct kw_origin *ret_from, struct kw_origin *ret_to)
{
	const char *at = middle(entry);
	return at != NULL && has_port(at + 1) && parse_place(entry, (size_t)(at - entry), ret_from)
	       && parse_place(at + 1, strlen(at + 1), ret_to);
}

int kw_route_check(const struct kw_config *config, struct kw_error *err)
{
	struct kw_origin from = { 0 }, to = { 0 };
	if (*config->network.proxy != '\0' && !kw_origin_parse(config->network.proxy, &to, NULL))
		return kw_fail(err, KW_E_CFG_VALUE,
			       "network.proxy: '%s' is not an http or https URL",
			       config->network.proxy);
	for (size_t i = 0; i < config->network.n_connect_to; i++)
		if (!parse_entry(config->network.connect_to[i], &from, &to))
			return kw_fail(err, KW_E_CFG_VALUE,
				       "network.connectTo: '%s' is not HOST:PORT:ADDRESS:PORT",
				       config->network.connect_to[i]);
	return 0;
}

static bool same_place(const struct kw_origin *a, const struct kw_origin *b)
{
	return a->port == b->port && strcmp(a->host, b->host) == 0;
}

void kw_route_find(const struct kw_config *config, enum kw_upstream upstream,
		   const struct kw_origin *origin, struct kw_route *ret)
{
	*ret = (struct kw_route){ .dial = *origin, .proxy = "" };
	ret->user_agent = config->network.user_agent;
	for (size_t i = 0; i < config->network.n_connect_to && ret->connect_to == NULL; i++) {
		struct kw_origin from = { 0 }, to = { 0 };
		if (!parse_entry(config->network.connect_to[i], &from, &to)
		    || !same_place(&from, origin))
			continue;
		ret->connect_to = config->network.connect_to[i];
		ret->dial = to;
	}

	struct kw_origin proxy = { 0 };
	if (!kw_upstream_is_metadata(upstream) && upstream != KW_UPSTREAM_KUBERNETES
	    && kw_origin_parse(config->network.proxy, &proxy, NULL)) {
		ret->proxy = config->network.proxy;
		ret->dial = proxy;
	}
}
