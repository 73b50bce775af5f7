/* SPDX-License-Identifier: Apache-2.0 */
/* One attempt by itself: it goes to the addresses that it is given and asks no resolver. */
#include "http/transfer.h"

#include "loopback.h"
#include "rows.h"

static const struct row {
	const char *name, *proxy;
	const char *addresses[3];
	enum kw_failure expect;
} rows[] = {
	{ "given one address, it is connected to", "", { "127.0.0.1" }, KW_FAILURE_NONE },
	{ "given a first address that is closed, the next is tried",
	  "",
	  { "::1", "127.0.0.1" },
	  KW_FAILURE_NONE },
	{ "given a proxy's address, it is connected to",
	  "http://proxy.invalid",
	  { "127.0.0.1" },
	  KW_FAILURE_NONE },
	{ "given only a closed address, it may pass", "", { "::1" }, KW_FAILURE_TRANSPORT },
};

static void attempts_go_where_they_are_sent(void **state)
{
	static const struct loopback_reply script[] = {
		{ LOOPBACK_ANSWER("200 OK", "", 2, "ok"), LOOPBACK_CLOSE },
	};
	const struct row *row = *state;
	KW_CLEANUP(kw_http_answer_clear) struct kw_http_answer answer = { 0 };
	KW_CLEANUP(kw_handle_freep) struct kw_handle *handle = NULL;
	struct loopback *server = loopback_start(script, 1);
	struct kw_addresses addresses = { 0 };
	struct kw_error err = { 0 };
	atomic_bool cancelled = false;
	char proxy[64] = "";
	if (*row->proxy != '\0')
		snprintf(proxy, sizeof(proxy), "%s:%u", row->proxy, server->port);
	for (; row->addresses[addresses.n] != NULL; addresses.n++)
		snprintf(addresses.text[addresses.n], sizeof(addresses.text[0]), "%s",
			 row->addresses[addresses.n]);

	struct kw_origin origin = { .host = "vault.invalid", .port = (uint16_t)server->port };
	struct kw_route route = { .dial = origin, .proxy = proxy, .user_agent = "" };
	if (*row->proxy != '\0')
		snprintf(route.dial.host, sizeof(route.dial.host), "proxy.invalid");
	const struct kw_roots roots = { 0 };
	const struct kw_http_request request = { .upstream = KW_UPSTREAM_VAULT,
						 .method = "GET",
						 .answer_max = 10 };
	const struct kw_attempt attempt = {
		.request = &request,
		.origin = &origin,
		.rest = "/x",
		.route = &route,
		.addresses = &addresses,
		.roots = &roots,
		.timeout_ms = 10000,
		.cancelled = &cancelled,
	};
	assert_int_equal(kw_transfer_setup(&err), 0);
	handle = kw_handle_new();
	enum kw_failure failure = kw_attempt_run(handle, &attempt, &answer, &err);
	loopback_stop(server);
	assert_int_equal(failure, row->expect);
	assert_int_equal(answer.status, row->expect == KW_FAILURE_NONE ? 200 : 0);
}
KW_TEST_ROWS(rows, attempts_go_where_they_are_sent)
