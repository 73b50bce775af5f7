/* SPDX-License-Identifier: Apache-2.0 */
#include "http/roots.h"

#include "rows.h"
#include "util/cleanup.h"

#include <fcntl.h>
#include <stdio.h>

#define PEM "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
#define OTHER "-----BEGIN CERTIFICATE-----\nMAB=\n-----END CERTIFICATE-----\n"

static char dir[] = "/tmp/kw-roots-XXXXXX";

static const char *file_of(const char *name, const char *content)
{
	static char paths[2][64];
	static unsigned n;
	char *path = paths[n++ % 2];
	snprintf(path, sizeof(paths[0]), "%s/%s", dir, name);
	KW_CLEANUP(kw_fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
	return path;
}

static const struct row {
	const char *name;
	const char *system, *added; /* contents; NULL: no such file */
	const char *expect;	    /* NULL: refused */
} rows[] = {
	{ "given both, the added roots come behind", PEM, OTHER, PEM "\n" OTHER },
	{ "given added roots alone, they are enough", NULL, OTHER, "\n" OTHER },
	{ "given an added file without a certificate, it is refused", PEM, "hello", NULL },
	{ "given an added file that is missing, it is refused", PEM, NULL, NULL },
};

static void roots_are_read(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(kw_roots_clear) struct kw_roots roots = { 0 };
	struct kw_error err = { 0 };
	const char *system = row->system != NULL ? file_of("system", row->system) : "/nonexistent";
	const char *added = row->added != NULL ? file_of("added", row->added) : "/nonexistent";
	assert_int_equal(kw_roots_read(system, added, &roots, &err), row->expect != NULL ? 0 : -1);
	if (row->expect != NULL) {
		assert_string_equal((char *)roots.pem.data, row->expect);
		assert_null(roots.file);
		return;
	}
	assert_true(kw_error_is(&err, KW_E_CFG_VALUE));
	assert_non_null(strstr(err.detail, "tls.caFile: "));
}

static void the_bundle_alone_is_left_where_it_is(void **state)
{
	KW_CLEANUP(kw_roots_clear) struct kw_roots roots = { 0 };
	struct kw_error err = { 0 };
	const char *bundle = file_of("system", PEM);
	(void)state;
	assert_int_equal(kw_roots_read(bundle, "", &roots, &err), 0);
	assert_string_equal(roots.file, bundle);
	assert_true(kw_roots_any(&roots));
	assert_int_equal(kw_roots_read("/nonexistent", "", &roots, &err), 0);
	assert_false(kw_roots_any(&roots));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_bundle_alone_is_left_where_it_is),
	};
	char path[64];
	if (mkdtemp(dir) == NULL)
		return 1;
	int failed = KW_ROWS_RUN(rows, roots_are_read)
		     + cmocka_run_group_tests_name("roots", tests, NULL, NULL);
	snprintf(path, sizeof(path), "%s/system", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/added", dir);
	unlink(path);
	rmdir(dir);
	return failed;
}
