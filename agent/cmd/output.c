/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/output.h"

#include "util/file.h"

#include <errno.h>
#include <unistd.h>

static int write_all(struct kw_bytes content, struct kw_error *err)
{
	ssize_t n;

	for (size_t at = 0; at < content.len; at += (size_t)n) {
		do
			n = write(STDOUT_FILENO, content.data + at, content.len - at);
		while (n < 0 && errno == EINTR);
		if (n < 0)
			return kw_fail(err, KW_E_OUT_STDOUT, "writing the result: %m");
	}
	return 0;
}

static bool ends_with_newline(struct kw_bytes content)
{
	return content.len > 0 && content.data[content.len - 1] == '\n';
}

int kw_output_write(const struct kw_output *output, struct kw_bytes content, struct kw_error *err)
{
	const struct kw_file_target target = {
		.path = output->file,
		.mode = output->mode,
		.gid = (gid_t)-1,
		.allow_disk = output->allow_disk,
	};

	if (output->file)
		return kw_file_replace(&target, content, err);
	if (write_all(content, err) < 0)
		return -1;
	if (!output->is_text || ends_with_newline(content))
		return 0;
	return write_all(kw_bytes_text("\n"), err);
}
