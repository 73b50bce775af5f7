/* SPDX-License-Identifier: Apache-2.0 */
#include "http/resolve.h"

#include "fake_time.h"
#include "rows.h"
#include "util/bytes.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

/* A name server on loopback that gives one kind of answer to whatever is asked. */
enum dns_answer { DNS_ADDRESSES, DNS_EMPTY, DNS_NO_SUCH_NAME, DNS_FAILURE, DNS_SILENCE };

struct dns {
	int fd;
	char at[32];
	enum dns_answer answer;
	atomic_uint n_queries;
	pthread_t thread;
};

enum { DNS_SIZE = 512, DNS_HEADER = 12, TYPE_A = 1, TYPE_AAAA = 28 };

/* RFC 1035 4.1: the question comes back, with an address behind it if one is due. */
static size_t dns_reply(enum dns_answer answer, uint8_t *message, size_t len)
{
	static const uint8_t a[] = { 0xc0, DNS_HEADER, 0, TYPE_A, 0,   1, 0, 0,
				     0,	   60,	       0, 4,	  192, 0, 2, 7 };
	static const uint8_t aaaa[] = { 0xc0, DNS_HEADER, 0,	TYPE_AAAA, 0,	 1,    0, 0, 0, 60,
					0,    16,	  0x20, 0x01,	   0x0d, 0xb8, 0, 0, 0, 0,
					0,    0,	  0,	0,	   0,	 0,    0, 9 };
	size_t end = DNS_HEADER;
	while (end < len && message[end] != 0)
		end += message[end] + 1U;
	uint8_t type = message[end + 2];
	end += 5;
	message[2] = 0x81;
	message[3] = answer == DNS_NO_SUCH_NAME ? 0x83 : answer == DNS_FAILURE ? 0x82 : 0x80;
	memset(message + 6, 0, 6);
	if (answer != DNS_ADDRESSES || (type != TYPE_A && type != TYPE_AAAA))
		return end;
	message[7] = 1;
	const uint8_t *record = type == TYPE_A ? a : aaaa;
	size_t size = type == TYPE_A ? sizeof(a) : sizeof(aaaa);
	memcpy(message + end, record, size);
	return end + size;
}

static void *dns_run(void *ctx)
{
	struct dns *dns = ctx;
	uint8_t message[DNS_SIZE + 64];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t n = 0;
	while ((n = recvfrom(dns->fd, message, DNS_SIZE, 0, (struct sockaddr *)&from, &from_len))
	       > DNS_HEADER) {
		atomic_fetch_add(&dns->n_queries, 1);
		if (dns->answer == DNS_SILENCE)
			continue;
		size_t len = dns_reply(dns->answer, message, (size_t)n);
		sendto(dns->fd, message, len, 0, (struct sockaddr *)&from, from_len);
	}
	return NULL;
}

static void dns_start(struct dns *dns, enum dns_answer answer)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	dns->answer = answer;
	dns->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(dns->fd, (struct sockaddr *)&address, len), 0);
	assert_int_equal(getsockname(dns->fd, (struct sockaddr *)&address, &len), 0);
	snprintf(dns->at, sizeof(dns->at), "127.0.0.1:%u", ntohs(address.sin_port));
	assert_int_equal(pthread_create(&dns->thread, NULL, dns_run, dns), 0);
}

/* A datagram that is no query ends the thread. */
static void dns_stop(struct dns *dns)
{
	struct sockaddr_in address = { 0 };
	socklen_t len = sizeof(address);
	assert_int_equal(getsockname(dns->fd, (struct sockaddr *)&address, &len), 0);
	sendto(dns->fd, "", 1, 0, (struct sockaddr *)&address, len);
	pthread_join(dns->thread, NULL);
	close(dns->fd);
}

static atomic_bool cancelled;

static const struct row {
	const char *name, *host;
	const char *expect[3];
} rows[] = {
	{ "given an IPv4 literal, it is the address", "192.0.2.1", { "192.0.2.1" } },
	{ "given an IPv6 literal, it is the address", "2001:db8::1", { "2001:db8::1" } },
	{ "given localhost, it is loopback", "localhost", { "127.0.0.1", "::1" } },
	{ "given a name below localhost, it is loopback",
	  "vault.localhost",
	  { "127.0.0.1", "::1" } },
};

static void some_names_need_no_server(void **state)
{
	const struct row *row = *state;
	struct fake_time time = { 0 };
	struct kw_clock clock = fake_clock(&time);
	const struct kw_resolver resolver = { &clock, &cancelled, NULL };
	struct kw_addresses found = { 0 };
	char why[KW_RESOLVE_WHY_SIZE] = "";
	assert_true(kw_resolve(&resolver, row->host, 0, &found, why));
	size_t n = 0;
	for (; row->expect[n] != NULL; n++)
		assert_string_equal(found.text[n], row->expect[n]);
	assert_int_equal(found.n, n);
}

static bool ask(enum dns_answer answer, const char *host, int64_t deadline_ms,
		struct kw_addresses *ret, char *ret_why, unsigned *ret_queries)
{
	struct fake_time time = { 0 };
	struct kw_clock clock = fake_clock(&time);
	struct dns dns = { 0 };
	dns_start(&dns, answer);
	const struct kw_resolver resolver = { &clock, &cancelled, dns.at };
	bool found = kw_resolve(&resolver, host, deadline_ms, ret, ret_why);
	dns_stop(&dns);
	*ret_queries = atomic_load(&dns.n_queries);
	return found;
}

static void addresses_of_both_families_are_found(void **state)
{
	struct kw_addresses found = { 0 };
	char why[KW_RESOLVE_WHY_SIZE] = "";
	unsigned queries = 0;
	(void)state;
	assert_true(ask(DNS_ADDRESSES, "vault.example", 5000, &found, why, &queries));
	assert_int_equal(found.n, 2);
	bool first = strcmp(found.text[0], "192.0.2.7") == 0;
	assert_string_equal(found.text[first ? 0 : 1], "192.0.2.7");
	assert_string_equal(found.text[first ? 1 : 0], "2001:db8::9");
}

static void a_name_that_does_not_exist_is_told(void **state)
{
	struct kw_addresses found = { 0 };
	char why[KW_RESOLVE_WHY_SIZE] = "";
	unsigned queries = 0;
	(void)state;
	assert_false(ask(DNS_NO_SUCH_NAME, "vault.example", 5000, &found, why, &queries));
	assert_string_equal(why, "Domain name not found");
	assert_int_equal(found.n, 0);
}

static void a_name_without_addresses_is_told(void **state)
{
	struct kw_addresses found = { 0 };
	char why[KW_RESOLVE_WHY_SIZE] = "";
	unsigned queries = 0;
	(void)state;
	assert_false(ask(DNS_EMPTY, "vault.example", 5000, &found, why, &queries));
	assert_string_not_equal(why, "");
	assert_int_equal(found.n, 0);
}

static void a_server_that_fails_is_told(void **state)
{
	struct kw_addresses found = { 0 };
	char why[KW_RESOLVE_WHY_SIZE] = "";
	unsigned queries = 0;
	(void)state;
	assert_false(ask(DNS_FAILURE, "vault.example", 5000, &found, why, &queries));
	assert_string_not_equal(why, "");
}

static void the_deadline_ends_the_wait_for_a_silent_server(void **state)
{
	struct kw_addresses found = { 0 };
	char why[KW_RESOLVE_WHY_SIZE] = "";
	unsigned queries = 0;
	(void)state;
	assert_false(ask(DNS_SILENCE, "vault.example", 0, &found, why, &queries));
	assert_string_equal(why, "no answer before the deadline");
}

static void a_cancel_ends_the_wait_for_a_silent_server(void **state)
{
	struct kw_addresses found = { 0 };
	char why[KW_RESOLVE_WHY_SIZE] = "";
	unsigned queries = 0;
	(void)state;
	atomic_store(&cancelled, true);
	assert_false(ask(DNS_SILENCE, "vault.example", INT64_MAX, &found, why, &queries));
	atomic_store(&cancelled, false);
	assert_int_equal(found.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_both_families_are_found),
		cmocka_unit_test(a_name_that_does_not_exist_is_told),
		cmocka_unit_test(a_name_without_addresses_is_told),
		cmocka_unit_test(a_server_that_fails_is_told),
		cmocka_unit_test(the_deadline_ends_the_wait_for_a_silent_server),
		cmocka_unit_test(a_cancel_ends_the_wait_for_a_silent_server),
	};
	return KW_ROWS_RUN(rows, some_names_need_no_server)
	       + cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
