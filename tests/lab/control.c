/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include "connection.h"
#include "fault.h"
#include "identity.h"
#include "key_command.h"
#include "util/cleanup.h"
#include "util/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LINE_MAX_SIZE = 1 << 20, WORDS_MAX = 16, EXIT_REFUSED = 64, EXIT_ABSENT = 69 };

static int listener = -1, stop_pipe[2] = { -1, -1 };
static char *socket_path;
static pthread_t thread;

/* An address for D/control however long D is: through the descriptor of D, which stays open. */
static int address(const char *dir, struct sockaddr_un *ret)
{
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (fd >= 0)
		snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/control", fd);
	return fd;
}

static int connect_to(const char *dir)
{
	struct sockaddr_un to;
	KW_CLEANUP(kw_fd_close) int dir_fd = address(dir, &to);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (dir_fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

bool lab_control_alive(const char *dir)
{
	KW_CLEANUP(kw_fd_close) int fd = connect_to(dir);

	return fd >= 0;
}

/* Up to the end of the line, which is left out. */
static bool read_line(int fd, struct kw_blob *ret)
{
	uint8_t piece[4096];

	while (ret->len < LINE_MAX_SIZE) {
		ssize_t n = read(fd, piece, sizeof(piece));

		if (n <= 0)
			return false;
		kw_blob_append(ret, (struct kw_bytes){ piece, (size_t)n });
		if (ret->data[ret->len - 1] == '\n') {
			ret->len--;
			return true;
		}
	}
	return false;
}

static bool write_line(int fd, const struct kw_json *json)
{
	KW_CLEANUP(freep) char *text = kw_json_print(json);
	KW_CLEANUP(freep) char *line = kw_format("%s\n", text);
	size_t len = strlen(line), done = 0;

	while (done < len) {
		ssize_t n = send(fd, line + done, len - done, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static struct kw_json *read_json(int fd)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob line = { 0 };
	struct kw_json *json = NULL;
	struct kw_error err = { 0 };

	if (!read_line(fd, &line)
	    || kw_json_parse(kw_blob_bytes(&line), KW_JSON_STRICT, KW_E_SYS_DATA, &json, &err) < 0)
		return NULL;
	return json;
}

/* Commands that are words: the list of the request, handed to what understands it. */
static char *words_command(const struct kw_json *request, const char *command, bool *ret_ok)
{
	const struct kw_json *list = kw_json_get(request, "words");
	const char *words[WORDS_MAX];
	size_t n = 0;

	for (const struct kw_json *one = kw_json_first(list); one != NULL && n < WORDS_MAX;
	     one = kw_json_next(one))
		words[n++] = kw_json_string(one) != NULL ? kw_json_string(one) : "";
	if (strcmp(command, "fault") == 0)
		return lab_fault_command(words, n, ret_ok);
	return lab_identity_command(strcmp(command, "permit") == 0, words, n, ret_ok);
}

static void serve(int fd)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *request = read_json(fd);
	KW_CLEANUP(kw_json_freep) struct kw_json *answer = kw_json_new_object();
	KW_CLEANUP(freep) char *text = NULL;
	const char *command = kw_json_string(kw_json_get(request, "command"));
	bool ok = false;

	if (command == NULL)
		return;
	if (strcmp(command, "fault") == 0 || strcmp(command, "permit") == 0
	    || strcmp(command, "deny") == 0)
		text = words_command(request, command, &ok);
	else if (strcmp(command, "key") == 0)
		text = lab_key_command(request, &ok);
	else
		text = kw_format("unknown command '%s'", command);
	kw_json_add_bool(answer, "ok", ok);
	kw_json_add_string(answer, "text", text);
	write_line(fd, answer);
}

static void *listen_on(void *arg)
{
	struct pollfd wait[2] = { { .fd = listener, .events = POLLIN },
				  { .fd = stop_pipe[0], .events = POLLIN } };
	struct timeval patience = { .tv_sec = 5 };

	(void)arg;
	while (poll(wait, 2, -1) >= 0 || errno == EINTR) {
		if (wait[1].revents != 0)
			break;
		KW_CLEANUP(kw_fd_close) int fd = lab_accept(listener);

		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		serve(fd);
	}
	return NULL;
}

void lab_control_start(const char *dir)
{
	struct sockaddr_un at;
	KW_CLEANUP(kw_fd_close) int dir_fd = address(dir, &at);

	socket_path = kw_format("%s/control", dir);
	unlink(socket_path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (dir_fd < 0 || listener < 0 || bind(listener, (struct sockaddr *)&at, sizeof(at)) != 0
	    || listen(listener, 8) != 0 || pipe2(stop_pipe, O_CLOEXEC) != 0
	    || pthread_create(&thread, NULL, listen_on, NULL) != 0)
		lab_die("%s: %m", socket_path);
}

void lab_control_stop(void)
{
	if (write(stop_pipe[1], "", 1) != 1)
		lab_die("the control socket cannot be stopped");
	pthread_join(thread, NULL);
	kw_fd_close(&listener);
	kw_fd_close(&stop_pipe[0]);
	kw_fd_close(&stop_pipe[1]);
	unlink(socket_path);
	free(socket_path);
}

int lab_control_ask(const char *dir, struct kw_json *request)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *owned = request;
	KW_CLEANUP(kw_fd_close) int fd = connect_to(dir);
	KW_CLEANUP(kw_json_freep) struct kw_json *answer = NULL;
	const char *text;
	bool ok = false;

	if (fd < 0) {
		fprintf(stderr, "keyward-lab: no lab is up in '%s'\n", dir);
		return EXIT_ABSENT;
	}
	if (write_line(fd, owned))
		answer = read_json(fd);
	text = kw_json_string(kw_json_get(answer, "text"));
	if (text == NULL || !kw_json_bool(kw_json_get(answer, "ok"), &ok)) {
		fprintf(stderr, "keyward-lab: the lab in '%s' does not answer\n", dir);
		return EXIT_ABSENT;
	}
	if (!ok)
		fprintf(stderr, "keyward-lab: %s\n", text);
	else if (text[0] != '\0')
		puts(text);
	return ok ? 0 : EXIT_REFUSED;
}
