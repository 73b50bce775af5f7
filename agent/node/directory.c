/* SPDX-License-Identifier: Apache-2.0 */
#include "node/directory.h"

#include "util/cleanup.h"
#include "util/file.h"
#include "util/text.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { DIRECTORY_MODE = 0755, FILE_MODE = 0644, CONTENT_MAX = 4 << 20 };

static int make_one(const char *path, struct kw_error *err)
{
	struct stat st;

	if (mkdir(path, DIRECTORY_MODE) == 0 && chmod(path, DIRECTORY_MODE) == 0)
		return 0;
	if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	if (errno == EEXIST)
		return kw_fail(err, KW_E_OUT_WRITE, "'%s' is not a directory", path);
	return kw_fail(err, KW_E_OUT_WRITE, "'%s': making the directory: %m", path);
}

int kw_directory_make(const char *path, struct kw_error *err)
{
	KW_CLEANUP(freep) char *part = kw_strdup(path);

	for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (make_one(part, err) < 0)
			return -1;
		*slash = '/';
	}
	return make_one(part, err);
}

static bool is_as_wanted(const char *path, struct kw_bytes content)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob found = { 0 };
	struct kw_error ignored = { 0 };
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 07777) == FILE_MODE
	       && kw_file_read(path, CONTENT_MAX, KW_E_OUT_WRITE, &found, &ignored) == 0
	       && kw_bytes_equal(kw_blob_bytes(&found), content);
}

int kw_public_write(const char *path, struct kw_bytes content, bool *ret_written,
		    struct kw_error *err)
{
	KW_CLEANUP(freep) char *directory = kw_strdup(path);
	const struct kw_file_target target = {
		.path = path,
		.mode = FILE_MODE,
		.gid = (gid_t)-1,
		.allow_disk = true, /* nothing secret */
	};

	*strrchr(directory, '/') = '\0';
	if (kw_directory_make(directory, err) < 0)
		return -1;
	*ret_written = !is_as_wanted(path, content);
	return *ret_written ? kw_file_replace(&target, content, err) : 0;
}
