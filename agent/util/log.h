/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one line per event on stderr, as text for people or JSON lines for collectors. Rooms
 * below cmd/, server/ and service/ return errors and do not log. Never pass a secret: there is no
 * format for one. Thread-safe; a line is one write(2).
 */
#pragma once

#include "util/attributes.h"
#include "util/error.h"

enum kw_log_level { KW_LOG_ERROR, KW_LOG_WARNING, KW_LOG_INFO, KW_LOG_DEBUG };
enum kw_log_format {
	KW_LOG_AUTO,
	KW_LOG_TEXT,
	KW_LOG_JSON
}; /* auto: text on a terminal, JSON otherwise */

/* Before it is called nothing is written: a library does not write to its host's stderr. */
void kw_log_setup(enum kw_log_level level, enum kw_log_format format, int fd);
void kw_log_set_level(enum kw_log_level level); /* alone: at a reload */
bool kw_log_enabled(enum kw_log_level level);

/* `key` is the configured key's name or NULL; `event` a short fixed word ("released", "attested").
 */
void kw_log(enum kw_log_level level, const char *event, const char *key, const char *fmt, ...)
	KW_PRINTF(4, 5);
/* The same with an error: id, stage, detail, upstream and the remedy become members of the line. */
void kw_log_error(enum kw_log_level level, const char *event, const char *key,
		  const struct kw_error *err);
