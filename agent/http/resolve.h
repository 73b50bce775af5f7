/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names to addresses with c-ares: /etc/hosts, then DNS, with a deadline, in the calling thread;
 * no NSS and no thread. IP literals and localhost (RFC 6761 6.3) need no one. Stateless: each call
 * reads the resolver's configuration anew, so that a change of it takes effect.
 */
#pragma once

#include "util/clock.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { KW_ADDRESSES_MAX = 8 };

struct kw_addresses {
	char text[KW_ADDRESSES_MAX][INET6_ADDRSTRLEN];
	size_t n;
};

struct kw_resolver {
	const struct kw_clock *clock;
	const atomic_bool *cancelled;
	const char *servers; /* "ADDRESS:PORT,..."; NULL: those of /etc/resolv.conf */
};

enum { KW_RESOLVE_WHY_SIZE = 96 };

/* At least one address, or false with the reason. Ends by `deadline_ms` on the boot clock. */
bool kw_resolve(const struct kw_resolver *resolver, const char *host, int64_t deadline_ms,
		struct kw_addresses *ret, char ret_why[KW_RESOLVE_WHY_SIZE]) KW_MUST_USE;
