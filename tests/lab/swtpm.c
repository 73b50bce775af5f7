/* SPDX-License-Identifier: Apache-2.0 */
#include "swtpm.h"

#include "lab.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
	pid_t pid;
	int commands, control; /* our ends of two socket pairs */
} tpm = { .commands = -1, .control = -1 };

static void keep_across_exec(int fd)
{
	if (fcntl(fd, F_SETFD, 0) < 0)
		_exit(127);
}

static _Noreturn void become_swtpm(const char *dir, int commands, int control)
{
	char state[300], log[300], ctrl[64], fd[16];
	sigset_t none;
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL); /* the lab waits for signals with them blocked */
	snprintf(state, sizeof(state), "dir=%s/swtpm", dir);
	snprintf(log, sizeof(log), "file=%s/swtpm.log", dir);
	snprintf(ctrl, sizeof(ctrl), "type=unixio,clientfd=%d", control);
	snprintf(fd, sizeof(fd), "%d", commands);
	keep_across_exec(commands);
	keep_across_exec(control);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state, "--log", log, "--ctrl",
	       ctrl, "--fd", fd, "--flags", "not-need-init,startup-clear", (char *)NULL);
	fprintf(stderr, "keyward-lab: starting swtpm: %m\n");
	_exit(127);
}

void lab_swtpm_start(const char *dir)
{
	char state[300];
	int commands[2], control[2];
	snprintf(state, sizeof(state), "%s/swtpm", dir);
	if (mkdir(state, 0700) < 0 && errno != EEXIST)
		lab_die("mkdir %s: %m", state);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, commands) < 0
	    || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0)
		lab_die("socketpair: %m");
	tpm.pid = fork();
	if (tpm.pid < 0)
		lab_die("fork: %m");
	if (tpm.pid == 0)
		become_swtpm(dir, commands[1], control[1]);
	close(commands[1]);
	close(control[1]);
	tpm.commands = commands[0];
	tpm.control = control[0];
}

static void receive(uint8_t *ret, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = read(tpm.commands, ret + at, len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			lab_die("swtpm has gone; see swtpm.log in the lab's folder");
		at += (size_t)n;
	}
}

size_t lab_swtpm_exchange(const uint8_t *command, size_t len, uint8_t ret[LAB_TPM_MAX])
{
	if (send(tpm.commands, command, len, MSG_NOSIGNAL) != (ssize_t)len)
		lab_die("swtpm takes no command: %m");
	receive(ret, LAB_TPM_HEADER_SIZE);
	size_t size = (size_t)ret[2] << 24 | (size_t)ret[3] << 16 | (size_t)ret[4] << 8 | ret[5];
	if (size < LAB_TPM_HEADER_SIZE || size > LAB_TPM_MAX)
		lab_die("swtpm answers with %zu bytes", size);
	receive(ret + LAB_TPM_HEADER_SIZE, size - LAB_TPM_HEADER_SIZE);
	return size;
}

void lab_swtpm_stop(void)
{
	if (tpm.pid <= 0)
		return;
	close(tpm.commands);
	close(tpm.control);
	kill(tpm.pid, SIGTERM);
	waitpid(tpm.pid, NULL, 0);
	tpm.pid = 0;
	tpm.commands = tpm.control = -1;
}
