/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"
#include "util/origin.h"

#define LABEL_62 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff12"
#define LABEL_63 LABEL_62 "x"

/* `host` NULL: refused. */
static const struct row {
	const char *name, *url, *host;
	uint16_t port;
	bool tls, is_address;
	const char *rest, *text;
} rows[] = {
	{ "given a name", "https://contoso.vault.azure.net", "contoso.vault.azure.net", 443, true,
	  false, "", "https://contoso.vault.azure.net" },
	{ "given a path", "https://localhost/keys/db?x=1", "localhost", 443, true, false,
	  "/keys/db?x=1", "https://localhost" },
	{ "given a query alone", "https://localhost?x", "localhost", 443, true, false, "?x",
	  "https://localhost" },
	{ "given a fragment alone", "https://localhost#x", "localhost", 443, true, false, "#x",
	  "https://localhost" },
	{ "given http", "http://localhost", "localhost", 80, false, false, "", "http://localhost" },
	{ "given the default port, it is left out", "https://localhost:443/", "localhost", 443,
	  true, false, "/", "https://localhost" },
	{ "given the other scheme's port, it stays", "https://localhost:80", "localhost", 80, true,
	  false, "", "https://localhost:80" },
	{ "given the highest port", "http://localhost:65535", "localhost", 65535, false, false, "",
	  "http://localhost:65535" },
	{ "given upper case, it is folded", "HTTPS://LocalHost", "localhost", 443, true, false, "",
	  "https://localhost" },
	{ "given an IPv4 address", "http://169.254.169.254/metadata", "169.254.169.254", 80, false,
	  true, "/metadata", "http://169.254.169.254" },
	{ "given an IPv6 address", "https://[::1]:8443/", "::1", 8443, true, true, "/",
	  "https://[::1]:8443" },
	{ "given an IPv6 address written long, it is shortened", "https://[2001:0DB8:0:0::0001]",
	  "2001:db8::1", 443, true, true, "", "https://[2001:db8::1]" },
	{ "given digits and hyphens within", "https://x-1--2.3a.example", "x-1--2.3a.example", 443,
	  true, false, "", "https://x-1--2.3a.example" },
	{ "given an at sign in the path, it is no user", "https://localhost/@x", "localhost", 443,
	  true, false, "/@x", "https://localhost" },
	{ "given a label of 63", "https://" LABEL_63, LABEL_63, 443, true, false, "",
	  "https://" LABEL_63 },
	{ "given a label of 64, it is refused", "https://" LABEL_63 "x", .host = NULL },
	{ "given no scheme, it is refused", "localhost", .host = NULL },
	{ "given another scheme, it is refused", "ftp://localhost", .host = NULL },
	{ "given one slash, it is refused", "https:/localhost", .host = NULL },
	{ "given nothing, it is refused", "", .host = NULL },
	{ "given no URL, it is refused", NULL, .host = NULL },
	{ "given an empty host, it is refused", "https://", .host = NULL },
	{ "given an empty host with a port, it is refused", "https://:443", .host = NULL },
	{ "given an empty host with a path, it is refused", "https:///x", .host = NULL },
	{ "given a user, it is refused", "https://user@localhost", .host = NULL },
	{ "given user and password, it is refused", "https://a:b@localhost", .host = NULL },
	{ "given a host for a user, it is refused", "https://vault.azure.net:443@evil.example",
	  .host = NULL },
	{ "given a backslash, it is refused", "https://vault.azure.net\\@evil.example",
	  .host = NULL },
	{ "given a trailing dot, it is refused", "https://localhost./", .host = NULL },
	{ "given a leading dot, it is refused", "https://.localhost", .host = NULL },
	{ "given two dots, it is refused", "https://a..b", .host = NULL },
	{ "given a leading hyphen, it is refused", "https://-a.example", .host = NULL },
	{ "given a trailing hyphen, it is refused", "https://a-.example", .host = NULL },
	{ "given a hyphen at the end, it is refused", "https://a.example-", .host = NULL },
	{ "given an underscore, it is refused", "https://a_b.example", .host = NULL },
	{ "given a percent, it is refused", "https://%6cocalhost", .host = NULL },
	{ "given a byte above ASCII, it is refused", "https://b\xc3\xbc.example", .host = NULL },
	{ "given a blank in the host, it is refused", "https://local host", .host = NULL },
	{ "given a blank behind, it is refused", "https://localhost ", .host = NULL },
	{ "given a blank in the path, it is refused", "https://localhost/a b", .host = NULL },
	{ "given a newline in the path, it is refused", "https://localhost/\r\nx", .host = NULL },
	{ "given DEL in the path, it is refused", "https://localhost/\x7f", .host = NULL },
	{ "given an empty port, it is refused", "https://localhost:", .host = NULL },
	{ "given port 0, it is refused", "https://localhost:0", .host = NULL },
	{ "given a port above 65535, it is refused", "https://localhost:65536", .host = NULL },
	{ "given a port of six digits, it is refused", "https://localhost:100000", .host = NULL },
	{ "given a port with a zero in front, it is refused", "https://localhost:0443",
	  .host = NULL },
	{ "given a port with a sign, it is refused", "https://localhost:+443", .host = NULL },
	{ "given two ports, it is refused", "https://localhost:443:443", .host = NULL },
	{ "given a short IPv4 address, it is refused", "http://127.1", .host = NULL },
	{ "given an IPv4 address as one number, it is refused", "http://2130706433", .host = NULL },
	{ "given an IPv4 address in hex, it is refused", "http://0x7f000001", .host = NULL },
	{ "given an IPv4 address with zeros, it is refused", "http://127.0.0.01", .host = NULL },
	{ "given an IPv4 address of 256, it is refused", "http://127.0.0.256", .host = NULL },
	{ "given IPv6 without brackets, it is refused", "https://::1", .host = NULL },
	{ "given an open bracket, it is refused", "https://[::1", .host = NULL },
	{ "given a bracket behind the path, it is refused", "https://[::1/]", .host = NULL },
	{ "given something behind the bracket, it is refused", "https://[::1]x", .host = NULL },
	{ "given IPv4 in brackets, it is refused", "https://[127.0.0.1]", .host = NULL },
	{ "given a zone, it is refused", "https://[fe80::1%25eth0]", .host = NULL },
	{ "given empty brackets, it is refused", "https://[]", .host = NULL },
};

static void reads_as_expected(void **state)
{
	const struct row *row = *state;
	struct kw_origin origin = { .port = 7 };
	const char *rest = "untouched";
	char text[KW_ORIGIN_TEXT_SIZE];

	assert_int_equal(kw_origin_parse(row->url, &origin, &rest), row->host != NULL);
	if (!row->host) {
		assert_int_equal(origin.port, 7);
		assert_string_equal(rest, "untouched");
		return;
	}
	assert_string_equal(origin.host, row->host);
	assert_int_equal(origin.port, row->port);
	assert_int_equal(origin.tls, row->tls);
	assert_int_equal(origin.is_address, row->is_address);
	assert_string_equal(rest, row->rest);
	kw_origin_text(&origin, text);
	assert_string_equal(text, row->text);
}

static void names_end_at_253(void **state)
{
	char url[300] = "https://";
	struct kw_origin origin = { 0 };

	(void)state;
	for (size_t i = 0; i < 253; i++)
		url[8 + i] = i % 2 ? '.' : 'a';
	assert_true(kw_origin_parse(url, &origin, NULL));
	assert_int_equal(strlen(origin.host), 253);
	url[8 + 253] = 'a'; /* its last label is "aa" now */
	assert_false(kw_origin_parse(url, &origin, NULL));
}

static const struct same_row {
	const char *name, *url, *other;
	bool same;
} same_rows[] = {
	{ "given itself", "https://a.example", "https://a.example", true },
	{ "given one slash", "https://a.example", "https://a.example/", true },
	{ "given the default port", "https://a.example", "https://a.example:443", true },
	{ "given another case", "https://a.example", "https://A.Example", true },
	{ "given the same address written otherwise", "https://[::1]", "https://[0:0::1]", true },
	{ "given another scheme, it differs", "https://a.example", "http://a.example", false },
	{ "given another scheme on one port, it differs", "https://a.example",
	  "http://a.example:443", false },
	{ "given another port, it differs", "https://a.example", "https://a.example:444", false },
	{ "given a name below it, it differs", "https://a.example", "https://x.a.example", false },
	{ "given a longer name, it differs", "https://a.example", "https://a.example.net", false },
	{ "given a path, it is no origin", "https://a.example", "https://a.example/x", false },
	{ "given two slashes, it is no origin", "https://a.example", "https://a.example//", false },
	{ "given a query, it is no origin", "https://a.example", "https://a.example?", false },
	{ "given a fragment, it is no origin", "https://a.example", "https://a.example/#", false },
	{ "given no URL, it is no origin", "https://a.example", "a.example", false },
};

static void compares_as_expected(void **state)
{
	const struct same_row *row = *state;
	struct kw_origin origin = { 0 };

	assert_true(kw_origin_parse(row->url, &origin, NULL));
	assert_true(kw_origin_equal(&origin, &origin));
	assert_int_equal(kw_origin_is(&origin, row->other), row->same);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(names_end_at_253) };

	return KW_ROWS_RUN(rows, reads_as_expected) + KW_ROWS_RUN(same_rows, compares_as_expected)
	       + cmocka_run_group_tests_name("origin", tests, NULL, NULL);
}
