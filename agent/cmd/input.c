/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/input.h"

#include "util/cleanup.h"
#include "util/file.h"

#include <errno.h>
#include <unistd.h>

/* One byte more than is allowed tells that there is too much. */
static int read_standard_input(size_t max, struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret input = { 0 };
	size_t len = 0;
	ssize_t n = 1;

	if (kw_secret_new(max + 1, &input, err) < 0)
		return -1;
	while (n != 0 && len < input.len) {
		n = read(STDIN_FILENO, input.data + len, input.len - len);
		if (n < 0 && errno != EINTR)
			return kw_fail(err, KW_E_SYS_FILE, "standard input: %m");
		if (n > 0)
			len += (size_t)n;
	}
	if (len > max)
		return kw_fail(err, KW_E_SYS_FILE, "standard input is more than %zu bytes", max);
	kw_secret_shrink(&input, len);
	kw_secret_move(ret, &input);
	return 0;
}

int kw_input_read(const char *path, size_t max, struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob file = { 0 };
	int result;

	if (path == NULL)
		return read_standard_input(max, ret, err);
	if (kw_file_read(path, max, KW_E_SYS_FILE, &file, err) < 0)
		return -1;
	result = kw_secret_take(kw_blob_bytes(&file), ret, err);
	kw_wipe(file.data, file.len);
	return result;
}
