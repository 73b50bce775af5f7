/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"
#include "util/cleanup.h"
#include "util/listen.h"
#include "util/text.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>

static const struct row {
	const char *name, *text;
	int family; /* 0: refused */
} rows[] = {
	{ "given a v4 address and a port, it is one", "10.0.0.1:65535", AF_INET },
	{ "given a v6 address in brackets, it is one", "[2001:db8::1]:1", AF_INET6 },
	{ "given a v6 address without brackets, it is refused", "::1:80", 0 },
	{ "given brackets around a v4 address, it is refused", "[127.0.0.1]:80", 0 },
	{ "given a name, it is refused", "localhost:80", 0 },
	{ "given no port, it is refused", "127.0.0.1", 0 },
	{ "given an empty port, it is refused", "127.0.0.1:", 0 },
	{ "given port 0, it is refused", "127.0.0.1:0", 0 },
	{ "given port 65536, it is refused", "127.0.0.1:65536", 0 },
	{ "given a port with a sign, it is refused", "127.0.0.1:+1", 0 },
	{ "given a port alone, it is refused", ":80", 0 },
	{ "given nothing, it is refused", "", 0 },
	{ "given a host longer than any address, it is refused",
	  "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80", 0 },
};

static void parses(void **state)
{
	const struct row *row = *state;
	struct kw_address address = { 0 };

	assert_int_equal(kw_address_parse(row->text, &address), row->family != 0);
	assert_int_equal(address.socket.ss_family, row->family); /* untouched on failure */
}

static void a_remnant_goes_and_a_living_socket_stays(void **state)
{
	char dir[] = "/tmp/kw-listen-XXXXXX";
	KW_CLEANUP(freep) char *path = NULL;
	KW_CLEANUP(kw_fd_close) int first = -1;
	KW_CLEANUP(kw_fd_close) int second = -1;
	struct kw_error err = { 0 };
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	path = kw_format("%s/s", dir);
	const struct kw_listen_target target = { path, 0620, (gid_t)-1 };
	assert_int_equal(kw_listen_unix(&target, &first, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0620);
	assert_int_equal(kw_listen_unix(&target, &second, &err), -1);
	assert_true(kw_error_is(&err, KW_E_SRV_LISTEN));
	kw_fd_close(&first);
	assert_int_equal(kw_listen_unix(&target, &second, &err), 0);
	unlink(path);
	rmdir(dir);
}

static void the_path_fits_or_is_refused(void **state)
{
	struct sockaddr_un un;
	char path[sizeof(un.sun_path) + 1];
	struct kw_address address;
	struct kw_error err = { 0 };

	(void)state;
	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(kw_unix_address(path, &address, &err), -1);
	assert_true(kw_error_is(&err, KW_E_CFG_VALUE));
	path[sizeof(path) - 2] = '\0';
	assert_int_equal(kw_unix_address(path, &address, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_remnant_goes_and_a_living_socket_stays),
		cmocka_unit_test(the_path_fits_or_is_refused),
	};

	return KW_ROWS_RUN(rows, parses) + cmocka_run_group_tests_name("listen", tests, NULL, NULL);
}
