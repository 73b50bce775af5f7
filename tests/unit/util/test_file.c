/* SPDX-License-Identifier: Apache-2.0 */
/* In a directory of its own on tmpfs; where /dev/shm is missing, all is skipped by name. */
#include "rows.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>

static char dir[] = "/dev/shm/keyward-test-XXXXXX";

static char *path_of(const char *name)
{
	return kw_format("%s/%s", dir, name);
}

static void put(const char *path, const char *content)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(content, 1, strlen(content), f), strlen(content));
	assert_int_equal(fclose(f), 0);
}

/* Names in the directory; removed as well if `clean`. */
static size_t walk_names(bool clean)
{
	struct dirent **names = NULL;
	int n = scandir(dir, &names, NULL, NULL);

	assert_true(n >= 2); /* "." and ".." */
	for (int i = 0; i < n; i++) {
		KW_CLEANUP(freep) char *path = path_of(names[i]->d_name);
		if (clean && names[i]->d_name[strspn(names[i]->d_name, ".")] != '\0')
			assert_int_equal(remove(path), 0);
		free(names[i]);
	}
	free(names);
	return (size_t)n - 2;
}

static size_t count_names(void)
{
	return walk_names(false);
}

static bool make_dir(void)
{
	struct statfs fs = { 0 };

	return statfs("/dev/shm", &fs) == 0 && fs.f_type == TMPFS_MAGIC && mkdtemp(dir) != NULL;
}

static bool remove_dir(void)
{
	walk_names(true);
	return rmdir(dir) == 0;
}

static const struct read_row {
	const char *name, *content;
	size_t max;
	const char *secret; /* blanks trimmed; NULL: refused */
} read_rows[] = {
	{ "given a file, it is read", "content", 100, "content" },
	{ "given exactly the cap, it is read", "content", 7, "content" },
	{ "given one byte more, it is refused", "content", 6, NULL },
	{ "given nothing, it is empty", "", 0, "" },
	{ "given one byte with cap 0, it is refused", "c", 0, NULL },
	{ "given blanks at both ends, the secret has none", " \t\r\nto ken\n\n", 100, "to ken" },
	{ "given blanks alone, the secret is empty", " \n", 100, "" },
};

static void reads_as_expected(void **state)
{
	const struct read_row *row = *state;
	KW_CLEANUP(freep) char *path = path_of("read");
	KW_CLEANUP(kw_blob_clear) struct kw_blob blob = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret secret = { 0 };
	struct kw_error err = { 0 };

	put(path, row->content);
	int expect = row->secret ? 0 : -1;
	assert_int_equal(kw_file_read(path, row->max, KW_E_SYS_FILE, &blob, &err), expect);
	assert_int_equal(kw_file_read_secret(path, row->max, KW_E_SYS_FILE, &secret, &err), expect);
	if (row->secret) {
		assert_string_equal((char *)blob.data, row->content);
		assert_int_equal(blob.len, strlen(row->content));
		assert_string_equal((char *)secret.data, row->secret);
		assert_int_equal(secret.len, strlen(row->secret));
		return;
	}
	assert_true(blob.data == NULL && secret.data == NULL);
	assert_true(kw_error_is(&err, KW_E_SYS_FILE));
	assert_non_null(strstr(err.detail, path));
	assert_non_null(strstr(err.detail, "more than"));
}

static void what_is_no_file_is_refused(void **state)
{
	KW_CLEANUP(freep) char *fifo = path_of("fifo");
	KW_CLEANUP(freep) char *missing = path_of("missing");
	struct {
		const char *path, *says;
	} cases[] = { { fifo, "not a regular file" },
		      { dir, "not a regular file" },
		      { missing, "No such file" } };
	struct kw_blob blob = { 0 };
	struct kw_secret secret = { 0 };

	(void)state;
	assert_int_equal(mkfifo(fifo, 0600), 0);
	for (size_t i = 0; i < 3; i++) {
		struct kw_error err = { 0 };
		assert_int_equal(kw_file_read(cases[i].path, 9, KW_E_CFG_READ, &blob, &err), -1);
		assert_true(kw_error_is(&err, KW_E_CFG_READ));
		assert_non_null(strstr(err.detail, cases[i].says));
		assert_int_equal(
			kw_file_read_secret(cases[i].path, 9, KW_E_IDN_FILE, &secret, &err), -1);
		assert_true(kw_error_is(&err, KW_E_IDN_FILE));
	}
}

static void large_and_made_up_files_are_read(void **state)
{
	KW_CLEANUP(freep) char *path = path_of("large");
	KW_CLEANUP(kw_blob_clear) struct kw_blob content = kw_blob_new(100000);
	KW_CLEANUP(kw_blob_clear) struct kw_blob back = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob stat_line = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	memset(content.data, 'x', content.len);
	put(path, (char *)content.data);
	assert_int_equal(kw_file_read(path, 99999, KW_E_SYS_FILE, &back, &err), -1);
	assert_int_equal(kw_file_read(path, 100000, KW_E_SYS_FILE, &back, &err), 0);
	assert_true(kw_bytes_equal(kw_blob_bytes(&back), kw_blob_bytes(&content)));
	/* st_size is 0 there */
	assert_int_equal(kw_file_read("/proc/self/stat", 4096, KW_E_SYS_FILE, &stat_line, &err), 0);
	assert_true(stat_line.len > 10);
}

static void a_file_is_replaced_whole(void **state)
{
	KW_CLEANUP(freep) char *path = path_of("out");
	struct kw_file_target target = { .path = path, .mode = 0440, .gid = getgid() };
	KW_CLEANUP(kw_blob_clear) struct kw_blob back = { 0 };
	struct kw_error err = { 0 };
	struct stat st = { 0 };

	(void)state;
	size_t before = count_names();
	assert_int_equal(kw_file_replace(&target, kw_bytes_text("one"), &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0440);
	assert_int_equal(st.st_gid, getgid());
	ino_t first = st.st_ino;
	target.mode = 0600;
	target.gid = (gid_t)-1;
	assert_int_equal(kw_file_replace(&target, kw_bytes_text("two!"), &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_not_equal(st.st_ino, first); /* renamed over, not written into */
	assert_int_equal(kw_file_read(path, 100, KW_E_SYS_FILE, &back, &err), 0);
	assert_string_equal((char *)back.data, "two!");
	assert_int_equal(count_names(), before + 1);
}

static void a_link_is_replaced_not_followed(void **state)
{
	KW_CLEANUP(freep) char *path = path_of("link");
	KW_CLEANUP(freep) char *victim = path_of("victim");
	struct kw_file_target target = { .path = path, .mode = 0600, .gid = (gid_t)-1 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob back = { 0 };
	struct kw_error err = { 0 };
	struct stat st = { 0 };

	(void)state;
	put(victim, "theirs");
	assert_int_equal(symlink(victim, path), 0);
	assert_int_equal(kw_file_replace(&target, kw_bytes_text("ours"), &err), 0);
	assert_int_equal(lstat(path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(kw_file_read(victim, 100, KW_E_SYS_FILE, &back, &err), 0);
	assert_string_equal((char *)back.data, "theirs");
}

static void a_failure_leaves_nothing_behind(void **state)
{
	KW_CLEANUP(freep) char *taken = path_of("taken");
	KW_CLEANUP(freep) char *inside = path_of("taken/full");
	KW_CLEANUP(freep) char *nowhere = path_of("nowhere/out");
	KW_CLEANUP(freep) char *nameless = path_of("");
	const char *const paths[] = { taken, nowhere, nameless };

	(void)state;
	assert_int_equal(mkdir(taken, 0700), 0);
	put(inside, "so that it cannot be replaced");
	size_t before = count_names();
	for (size_t i = 0; i < 3; i++) {
		struct kw_file_target target = { .path = paths[i], .mode = 0600, .gid = (gid_t)-1 };
		struct kw_error err = { 0 };
		assert_int_equal(kw_file_replace(&target, kw_bytes_text("x"), &err), -1);
		assert_true(kw_error_is(&err, KW_E_OUT_WRITE));
		assert_non_null(strstr(err.detail, paths[i]));
		assert_int_equal(count_names(), before);
	}
	assert_int_equal(unlink(inside), 0);
}

/* A write that cannot be finished: the old content stays. In a child, because of the limit. */
static int replace_with_too_much(const char *path)
{
	static const struct rlimit one_kib = { 1024, 1024 };
	static const uint8_t content[4096];
	struct kw_file_target target = { .path = path, .mode = 0600, .gid = (gid_t)-1 };
	struct kw_error err = { 0 };

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &one_kib) < 0)
		return 1;
	if (kw_file_replace(&target, KW_BYTES(content), &err) == 0)
		return 2;
	return kw_error_is(&err, KW_E_OUT_WRITE) && strstr(err.detail, "writing 4096 bytes") ? 0
											     : 3;
}

static void a_full_file_system_leaves_the_old(void **state)
{
	KW_CLEANUP(freep) char *path = path_of("old");
	KW_CLEANUP(kw_blob_clear) struct kw_blob back = { 0 };
	struct kw_error err = { 0 };
	int status = -1;

	(void)state;
	put(path, "old");
	size_t before = count_names();
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(replace_with_too_much(path));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(count_names(), before);
	assert_int_equal(kw_file_read(path, 100, KW_E_SYS_FILE, &back, &err), 0);
	assert_string_equal((char *)back.data, "old");
}

/* The working directory of a test is the build directory; skipped where that is in memory too. */
static void a_disk_is_refused_unless_allowed(void **state)
{
	struct kw_file_target target = { .path = "keyward-test-disk",
					 .mode = 0600,
					 .gid = (gid_t)-1 };
	struct kw_error err = { 0 };
	struct statfs fs = { 0 };

	(void)state;
	if (statfs(".", &fs) < 0 || fs.f_type == TMPFS_MAGIC || access(".", W_OK) < 0)
		skip();
	assert_int_equal(kw_file_replace(&target, kw_bytes_text("x"), &err), -1);
	assert_true(kw_error_is(&err, KW_E_OUT_DISK));
	assert_int_equal(access(target.path, F_OK), -1);
	target.allow_disk = true;
	assert_int_equal(kw_file_replace(&target, kw_bytes_text("x"), &err), 0);
	assert_int_equal(unlink(target.path), 0);
}

static bool is_there(const char *name)
{
	KW_CLEANUP(freep) char *path = path_of(name);

	return access(path, F_OK) == 0;
}

/* What a killed writer leaves is named after its target, so that nobody else's goes with it. */
static const struct remove_row {
	const char *name, *beside;
	bool goes;
} remove_rows[] = {
	{ "given a draft of the file, it goes too", ".keyward-key.pem-0123456789abcdef", true },
	{ "given a draft of another file, it stays", ".keyward-key.pem-b-0123456789abcdef", false },
	{ "given a digit too few, it stays", ".keyward-key.pem-0123456789abcde", false },
	{ "given a digit too many, it stays", ".keyward-key.pem-0123456789abcdef0", false },
	{ "given something else than digits, it stays", ".keyward-key.pem-0123456789abcdeg",
	  false },
	{ "given a file of a like name, it stays", "key.pem.old", false },
};

static void removes_as_expected(void **state)
{
	const struct remove_row *row = *state;
	KW_CLEANUP(freep) char *path = path_of("key.pem");
	KW_CLEANUP(freep) char *beside = path_of(row->beside);
	struct kw_error err = { 0 };

	put(path, "key");
	put(beside, "beside");
	assert_int_equal(kw_file_remove(path, &err), 0);
	assert_false(is_there("key.pem"));
	assert_int_equal(is_there(row->beside), !row->goes);
	assert_int_equal(unlink(beside), row->goes ? -1 : 0);
}

static void what_is_not_there_is_removed_already(void **state)
{
	KW_CLEANUP(freep) char *missing = path_of("missing");
	KW_CLEANUP(freep) char *nowhere = path_of("nowhere/missing");
	KW_CLEANUP(freep) char *file = path_of("file");
	KW_CLEANUP(freep) char *below = path_of("file/missing");
	const char *const paths[] = { missing, nowhere, below };

	(void)state;
	put(file, "no directory");
	for (size_t i = 0; i < 3; i++) {
		struct kw_error err = { 0 };

		assert_int_equal(kw_file_remove(paths[i], &err), 0);
		assert_null(err.def);
	}
	assert_int_equal(unlink(file), 0);
}

static void a_directory_is_not_removed(void **state)
{
	KW_CLEANUP(freep) char *path = path_of("directory");
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(kw_file_remove(path, &err), -1);
	assert_true(kw_error_is(&err, KW_E_OUT_WRITE));
	assert_non_null(strstr(err.detail, path));
	assert_int_equal(rmdir(path), 0);
}

/* NAME_MAX is 255: the draft of such a name is cut, and still found. */
static void the_longest_name_has_a_draft_too(void **state)
{
	char name[256], draft[256];
	struct kw_error err = { 0 };

	(void)state;
	memset(name, 'n', 255);
	name[255] = '\0';
	snprintf(draft, sizeof(draft), ".keyward-%.200s-0123456789abcdef", name);
	KW_CLEANUP(freep) char *target_path = path_of(name);
	KW_CLEANUP(freep) char *draft_path = path_of(draft);
	struct kw_file_target target = { .path = target_path, .mode = 0600, .gid = (gid_t)-1 };
	put(draft_path, "left behind");
	assert_int_equal(kw_file_replace(&target, kw_bytes_text("x"), &err), 0);
	assert_true(is_there(name));
	assert_int_equal(kw_file_remove(target_path, &err), 0);
	assert_false(is_there(name) || is_there(draft));
}

static void there_is_no_tmpfs_at_dev_shm(void **state)
{
	(void)state;
	skip();
}

int main(void)
{
	const struct CMUnitTest nowhere[] = { cmocka_unit_test(there_is_no_tmpfs_at_dev_shm) };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_file_is_refused),
		cmocka_unit_test(large_and_made_up_files_are_read),
		cmocka_unit_test(a_file_is_replaced_whole),
		cmocka_unit_test(a_link_is_replaced_not_followed),
		cmocka_unit_test(a_failure_leaves_nothing_behind),
		cmocka_unit_test(a_full_file_system_leaves_the_old),
		cmocka_unit_test(a_disk_is_refused_unless_allowed),
		cmocka_unit_test(what_is_not_there_is_removed_already),
		cmocka_unit_test(a_directory_is_not_removed),
		cmocka_unit_test(the_longest_name_has_a_draft_too),
	};
	if (!make_dir())
		return cmocka_run_group_tests_name("file", nowhere, NULL, NULL);
	int failed = KW_ROWS_RUN(read_rows, reads_as_expected)
		     + KW_ROWS_RUN(remove_rows, removes_as_expected)
		     + cmocka_run_group_tests_name("file", tests, NULL, NULL);
	return failed + !remove_dir();
}
