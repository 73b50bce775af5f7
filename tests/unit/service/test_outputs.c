/* SPDX-License-Identifier: Apache-2.0 */
/* In a directory of its own on tmpfs; where /dev/shm is missing, all is skipped. An oct key with
 * known bytes: its forms are known too. */
#include "rows.h"

#include "service/outputs.h"
#include "util/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

static char dir[] = "/dev/shm/keyward-outputs-XXXXXX";
static char path_a[64], path_b[64];

static int make_dir(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path_a, sizeof(path_a), "%s/a", dir);
	snprintf(path_b, sizeof(path_b), "%s/b", dir);
	return 0;
}

static int remove_dir(void **state)
{
	(void)state;
	return rmdir(dir);
}

static int remove_files(void **state)
{
	(void)state;
	(void)unlink(path_a);
	(void)unlink(path_b);
	return 0;
}

static struct kw_config config;
static struct kw_config_key key_rule = { .name = (char[]){ "key" } };

static struct kw_outputs *outputs_of(const struct kw_config_output *list, size_t n)
{
	key_rule.outputs = (struct kw_config_output *)(uintptr_t)list;
	key_rule.n_outputs = n;
	return kw_outputs_new(&config, &key_rule);
}

static struct kw_material *key_of(const char *version, const char *bytes)
{
	struct kw_material *material = kw_material_new();
	struct kw_error err = { 0 };

	material->kind = KW_MATERIAL_OCT;
	snprintf(material->version, sizeof(material->version), "%s", version);
	assert_int_equal(kw_secret_take(kw_bytes_text(bytes), &material->der, &err), 0);
	assert_int_equal(kw_secret_take(kw_bytes_text("{\"kty\":\"oct\"}"), &material->jwk, &err),
			 0);
	return material;
}

/* True if the file has that content. */
static bool has(const char *path, const char *content)
{
	char found[128] = "";
	FILE *f = fopen(path, "re");
	size_t n = f != NULL ? fread(found, 1, sizeof(found) - 1, f) : 0;

	if (f != NULL)
		(void)fclose(f);
	return f != NULL && n == strlen(content) && memcmp(found, content, n) == 0;
}

static struct stat stat_of(const char *path)
{
	struct stat st = { 0 };

	assert_int_equal(stat(path, &st), 0);
	return st;
}

static const struct row {
	const char *name;
	enum kw_key_format format;
	mode_t mode;
	enum kw_error_name expect;
	const char *content;
} rows[] = {
	{ "given raw, the bytes are written", KW_FORMAT_RAW, 0440, KW_OK, "k3y!" },
	{ "given hex, their digits", KW_FORMAT_HEX, 0400, KW_OK, "6b337921" },
	{ "given base64, that", KW_FORMAT_BASE64, 0600, KW_OK, "azN5IQ==" },
	{ "given jwk, that, for everybody", KW_FORMAT_JWK, 0444, KW_OK, "{\"kty\":\"oct\"}" },
	{ "given a format that does not fit, nothing", KW_FORMAT_PEM, 0600, KW_E_UNW_FORMAT, NULL },
};

static void writes(void **state)
{
	const struct row *row = *state;
	const struct kw_config_output rule = { path_a, row->format, row->mode, getgid(), false };
	KW_CLEANUP(kw_outputs_freep) struct kw_outputs *outputs = outputs_of(&rule, 1);
	KW_CLEANUP(kw_material_unrefp) struct kw_material *key = key_of("v1", "k3y!");
	struct kw_error err = { 0 };
	size_t n_written = 7;

	(void)remove_files(NULL);
	int result = kw_outputs_write(outputs, key, &n_written, &err);
	assert_int_equal(result, row->expect == KW_OK ? 0 : -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_int_equal(n_written, result == 0 ? 1 : 7);
	if (row->content == NULL) {
		assert_int_equal(access(path_a, F_OK), -1);
		assert_non_null(strstr(err.detail, path_a));
		return;
	}
	assert_true(has(path_a, row->content));
	assert_int_equal(stat_of(path_a).st_mode & 07777, row->mode);
	assert_int_equal(stat_of(path_a).st_gid, getgid());
}

static const struct kw_config_output two[] = { { path_a, KW_FORMAT_RAW, 0600, -1, false },
					       { path_b, KW_FORMAT_HEX, 0600, -1, false } };

static size_t write_two(struct kw_outputs *outputs, const char *version, const char *bytes)
{
	KW_CLEANUP(kw_material_unrefp) struct kw_material *key = key_of(version, bytes);
	struct kw_error err = { 0 };
	size_t n_written = 0;

	assert_int_equal(kw_outputs_write(outputs, key, &n_written, &err), 0);
	return n_written;
}

static void given_the_same_version_files_are_left_alone(void **state)
{
	KW_CLEANUP(kw_outputs_freep) struct kw_outputs *outputs = outputs_of(two, 2);

	(void)state;
	assert_int_equal(write_two(outputs, "v1", "one"), 2);
	struct stat before = stat_of(path_a);
	assert_int_equal(write_two(outputs, "v1", "one"), 0);
	assert_int_equal(stat_of(path_a).st_ino, before.st_ino);
	assert_int_equal(write_two(outputs, "v2", "two"), 2);
	assert_true(has(path_a, "two") && has(path_b, "74776f"));
}

static void given_a_file_that_is_not_as_written_it_alone_is_written(void **state)
{
	KW_CLEANUP(kw_outputs_freep) struct kw_outputs *outputs = outputs_of(two, 2);
	KW_CLEANUP(kw_fd_close) int fd = -1;

	(void)state;
	assert_int_equal(write_two(outputs, "v1", "one"), 2);
	fd = open(path_b, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(write_two(outputs, "v1", "one"), 1);
	assert_true(has(path_b, "6f6e65"));
	assert_int_equal(chmod(path_a, 0666), 0);
	assert_int_equal(write_two(outputs, "v1", "one"), 1);
	assert_int_equal(stat_of(path_a).st_mode & 07777, 0600);
	assert_int_equal(unlink(path_a), 0);
	assert_int_equal(write_two(outputs, "v1", "one"), 1);
	assert_true(has(path_a, "one"));
}

static void given_one_that_fails_the_others_are_written(void **state)
{
	struct kw_config_output rules[] = { { NULL, KW_FORMAT_RAW, 0600, -1, false },
					    { path_b, KW_FORMAT_RAW, 0600, -1, false } };
	KW_CLEANUP(freep) char *nowhere = kw_format("%s/nowhere/a", dir);
	KW_CLEANUP(kw_material_unrefp) struct kw_material *key = key_of("v1", "one");
	struct kw_error err = { 0 };

	(void)state;
	rules[0].path = nowhere;
	KW_CLEANUP(kw_outputs_freep) struct kw_outputs *outputs = outputs_of(rules, 2);
	assert_int_equal(kw_outputs_write(outputs, key, NULL, &err), -1);
	assert_true(kw_error_is(&err, KW_E_OUT_WRITE));
	assert_non_null(strstr(err.detail, nowhere));
	assert_true(has(path_b, "one"));
}

static void given_removal_they_are_gone_and_written_anew(void **state)
{
	KW_CLEANUP(kw_outputs_freep) struct kw_outputs *outputs = outputs_of(two, 2);
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(write_two(outputs, "v1", "one"), 2);
	assert_int_equal(kw_outputs_remove(outputs, &err), 0);
	assert_int_equal(access(path_a, F_OK), -1);
	assert_int_equal(access(path_b, F_OK), -1);
	assert_int_equal(kw_outputs_remove(outputs, &err), 0);
	assert_int_equal(write_two(outputs, "v1", "one"), 2);
}

static void given_a_file_that_cannot_be_removed_the_others_are(void **state)
{
	KW_CLEANUP(kw_outputs_freep) struct kw_outputs *outputs = outputs_of(two, 2);
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(mkdir(path_a, 0700), 0);
	assert_int_equal(close(open(path_b, O_CREAT | O_CLOEXEC | O_WRONLY, 0600)), 0);
	assert_int_equal(kw_outputs_remove(outputs, &err), -1);
	assert_true(kw_error_is(&err, KW_E_OUT_WRITE));
	assert_int_equal(access(path_b, F_OK), -1);
	assert_int_equal(rmdir(path_a), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(given_the_same_version_files_are_left_alone,
					  remove_files),
		cmocka_unit_test_teardown(given_a_file_that_is_not_as_written_it_alone_is_written,
					  remove_files),
		cmocka_unit_test_teardown(given_one_that_fails_the_others_are_written,
					  remove_files),
		cmocka_unit_test_teardown(given_removal_they_are_gone_and_written_anew,
					  remove_files),
		cmocka_unit_test_teardown(given_a_file_that_cannot_be_removed_the_others_are,
					  remove_files),
	};

	if (make_dir(NULL) < 0) {
		printf("skip outputs: no tmpfs at /dev/shm\n");
		return 0;
	}
	int failed = KW_ROWS_RUN(rows, writes)
		     + cmocka_run_group_tests_name("outputs", tests, NULL, NULL);
	(void)remove_files(NULL);
	return failed + (remove_dir(NULL) < 0);
}
