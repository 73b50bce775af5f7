/* SPDX-License-Identifier: Apache-2.0 */
#include "util/file.h"

#include "util/cleanup.h"
#include "util/clock.h"
#include "util/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

enum {
	READ_STEP = 16 << 10,
	DRAFT_TARGET_MAX = 200, /* of the target's name in that of its draft: NAME_MAX is 255 */
	DRAFT_CHANCE_SIZE = 8,
	DRAFT_CHANCE_TEXT = 2 * DRAFT_CHANCE_SIZE,
	DRAFT_PREFIX_SIZE = DRAFT_TARGET_MAX + 12,
	DRAFT_NAME_SIZE = DRAFT_PREFIX_SIZE + DRAFT_CHANCE_TEXT,
};

/* Up to `room` bytes, however many reads that takes; -1 with errno. */
static ssize_t read_all(int fd, uint8_t *to, size_t room)
{
	size_t len = 0;

	while (len < room) {
		ssize_t n = read(fd, to + len, room - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/* Without waiting for a writer, should somebody have put a FIFO there. */
static int open_regular(const char *path, enum kw_error_name error, int *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return kw_fail(err, error, "'%s': %m", path);
	if (!S_ISREG(st.st_mode))
		return kw_fail(err, error, "'%s': not a regular file", path);
	*ret = kw_fd_steal(&fd);
	return 0;
}

static int fail_too_large(const char *path, size_t max, enum kw_error_name error,
			  struct kw_error *err)
{
	return kw_fail(err, error, "'%s': more than %zu bytes", path, max);
}

int kw_file_read(const char *path, size_t max, enum kw_error_name error, struct kw_blob *ret,
		 struct kw_error *err)
{
	KW_CLEANUP(kw_fd_close) int fd = -1;
	KW_CLEANUP(kw_blob_clear) struct kw_blob content = kw_blob_new(0);
	uint8_t step[READ_STEP];
	ssize_t n = 0;

	if (open_regular(path, error, &fd, err) < 0)
		return -1;
	while ((n = read_all(fd, step, sizeof(step))) > 0) {
		if ((size_t)n > max - content.len)
			return fail_too_large(path, max, error, err);
		kw_blob_append(&content, (struct kw_bytes){ step, (size_t)n });
	}
	if (n < 0)
		return kw_fail(err, error, "'%s': reading: %m", path);
	*ret = kw_blob_steal(&content);
	return 0;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct kw_bytes trimmed(struct kw_bytes text)
{
	while (text.len > 0 && is_blank(text.data[text.len - 1]))
		text.len--;
	while (text.len > 0 && is_blank(text.data[0])) {
		text.data++;
		text.len--;
	}
	return text;
}

int kw_file_read_secret(const char *path, size_t max, enum kw_error_name error,
			struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_fd_close) int fd = -1;
	KW_CLEANUP(kw_secret_clear) struct kw_secret content = { 0 };

	if (open_regular(path, error, &fd, err) < 0)
		return -1;
	if (kw_secret_new(max + 1, &content, err) < 0)
		return kw_wrap(err, "'%s'", path);
	ssize_t n = read_all(fd, content.data, content.len);
	if (n < 0)
		return kw_fail(err, error, "'%s': reading: %m", path);
	if ((size_t)n > max)
		return fail_too_large(path, max, error, err);
	kw_secret_shrink(&content, (size_t)n);
	return kw_secret_take(trimmed(kw_secret_bytes(&content)), ret, err);
}

/* A file that is on its way: gone again unless it was renamed. */
struct draft {
	int dir, fd;
	char name[DRAFT_NAME_SIZE]; /* "": none */
};

/* What the names of all drafts of one target begin with; DRAFT_CHANCE_TEXT hexadecimal digits
 * follow. */
static void draft_prefix(const char *target, char ret[DRAFT_PREFIX_SIZE])
{
	(void)snprintf(ret, DRAFT_PREFIX_SIZE, ".keyward-%.*s-", DRAFT_TARGET_MAX, target);
}

static void draft_clear(struct draft *draft)
{
	if (draft->name[0])
		unlinkat(draft->dir, draft->name, 0);
	kw_fd_close(&draft->fd);
	kw_fd_close(&draft->dir);
}

static bool is_memory_backed(const struct statfs *fs)
{
	return (unsigned long)fs->f_type == TMPFS_MAGIC || (unsigned long)fs->f_type == RAMFS_MAGIC;
}

/* `ret_name` is what follows the last slash, in `path`. */
static int open_directory(const char *path, int *ret, const char **ret_name, struct kw_error *err)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	KW_CLEANUP(freep) char *dir = NULL;

	if (name[0] == '\0')
		return kw_fail(err, KW_E_OUT_WRITE, "'%s': not the name of a file", path);
	dir = kw_strdup(slash ? path : "./");
	dir[slash ? slash + 1 - path : 2] = '\0';
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return kw_fail(err, KW_E_OUT_WRITE, "'%s': opening its directory: %m", path);
	*ret = fd;
	*ret_name = name;
	return 0;
}

static int check_memory_backed(const struct kw_file_target *target, int dir, struct kw_error *err)
{
	struct statfs fs;

	if (target->allow_disk)
		return 0;
	if (fstatfs(dir, &fs) < 0)
		return kw_fail(err, KW_E_OUT_WRITE, "'%s': file system of its directory: %m",
			       target->path);
	if (!is_memory_backed(&fs))
		return kw_fail(err, KW_E_OUT_DISK,
			       "'%s': its file system is of type 0x%lx, expected tmpfs or ramfs",
			       target->path, (unsigned long)fs.f_type);
	return 0;
}

static int create(struct draft *draft, const char *path, const char *target, struct kw_error *err)
{
	char prefix[DRAFT_PREFIX_SIZE], name[sizeof(draft->name)], hex[DRAFT_CHANCE_TEXT + 1];
	uint8_t chance[DRAFT_CHANCE_SIZE];

	kw_random_fill(&kw_random_system, chance, sizeof(chance));
	kw_hex_encode(KW_BYTES(chance), hex);
	draft_prefix(target, prefix);
	(void)snprintf(name, sizeof(name), "%s%s", prefix, hex);
	draft->fd = openat(draft->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			   0600);
	if (draft->fd < 0)
		return kw_fail(err, KW_E_OUT_WRITE, "'%s': creating '%s' beside it: %m", path,
			       name);
	memcpy(draft->name, name, sizeof(name));
	return 0;
}

static bool write_all(int fd, struct kw_bytes content)
{
	while (content.len > 0) {
		ssize_t n = write(fd, content.data, content.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		content.data += n;
		content.len -= (size_t)n;
	}
	return true;
}

static int fill(const struct draft *draft, const struct kw_file_target *target,
		struct kw_bytes content, struct kw_error *err)
{
	if (!write_all(draft->fd, content))
		return kw_fail(err, KW_E_OUT_WRITE, "'%s': writing %zu bytes: %m", target->path,
			       content.len);
	if (target->gid != (gid_t)-1 && fchown(draft->fd, (uid_t)-1, target->gid) < 0)
		return kw_fail(err, KW_E_OUT_WRITE, "'%s': giving it to group %u: %m", target->path,
			       (unsigned int)target->gid);
	if (fchmod(draft->fd, target->mode) < 0)
		return kw_fail(err, KW_E_OUT_WRITE, "'%s': setting mode %04o: %m", target->path,
			       (unsigned int)target->mode);
	if (fsync(draft->fd) < 0)
		return kw_fail(err, KW_E_OUT_WRITE, "'%s': syncing: %m", target->path);
	return 0;
}

int kw_file_replace(const struct kw_file_target *target, struct kw_bytes content,
		    struct kw_error *err)
{
	KW_CLEANUP(draft_clear) struct draft draft = { .dir = -1, .fd = -1 };
	const char *name = NULL;

	if (open_directory(target->path, &draft.dir, &name, err) < 0
	    || check_memory_backed(target, draft.dir, err) < 0
	    || create(&draft, target->path, name, err) < 0
	    || fill(&draft, target, content, err) < 0)
		return -1;
	if (renameat(draft.dir, draft.name, draft.dir, name) < 0)
		return kw_fail(err, KW_E_OUT_WRITE, "'%s': renaming over it: %m", target->path);
	draft.name[0] = '\0';
	if (fsync(draft.dir) < 0)
		return kw_fail(err, KW_E_OUT_WRITE, "'%s': syncing its directory: %m",
			       target->path);
	return 0;
}

static bool is_draft(const char *name, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(name, prefix, len) == 0 && strlen(name + len) == DRAFT_CHANCE_TEXT
	       && strspn(name + len, "0123456789abcdef") == DRAFT_CHANCE_TEXT;
}

/* 0, or the errno of what could not be removed. */
static int remove_drafts(int dir, const char *target)
{
	char prefix[DRAFT_PREFIX_SIZE];
	struct dirent **names = NULL;
	int n = scandirat(dir, ".", &names, NULL, NULL), failure = n < 0 ? errno : 0;

	draft_prefix(target, prefix);
	for (int i = 0; i < n; i++) {
		if (is_draft(names[i]->d_name, prefix) && unlinkat(dir, names[i]->d_name, 0) < 0
		    && errno != ENOENT)
			failure = errno;
		free(names[i]);
	}
	free(names);
	return failure;
}

int kw_file_remove(const char *path, struct kw_error *err)
{
	KW_CLEANUP(kw_fd_close) int dir = -1;
	const char *name = "";
	int failure = 0;

	errno = 0;
	if (open_directory(path, &dir, &name, err) < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return -1;
		*err = (struct kw_error){ 0 };
		return 0;
	}
	if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
		return kw_fail(err, KW_E_OUT_WRITE, "'%s': removing it: %m", path);
	failure = remove_drafts(dir, name);
	if (failure == 0 && fsync(dir) < 0)
		failure = errno;
	errno = failure;
	if (failure != 0)
		return kw_fail(err, KW_E_OUT_WRITE, "'%s': removing what lies beside it: %m", path);
	return 0;
}
