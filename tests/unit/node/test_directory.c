/* SPDX-License-Identifier: Apache-2.0 */
#include "node/directory.h"
#include "rows.h"
#include "util/cleanup.h"
#include "util/text.h"

#include <stdio.h>
#include <sys/stat.h>

static void writes_what_is_not_there_yet(void **state)
{
	char dir[] = "/tmp/kw-public-XXXXXX";
	KW_CLEANUP(freep) char *path = NULL;
	KW_CLEANUP(freep) char *sub = NULL;
	struct kw_error err = { 0 };
	bool written = false;
	struct stat st;

	(void)state;
	umask(077);
	assert_non_null(mkdtemp(dir));
	sub = kw_format("%s/x", dir);
	path = kw_format("%s/file", sub);
	assert_int_equal(kw_public_write(path, kw_bytes_text("one"), &written, &err), 0);
	assert_true(written);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(stat(sub, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(kw_public_write(path, kw_bytes_text("one"), &written, &err), 0);
	assert_false(written);
	assert_int_equal(kw_public_write(path, kw_bytes_text("two"), &written, &err), 0);
	assert_true(written);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(kw_public_write(path, kw_bytes_text("two"), &written, &err), 0);
	assert_true(written);
	unlink(path);
	rmdir(sub);
	rmdir(dir);
}

static void a_place_that_takes_nothing_is_named(void **state)
{
	struct kw_error err = { 0 };
	bool written = false;

	(void)state;
	assert_int_equal(kw_public_write("/proc/keyward/file", kw_bytes_text("x"), &written, &err),
			 -1);
	assert_true(kw_error_is(&err, KW_E_OUT_WRITE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_what_is_not_there_yet),
		cmocka_unit_test(a_place_that_takes_nothing_is_named),
	};

	return cmocka_run_group_tests_name("directory", tests, NULL, NULL);
}
