/* SPDX-License-Identifier: Apache-2.0 */
#include "http/resolve.h"

#include "util/cleanup.h"

#include <ares.h>
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	QUERY_TIMEOUT_MS = 1500, /* of one query; c-ares doubles it per try */
	QUERY_TRIES = 2,
	POLL_SLICE_MS = 100, /* how soon a cancel is seen */
};

struct lookup {
	struct kw_addresses found;
	int status;
	bool done;
};

static void add(struct kw_addresses *to, int family, const void *address)
{
	if (to->n < KW_ADDRESSES_MAX
	    && inet_ntop(family, address, to->text[to->n], sizeof(to->text[0])) != NULL)
		to->n++;
}

static void on_addresses(void *ctx, int status, int timeouts, struct ares_addrinfo *result)
{
	struct lookup *lookup = ctx;
	(void)timeouts;
	lookup->done = true;
	lookup->status = status;
	if (result == NULL)
		return;
	for (const struct ares_addrinfo_node *node = result->nodes; node != NULL;
	     node = node->ai_next) {
		if (node->ai_family == AF_INET) {
			struct sockaddr_in in;
			memcpy(&in, node->ai_addr, sizeof(in));
			add(&lookup->found, AF_INET, &in.sin_addr);
		} else if (node->ai_family == AF_INET6) {
			struct sockaddr_in6 in6;
			memcpy(&in6, node->ai_addr, sizeof(in6));
			add(&lookup->found, AF_INET6, &in6.sin6_addr);
		}
	}
	ares_freeaddrinfo(result);
}

static void channel_free(ares_channel *channel)
{
	if (*channel != NULL)
		ares_destroy(*channel);
}

static bool channel_new(const char *servers, ares_channel *ret)
{
	/* One dot makes a name absolute first: the vault's own name is not tried under every search
	 * domain of the cluster before it is asked for. */
	struct ares_options options = {
		.timeout = QUERY_TIMEOUT_MS,
		.tries = QUERY_TRIES,
		.ndots = 1,
	};
	int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS;
	return ares_init_options(ret, &options, mask) == ARES_SUCCESS
	       && (servers == NULL || ares_set_servers_ports_csv(*ret, servers) == ARES_SUCCESS);
}

/* Waits for the channel's sockets and lets c-ares read, write and time out. */
static void step(ares_channel channel, int64_t most_ms)
{
	ares_socket_t sockets[ARES_GETSOCK_MAXNUM];
	struct pollfd polled[ARES_GETSOCK_MAXNUM] = { 0 };
	/* Not c-ares' own macros for the two halves of the mask: they shift into the sign. */
	unsigned wanted = (unsigned)ares_getsock(channel, sockets, ARES_GETSOCK_MAXNUM);
	nfds_t n = 0;
	for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		short events = 0;
		if ((wanted >> i & 1U) != 0)
			events |= POLLIN;
		if ((wanted >> (ARES_GETSOCK_MAXNUM + i) & 1U) != 0)
			events |= POLLOUT;
		if (events != 0)
			polled[n++] = (struct pollfd){ .fd = sockets[i], .events = events };
	}

	struct timeval most = { .tv_usec = (suseconds_t)(most_ms * 1000) }, until = { 0 };
	const struct timeval *wait = ares_timeout(channel, &most, &until);
	poll(polled, n, (int)(wait->tv_sec * 1000 + wait->tv_usec / 1000) + 1);
	for (nfds_t i = 0; i < n; i++) {
		bool in = (polled[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0;
		bool out = (polled[i].revents & (POLLOUT | POLLERR | POLLHUP)) != 0;
		ares_process_fd(channel, in ? polled[i].fd : ARES_SOCKET_BAD,
				out ? polled[i].fd : ARES_SOCKET_BAD);
	}
	ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* time-outs */
}

static bool look_up(const struct kw_resolver *resolver, const char *host, int64_t deadline_ms,
		    struct lookup *lookup)
{
	KW_CLEANUP(channel_free) ares_channel channel = NULL;
	if (!channel_new(resolver->servers, &channel)) {
		lookup->status = ARES_ENOTINITIALIZED;
		return false;
	}
	const struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC,
						   .ai_socktype = SOCK_STREAM };
	ares_getaddrinfo(channel, host, NULL, &hints, on_addresses, lookup);
	while (!lookup->done) {
		int64_t left = deadline_ms - kw_boot_ms(resolver->clock);
		if (left <= 0 || atomic_load(resolver->cancelled))
			ares_cancel(channel); /* ends in on_addresses() */
		else
			step(channel, left < POLL_SLICE_MS ? left : POLL_SLICE_MS);
	}
	return lookup->found.n > 0;
}

static bool is_literal(const char *host)
{
	struct in6_addr address;
	return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

static bool is_localhost(const char *host)
{
	static const char name[] = "localhost";
	size_t len = strlen(host), tail = sizeof(name) - 1;
	return len >= tail && strcasecmp(host + len - tail, name) == 0
	       && (len == tail || host[len - tail - 1] == '.');
}

bool kw_resolve(const struct kw_resolver *resolver, const char *host, int64_t deadline_ms,
		struct kw_addresses *ret, char ret_why[KW_RESOLVE_WHY_SIZE])
{
	if (is_literal(host)) {
		*ret = (struct kw_addresses){ .n = 1 };
		snprintf(ret->text[0], sizeof(ret->text[0]), "%s", host);
		return true;
	}
	if (is_localhost(host)) {
		*ret = (struct kw_addresses){ .text = { "127.0.0.1", "::1" }, .n = 2 };
		return true;
	}

	struct lookup lookup = { 0 };
	if (!look_up(resolver, host, deadline_ms, &lookup)) {
		const char *why = lookup.status == ARES_ECANCELLED ? "no answer before the deadline"
								   : ares_strerror(lookup.status);
		snprintf(ret_why, KW_RESOLVE_WHY_SIZE, "%s", why);
		return false;
	}
	*ret = lookup.found;
	return true;
}
