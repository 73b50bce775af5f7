/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: read with a cap, written whole or not at all. Paths are as configured; errors name them.
 * kw_file_replace() writes a temporary file of mode 0600 in the same directory, sets group and mode
 * on the descriptor, syncs, renames over the target and syncs the directory: a crash leaves the old
 * or the new.
 */
#pragma once

#include "util/bytes.h"
#include "util/error.h"
#include "util/secret.h"

#include <sys/types.h>

/* Regular files, those of sysfs and securityfs too (st_size is not believed); symbolic links are
 * followed. More than `max` bytes, or what is no regular file: `error`. */
int kw_file_read(const char *path, size_t max, enum kw_error_name error, struct kw_blob *ret,
		 struct kw_error *err) KW_MUST_USE;
/* The same into the arena, blanks at both ends trimmed: token files. */
int kw_file_read_secret(const char *path, size_t max, enum kw_error_name error,
			struct kw_secret *ret, struct kw_error *err) KW_MUST_USE;

struct kw_file_target {
	const char *path;
	mode_t mode;
	gid_t gid;	 /* (gid_t)-1: leave */
	bool allow_disk; /* otherwise only memory-backed file systems (tmpfs, ramfs) are accepted */
};
int kw_file_replace(const struct kw_file_target *target, struct kw_bytes content,
		    struct kw_error *err) KW_MUST_USE;
/* The file, and the temporary files that writers of it left when they were killed: nobody may be
 * writing it now. What is not there is removed already. OUT_WRITE. */
int kw_file_remove(const char *path, struct kw_error *err) KW_MUST_USE;
