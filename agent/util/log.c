/* SPDX-License-Identifier: Apache-2.0 */
#include "util/log.h"

#include "util/clock.h"
#include "util/json.h"
#include "util/text.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { LINE_SIZE = 2048 }; /* of the message and of its parts; more is cut */

enum { SILENT = KW_LOG_ERROR - 1 };

static _Atomic int max_level = SILENT;
static _Atomic int line_format = KW_LOG_AUTO;
static _Atomic int line_fd = STDERR_FILENO;

static const char *const level_names[] = { "error", "warning", "info", "debug" };

void kw_log_setup(enum kw_log_level level, enum kw_log_format format, int fd)
{
	atomic_store(&max_level, level);
	atomic_store(&line_format, format);
	atomic_store(&line_fd, fd);
}

void kw_log_set_level(enum kw_log_level level)
{
	atomic_store(&max_level, level);
}

bool kw_log_enabled(enum kw_log_level level)
{
	return (int)level <= atomic_load(&max_level);
}

static bool is_json(void)
{
	int format = atomic_load(&line_format);

	return format == KW_LOG_JSON || (format == KW_LOG_AUTO && !isatty(atomic_load(&line_fd)));
}

/* One write(2), so that lines of threads never mix. There is nobody to tell when it fails. */
static void write_line(const char *line)
{
	KW_CLEANUP(freep) char *ended = kw_format("%s\n", line);
	ssize_t n = 0;

	do
		n = write(atomic_load(&line_fd), ended, strlen(ended));
	while (n < 0 && errno == EINTR);
}

static char *clean(const char *text)
{
	char *cleaned = kw_strdup(text ? text : "");

	kw_text_clean(kw_bytes_text(text), cleaned, strlen(cleaned) + 1);
	return cleaned;
}

static void add_clean(struct kw_json *line, const char *name, const char *text)
{
	KW_CLEANUP(freep) char *cleaned = clean(text);

	if (cleaned[0] != '\0')
		kw_json_add_string(line, name, cleaned);
}

static void add_error(struct kw_json *line, const struct kw_error *err)
{
	add_clean(line, "id", err->def->id);
	add_clean(line, "stage", err->def->stage);
	add_clean(line, "detail", err->detail);
	if (err->upstream.status != 0)
		kw_json_add_int(line, "upstream_status", err->upstream.status);
	add_clean(line, "upstream_code", err->upstream.code);
	add_clean(line, "request_id", err->upstream.request_id);
	add_clean(line, "hint", err->def->remedy);
}

static void write_json(const char *time, enum kw_log_level level, const char *event,
		       const char *key, const char *message, const struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *line = kw_json_new_object();

	kw_json_add_string(line, "time", time);
	kw_json_add_string(line, "level", level_names[level]);
	add_clean(line, "event", event);
	add_clean(line, "key", key);
	add_clean(line, "message", message);
	if (err)
		add_error(line, err);
	KW_CLEANUP(freep) char *text = kw_json_print(line);
	write_line(text);
}

/* " (HTTP 400, code 'x', request 'y'; remedy)" */
static char *aside(const struct kw_error *err)
{
	const struct kw_error_upstream *up = &err->upstream;
	KW_CLEANUP(freep) char *status = NULL;

	if (up->status == 0)
		return kw_format(" (%s)", err->def->remedy);
	status = kw_format("HTTP %d", up->status);
	return kw_format(" (%s%s%s%s%s; %s)", status, up->code[0] ? ", code " : "", up->code,
			 up->request_id[0] ? ", request " : "", up->request_id, err->def->remedy);
}

static void write_text(const char *time, enum kw_log_level level, const char *event,
		       const char *key, const char *message, const struct kw_error *err)
{
	KW_CLEANUP(freep) char *note = err ? aside(err) : kw_strdup("");
	KW_CLEANUP(freep)
	char *line = kw_format("%s %s %s%s%s%s%s%s%s", time, level_names[level], event,
			       key ? " key='" : "", key ? key : "", key ? "'" : "",
			       message[0] ? " " : "", message, note);
	KW_CLEANUP(freep) char *cleaned = clean(line);

	write_line(cleaned);
}

static void write_event(enum kw_log_level level, const char *event, const char *key,
			const char *message, const struct kw_error *err)
{
	char time[KW_TIME_TEXT_SIZE];

	kw_time_text(kw_wall_s(&kw_clock_system), time);
	if (is_json())
		write_json(time, level, event, key, message, err);
	else
		write_text(time, level, event, key, message, err);
}

void kw_log(enum kw_log_level level, const char *event, const char *key, const char *fmt, ...)
{
	char message[LINE_SIZE];
	va_list args;

	if (!kw_log_enabled(level))
		return;
	va_start(args, fmt);
	int n = vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	write_event(level, event, key, n < 0 ? "" : message, NULL);
}

void kw_log_error(enum kw_log_level level, const char *event, const char *key,
		  const struct kw_error *err)
{
	if (!kw_log_enabled(level) || !err->def)
		return;
	KW_CLEANUP(freep) char *message = kw_format("%s: %s", err->def->id, err->detail);
	write_event(level, event, key, message, err);
}
