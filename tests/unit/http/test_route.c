/* SPDX-License-Identifier: Apache-2.0 */
#include "http/route.h"

#include "given.h"
#include "rows.h"

static char *connect_to[] = { "vault.example:443:127.0.0.1:8443", "[::1]:80:127.0.0.2:81",
			      "Attest.Example:443:[2001:db8::1]:444" };
#define PROXY "http://proxy.example:3128"

static const struct row {
	const char *name, *proxy;
	enum kw_upstream upstream;
	const char *url, *expect_host;
	uint16_t expect_port;
	const char *expect_proxy;
	int expect_entry; /* -1: none */
} rows[] = {
	{ "given nothing, the origin is dialled", "", KW_UPSTREAM_VAULT, "https://other.example",
	  "other.example", 443, "", -1 },
	{ "given an entry, its address is dialled", "", KW_UPSTREAM_VAULT, "https://vault.example",
	  "127.0.0.1", 8443, "", 0 },
	{ "given an entry of another port, it does not apply", "", KW_UPSTREAM_VAULT,
	  "https://vault.example:444", "vault.example", 444, "", -1 },
	{ "given an entry of an IPv6 literal, it applies", "", KW_UPSTREAM_IMDS, "http://[::1]",
	  "127.0.0.2", 81, "", 1 },
	{ "given an entry to an IPv6 literal in another case, it applies", "", KW_UPSTREAM_MAA,
	  "https://attest.example", "2001:db8::1", 444, "", 2 },
	{ "given a proxy, it is dialled", PROXY, KW_UPSTREAM_MAA, "https://other.example",
	  "proxy.example", 3128, PROXY, -1 },
	{ "given a proxy and an entry, the proxy is told the entry", PROXY, KW_UPSTREAM_VAULT,
	  "https://vault.example", "proxy.example", 3128, PROXY, 0 },
	{ "given a proxy, IMDS does not use it", PROXY, KW_UPSTREAM_IMDS, "http://169.254.169.254",
	  "169.254.169.254", 80, "", -1 },
	{ "given a proxy, THIM does not use it", PROXY, KW_UPSTREAM_THIM, "http://thim.example",
	  "thim.example", 80, "", -1 },
};

static void routes_are_found(void **state)
{
	const struct row *row = *state;
	struct kw_config config = given_config();
	struct kw_origin origin = { 0 };
	struct kw_route route = { 0 };
	struct kw_error err = { 0 };
	config.network.proxy = (char *)(uintptr_t)row->proxy;
	config.network.connect_to = connect_to;
	config.network.n_connect_to = 3;
	assert_int_equal(kw_route_check(&config, &err), 0);
	assert_true(kw_origin_parse(row->url, &origin, NULL));

	kw_route_find(&config, row->upstream, &origin, &route);
	assert_string_equal(route.dial.host, row->expect_host);
	assert_int_equal(route.dial.port, row->expect_port);
	assert_string_equal(route.proxy, row->expect_proxy);
	assert_ptr_equal(route.connect_to,
			 row->expect_entry < 0 ? NULL : connect_to[row->expect_entry]);
}

static const struct bad_row {
	const char *name, *proxy, *entry, *says;
} bad_rows[] = {
	{ "given an entry of one place, it is refused", "", "host:443", "HOST:PORT:ADDRESS:PORT" },
	{ "given an entry without a second port, it is refused", "", "host:443:127.0.0.1",
	  "'host:443:127.0.0.1'" },
	{ "given an entry without a first port, it is refused", "", "host::127.0.0.1:80", "host" },
	{ "given an entry without a host, it is refused", "", ":443:127.0.0.1:80", "connectTo" },
	{ "given an entry with too much, it is refused", "", "host:443:127.0.0.1:80:1",
	  "connectTo" },
	{ "given an entry with a path, it is refused", "", "host:443:127.0.0.1:80/x", "connectTo" },
	{ "given an open bracket, it is refused", "", "[::1:443:127.0.0.1:80", "connectTo" },
	{ "given nothing, it is refused", "", "", "connectTo" },
	{ "given a proxy that is no URL, it is refused", "proxy:3128", "h:1:127.0.0.1:2",
	  "network.proxy: 'proxy:3128'" },
	{ "given a SOCKS proxy, it is refused", "socks5://proxy", "h:1:127.0.0.1:2",
	  "network.proxy" },
};

static void bad_settings_are_refused(void **state)
{
	const struct bad_row *row = *state;
	struct kw_config config = given_config();
	struct kw_error err = { 0 };
	char *entry = (char *)(uintptr_t)row->entry;
	config.network.proxy = (char *)(uintptr_t)row->proxy;
	config.network.connect_to = &entry;
	config.network.n_connect_to = 1;
	assert_int_equal(kw_route_check(&config, &err), -1);
	assert_true(kw_error_is(&err, KW_E_CFG_VALUE));
	assert_non_null(strstr(err.detail, row->says));
}

int main(void)
{
	return KW_ROWS_RUN(rows, routes_are_found)
	       + KW_ROWS_RUN(bad_rows, bad_settings_are_refused);
}
