/* SPDX-License-Identifier: Apache-2.0 */
#include "server/audit.h"

#include "util/json.h"
#include "util/log.h"
#include "util/memory.h"
#include "util/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

enum { AUDIT_MODE = 0600, KEY_TEXT_SIZE = 128 };

struct kw_audit {
	char *path;
	const struct kw_clock *clock;
	int fd;
	bool torn;    /* the last line was written in part */
	bool failing; /* said once, until it works again */
};

int kw_audit_open(const struct kw_config *config, const struct kw_clock *clock,
		  struct kw_audit **ret, struct kw_error *err)
{
	const char *path = config->audit.path;
	struct kw_audit *audit = NULL;
	int fd = -1;

	*ret = NULL;
	if (path[0] == '\0')
		return 0;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW,
		  AUDIT_MODE);
	if (fd < 0)
		return kw_fail(err, KW_E_SRV_AUDIT, "audit.path: opening %s: %m", path);
	audit = kw_alloc(sizeof(*audit));
	*audit = (struct kw_audit){ .path = kw_strdup(path), .clock = clock, .fd = fd };
	*ret = audit;
	return 0;
}

void kw_audit_free(struct kw_audit *audit)
{
	if (audit == NULL)
		return;
	kw_fd_close(&audit->fd);
	free(audit->path);
	free(audit);
}

static const char *listener_text(enum kw_listener_kind kind)
{
	switch (kind) {
	case KW_LISTENER_TCP:
		return "tcp";
	case KW_LISTENER_SOCKET:
		return "socket";
	case KW_LISTENER_HEALTH:
		return "health";
	}
	return "";
}

static void add_caller(struct kw_json *line, const struct kw_caller *caller)
{
	struct kw_json *who = kw_json_add_object(line, "caller");

	kw_json_add_string(who, "listener", listener_text(caller->listener));
	if (caller->listener == KW_LISTENER_SOCKET) {
		kw_json_add_int(who, "uid", caller->uid);
		kw_json_add_int(who, "gid", caller->gid);
	}
	if (caller->token[0] != '\0')
		kw_json_add_string(who, "token", caller->token);
}

static char *line_of(const struct kw_audit *audit, const struct kw_audit_record *record)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *line = kw_json_new_object();
	KW_CLEANUP(freep) char *text = NULL;
	char time[KW_TIME_TEXT_SIZE], key[KEY_TEXT_SIZE];

	kw_time_text(kw_wall_s(audit->clock), time);
	kw_text_clean(kw_bytes_text(record->key), key,
		      sizeof(key)); /* a caller may have made it up */
	kw_json_add_string(line, "time", time);
	add_caller(line, record->caller);
	kw_json_add_string(line, "key", record->key != NULL ? key : NULL);
	kw_json_add_string(line, "version", record->version);
	kw_json_add_string(line, "action", record->action);
	kw_json_add_string(line, "outcome", record->outcome);
	text = kw_json_print(line);
	return kw_format("%s%s\n", audit->torn ? "\n" : "", text);
}

static bool append(struct kw_audit *audit, const char *line)
{
	ssize_t len = (ssize_t)strlen(line), n = 0;

	errno = ENOSPC; /* what a short write means */
	do
		n = write(audit->fd, line, (size_t)len);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		audit->torn = n < len;
	return n == len;
}

bool kw_audit_write(struct kw_audit *audit, const struct kw_audit_record *record)
{
	KW_CLEANUP(freep) char *line = line_of(audit, record);
	struct kw_error err = { 0 };

	if (append(audit, line)) {
		audit->failing = false;
		return true;
	}
	(void)kw_fail(&err, KW_E_SRV_AUDIT, "appending to %s: %m", audit->path);
	if (!audit->failing)
		kw_log_error(KW_LOG_ERROR, "audit", NULL, &err);
	audit->failing = true;
	return false;
}
