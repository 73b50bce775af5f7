/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include "site.h"
#include "util/clock.h"
#include "util/text.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { REASON_SIZE = 700, PATH_SIZE = 300 };

static int log_fd = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void lab_log_open(const char *dir)
{
	char *path = kw_format("%s/log", dir);

	log_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (log_fd < 0)
		lab_die("%s: %m", path);
	free(path);
}

void lab_log(enum lab_service service, const char *method, const char *path, const char *verdict,
	     const char *fmt, ...)
{
	char reason[REASON_SIZE], clean[REASON_SIZE], clean_path[PATH_SIZE],
		when[KW_TIME_TEXT_SIZE];
	va_list args;
	char *line;

	va_start(args, fmt);
	vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
	kw_text_clean(kw_bytes_text(reason), clean, sizeof(clean));
	kw_text_clean(kw_bytes_text(path), clean_path, sizeof(clean_path));
	kw_time_text(time(NULL), when);
	line = kw_format("%s %s %s %s %s%s%s\n", when, lab_service_name(service), method,
			 clean_path, verdict, clean[0] != '\0' ? " " : "", clean);
	pthread_mutex_lock(&lock);
	if (log_fd >= 0 && write(log_fd, line, strlen(line)) < 0)
		lab_die("writing the log: %m");
	pthread_mutex_unlock(&lock);
	free(line);
}

int64_t lab_now_s(void)
{
	return time(NULL) + (lab_site.options != NULL ? lab_site.options->time_offset_s : 0);
}

void lab_die(const char *fmt, ...)
{
	va_list args;

	fputs("keyward-lab: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	_exit(70);
}
