/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the connection for an origin really goes: to the proxy, to the address that
 * network.connectTo gives for it, or to the origin itself. Only that place is ever resolved. Texts
 * are borrowed from the configuration.
 */
#pragma once

#include "http/client.h"
#include "util/origin.h"

struct kw_route {
	struct kw_origin
		dial; /* host and port to connect to; `tls` is that of a proxy, if there is one */
	const char *proxy;	/* "": none */
	const char *connect_to; /* the entry that applies, or NULL */
	const char *user_agent; /* words behind our own; "": none */
};

/* CFG_VALUE: network.proxy is no URL, or an entry of network.connectTo is not
 * HOST:PORT:ADDRESS:PORT. */
int kw_route_check(const struct kw_config *config, struct kw_error *err) KW_MUST_USE;
/* For a configuration that was checked. */
void kw_route_find(const struct kw_config *config, enum kw_upstream upstream,
		   const struct kw_origin *origin, struct kw_route *ret);
