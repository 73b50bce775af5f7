/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/termination.h"

#include "util/cleanup.h"
#include "util/json.h"
#include "util/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static char *line_of(const struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *object = kw_json_new_object();
	KW_CLEANUP(freep) char *text = NULL;

	kw_json_add_string(object, "id", err->def->id);
	kw_json_add_string(object, "stage", err->def->stage);
	kw_json_add_int(object, "exit", err->def->exit_status);
	kw_json_add_string(object, "detail", err->detail);
	kw_json_add_string(object, "hint", err->def->remedy);
	text = kw_json_print(object);
	return kw_format("%s\n", text);
}

void kw_termination_write(const char *path, const struct kw_error *err)
{
	KW_CLEANUP(freep) char *line = NULL;
	KW_CLEANUP(kw_fd_close) int fd = -1;
	struct stat st;

	if (path == NULL || err->def == NULL)
		return;
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || ftruncate(fd, 0) < 0)
		return;
	line = line_of(err);
	(void)!write(fd, line, strlen(line));
}
