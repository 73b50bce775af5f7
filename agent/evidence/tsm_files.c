/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/tsm_files.h"

#include "util/cleanup.h"
#include "util/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NAME_TRIES = 8, CHANCE_SIZE = 8, PREFIX_SIZE = 48, NAME_SIZE = 96, DECIMAL = 10 };

/* "keyward.CONTAINER.": pods of a node may see the same directory, but each has process ids of its
 * own. */
static void container_prefix(char ret[PREFIX_SIZE])
{
	struct stat st = { 0 };

	(void)!stat("/proc/self/ns/pid", &st);
	snprintf(ret, PREFIX_SIZE, "keyward.%" PRIu64 ".", (uint64_t)st.st_ino);
}

static bool join(const char *directory, const char *name, char ret[KW_TSM_PATH_SIZE])
{
	if (snprintf(ret, KW_TSM_PATH_SIZE, "%s/%s", directory, name) < KW_TSM_PATH_SIZE)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

bool kw_tsm_entry_make(const char *directory, const struct kw_random *random,
		       struct kw_tsm_entry *ret)
{
	struct kw_tsm_entry entry;
	uint8_t chance[CHANCE_SIZE];
	char prefix[PREFIX_SIZE], hex[2 * CHANCE_SIZE + 1], name[NAME_SIZE];

	container_prefix(prefix);
	for (int i = 0; i < NAME_TRIES; i++) {
		kw_random_fill(random, chance, sizeof(chance));
		kw_hex_encode(KW_BYTES(chance), hex);
		snprintf(name, sizeof(name), "%s%d.%s", prefix, (int)getpid(), hex);
		if (!join(directory, name, entry.path))
			return false;
		if (mkdir(entry.path, S_IRWXU) == 0) {
			*ret = entry;
			return true;
		}
		if (errno != EEXIST)
			return false;
	}
	return false;
}

void kw_tsm_entry_remove(struct kw_tsm_entry *entry)
{
	int saved = errno;

	if (entry->path[0] != '\0')
		(void)rmdir(entry->path); /* its attributes go with it */
	entry->path[0] = '\0';
	errno = saved;
}

/* True only where /proc can tell. */
static bool is_gone(intmax_t pid)
{
	char path[sizeof("/proc/") + 20];

	snprintf(path, sizeof(path), "/proc/%jd", pid);
	return access("/proc/self", F_OK) == 0 && access(path, F_OK) < 0 && errno == ENOENT;
}

/* One thread at a time makes entries, so none of ours is in use either. */
static bool is_leftover(const char *name, const char *prefix)
{
	intmax_t pid = 0;
	char *end = NULL;

	if (strncmp(name, prefix, strlen(prefix)) != 0)
		return false;
	pid = strtoimax(name + strlen(prefix), &end, DECIMAL);
	if (*end != '.' || pid <= 0 || pid > INT_MAX)
		return false;
	return pid == getpid() || is_gone(pid);
}

void kw_tsm_remove_leftovers(const char *directory)
{
	char prefix[PREFIX_SIZE], path[KW_TSM_PATH_SIZE];
	struct dirent **entries = NULL;
	int n = scandir(directory, &entries, NULL, NULL);

	container_prefix(prefix);
	for (int i = 0; i < n; i++) {
		if (is_leftover(entries[i]->d_name, prefix)
		    && join(directory, entries[i]->d_name, path))
			(void)rmdir(path);
		free(entries[i]);
	}
	free(entries);
}

static int open_attribute(const struct kw_tsm_entry *entry, const char *name, int flags)
{
	char path[KW_TSM_PATH_SIZE];

	if (!join(entry->path, name, path))
		return -1;
	return open(path, flags | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
}

bool kw_tsm_read(const struct kw_tsm_entry *entry, const char *name, size_t max,
		 struct kw_blob *ret)
{
	KW_CLEANUP(kw_fd_close) int fd = open_attribute(entry, name, O_RDONLY);
	KW_CLEANUP(kw_blob_clear) struct kw_blob content = kw_blob_new(0);
	uint8_t part[4096];
	ssize_t n;

	if (fd < 0)
		return false;
	while ((n = read(fd, part, sizeof(part))) > 0) {
		if ((size_t)n > max - content.len) {
			errno = EFBIG;
			return false;
		}
		kw_blob_append(&content, (struct kw_bytes){ part, (size_t)n });
	}
	if (n < 0)
		return false;
	*ret = kw_blob_steal(&content);
	return true;
}

bool kw_tsm_read_text(const struct kw_tsm_entry *entry, const char *name,
		      char ret[KW_TSM_TEXT_SIZE])
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob content = { 0 };
	struct kw_bytes line;

	if (!kw_tsm_read(entry, name, KW_TSM_TEXT_SIZE - 1, &content))
		return false;
	line = kw_blob_bytes(&content);
	if (line.len > 0 && line.data[line.len - 1] == '\n')
		line.len--;
	kw_text_clean(line, ret, KW_TSM_TEXT_SIZE);
	return true;
}

bool kw_tsm_write(const struct kw_tsm_entry *entry, const char *name, struct kw_bytes content)
{
	KW_CLEANUP(kw_fd_close) int fd = open_attribute(entry, name, O_WRONLY);
	ssize_t n;

	if (fd < 0)
		return false;
	n = write(fd, content.data, content.len);
	if (n >= 0 && (size_t)n != content.len)
		errno = EIO;
	return n >= 0 && (size_t)n == content.len;
}

bool kw_tsm_number(const char *text, uint64_t *ret)
{
	uint64_t number = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0'; text++) {
		uint64_t digit = (uint64_t)(*text - '0');

		if (*text < '0' || *text > '9' || number > (UINT64_MAX - digit) / DECIMAL)
			return false;
		number = number * DECIMAL + digit;
	}
	*ret = number;
	return true;
}
