/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A software TPM for one test program: swtpm on two loopback ports with a state directory of its
 * own, ended by its process id. It is a bare TPM without a resource manager, one client at a time.
 */
#pragma once

#include "evidence/guest.h"
#include "evidence/tpm.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

struct swtpm {
	pid_t pid; /* 0: not running */
	uint16_t port;
	char dir[64];
	char tcti[64];
};

static inline bool swtpm_installed(void)
{
	return access("/usr/bin/swtpm", X_OK) == 0;
}

static inline bool swtpm_port_is_free(uint16_t port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_free = bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0;

	close(fd);
	return is_free;
}

/* A free port whose successor is free, too. Test programs that run side by side start to look at
 * different places, below the ports that the kernel gives away. */
static inline uint16_t swtpm_ports(void)
{
	static uint16_t next;

	for (;; next++) {
		uint16_t port = (uint16_t)(10000 + 2 * ((getpid() + next) % 10000));

		if (!swtpm_port_is_free(port) || !swtpm_port_is_free((uint16_t)(port + 1)))
			continue;
		next++;
		return port;
	}
}

static inline void swtpm_exec(const struct swtpm *t)
{
	char state[96], server[64], control[64];

	snprintf(state, sizeof(state), "dir=%s", t->dir);
	snprintf(server, sizeof(server), "type=tcp,port=%u,bindaddr=127.0.0.1", t->port);
	snprintf(control, sizeof(control), "type=tcp,port=%u,bindaddr=127.0.0.1", t->port + 1u);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execl("/usr/bin/swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state, "--server",
	      server, "--ctrl", control, "--flags", "not-need-init,startup-clear", (char *)NULL);
	_exit(127);
}

static inline bool swtpm_answers(const struct swtpm *t)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_port = htons(t->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool yes = connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0;

	close(fd);
	return yes;
}

/* Starts it on its state directory; after a stop this is a reset of the same TPM. */
static inline void swtpm_start(struct swtpm *t)
{
	const struct timespec pause = { .tv_nsec = 5000000 };

	if (t->dir[0] == '\0') {
		snprintf(t->dir, sizeof(t->dir), "/tmp/keyward-swtpm-XXXXXX");
		guest_want(mkdtemp(t->dir) != NULL);
	}
	t->port = swtpm_ports();
	snprintf(t->tcti, sizeof(t->tcti), "swtpm:host=127.0.0.1,port=%u", t->port);
	t->pid = fork();
	guest_want(t->pid >= 0);
	if (t->pid == 0)
		swtpm_exec(t);
	for (int i = 0; i < 2000 && !swtpm_answers(t); i++)
		nanosleep(&pause, NULL);
}

static inline void swtpm_stop(struct swtpm *t)
{
	if (t->pid > 0) {
		kill(t->pid, SIGTERM);
		waitpid(t->pid, NULL, 0);
	}
	t->pid = 0;
}

/* The state directory is flat. */
static inline void swtpm_remove(struct swtpm *t)
{
	struct dirent **entries = NULL;
	int n;

	swtpm_stop(t);
	if (t->dir[0] == '\0')
		return;
	n = scandir(t->dir, &entries, NULL, NULL);
	for (int i = 0; i < n; i++) {
		char path[sizeof(t->dir) + 1 + sizeof(entries[i]->d_name)];

		snprintf(path, sizeof(path), "%s/%s", t->dir, entries[i]->d_name);
		unlink(path);
		free(entries[i]);
	}
	free(entries);
	rmdir(t->dir);
	t->dir[0] = '\0';
}
