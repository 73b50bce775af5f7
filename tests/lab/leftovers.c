/* SPDX-License-Identifier: Apache-2.0 */
#include "leftovers.h"

#include "lab.h"
#include "peer.h"
#include "tpm_command.h"

#include <poll.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

enum {
	LEFTOVERS_MAX = 128, /* more than the TPM has places for */
	PROCESSES_MAX = 64,
	IDLE_S = 20,
	PROCESS_UNKNOWN = -1,
	PROCESS_NONE = -2,
};

/* Processes whose TCTI reconnects. The descriptor becomes readable when the process ends. */
static struct process {
	pid_t pid; /* 0: free */
	int fd;
} processes[PROCESSES_MAX];

/* Belongs to a process (its place above), or to a connection (PROCESS_NONE), or to whoever uses it
 * (PROCESS_UNKNOWN). */
static struct leftover {
	uint32_t handle; /* 0: free */
	int process;
	unsigned long connection;
	time_t used_s;
} leftovers[LEFTOVERS_MAX];

static pid_t last_pid; /* most often the same one again */

static time_t now_s(void)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec;
}

static bool ended(const struct process *process)
{
	struct pollfd poll_fd = { .fd = process->fd, .events = POLLIN };
	return poll(&poll_fd, 1, 0) != 0;
}

static void forget_process(struct process *process)
{
	close(process->fd);
	process->pid = 0;
}

static int find_process(pid_t pid)
{
	for (int i = 0; i < PROCESSES_MAX; i++)
		if (processes[i].pid == pid && !ended(&processes[i]))
			return i;
	return PROCESS_NONE;
}

void lab_leftovers_reconnects(int fd)
{
	pid_t pid = lab_peer_pid(fd, last_pid);
	if (pid <= 0)
		return;
	last_pid = pid;
	lab_leftovers_sweep();
	if (find_process(pid) != PROCESS_NONE)
		return;
	for (size_t i = 0; i < PROCESSES_MAX; i++) {
		if (processes[i].pid != 0)
			continue;
		processes[i].fd = pidfd_open(pid, 0);
		processes[i].pid = processes[i].fd >= 0 ? pid : 0;
		return;
	}
}

static void drop(struct leftover *leftover)
{
	lab_tpm_flush(leftover->handle); /* it may have gone by itself */
	leftover->handle = 0;
}

static void drop_those_of(const struct process *process)
{
	for (size_t i = 0; i < LEFTOVERS_MAX; i++)
		if (leftovers[i].handle != 0 && leftovers[i].process == process - processes)
			drop(&leftovers[i]);
}

void lab_leftovers_sweep(void)
{
	for (size_t i = 0; i < PROCESSES_MAX; i++) {
		if (processes[i].pid == 0 || !ended(&processes[i]))
			continue;
		drop_those_of(&processes[i]);
		forget_process(&processes[i]);
	}
	for (size_t i = 0; i < LEFTOVERS_MAX; i++)
		if (leftovers[i].handle != 0 && leftovers[i].process == PROCESS_UNKNOWN
		    && now_s() - leftovers[i].used_s > IDLE_S)
			drop(&leftovers[i]);
}

/* A handle that the TPM gives out again is no longer the former owner's. */
static void forget(uint32_t handle)
{
	for (size_t i = 0; i < LEFTOVERS_MAX; i++)
		if (leftovers[i].handle == handle)
			leftovers[i].handle = 0;
}

static int owner_of(const struct lab_client *client)
{
	pid_t pid = lab_peer_pid(client->fd, last_pid);
	if (pid > 0) {
		last_pid = pid;
		return find_process(pid);
	}
	return client->n_commands > 1 ? PROCESS_NONE : PROCESS_UNKNOWN;
}

static void remember(const struct lab_client *client, uint32_t handle)
{
	forget(handle);
	for (size_t i = 0; i < LEFTOVERS_MAX; i++) {
		if (leftovers[i].handle != 0)
			continue;
		leftovers[i] =
			(struct leftover){ handle, owner_of(client), client->connection, now_s() };
		return;
	}
}

static void touch(uint32_t handle)
{
	for (size_t i = 0; i < LEFTOVERS_MAX; i++)
		if (handle != 0 && leftovers[i].handle == handle)
			leftovers[i].used_s = now_s();
}

static bool gives_handle(uint32_t code)
{
	switch (code) {
	case LAB_CC_CREATE_PRIMARY:
	case LAB_CC_LOAD:
	case LAB_CC_LOAD_EXTERNAL:
	case LAB_CC_CREATE_LOADED:
	case LAB_CC_CONTEXT_LOAD:
	case LAB_CC_START_AUTH_SESSION:
	case LAB_CC_HMAC_START:
	case LAB_CC_HASH_SEQUENCE_START:
		return true;
	default:
		return false;
	}
}

static bool is_session(uint32_t handle)
{
	return handle >> 24 == 0x02 || handle >> 24 == 0x03;
}

void lab_leftovers_note(const struct lab_client *client, struct kw_bytes command,
			struct kw_bytes response)
{
	struct kw_cursor sent = { .in = command }, got = { .in = response };
	uint32_t code = 0, first = 0, handle = 0;
	if (!kw_skip(&sent, 6) || !kw_take_be32(&sent, &code))
		return;
	if (gives_handle(code) && kw_skip(&got, LAB_TPM_HEADER_SIZE) && kw_take_be32(&got, &handle))
		remember(client, handle);
	if (!kw_take_be32(&sent, &first))
		return;
	if (code == LAB_CC_FLUSH_CONTEXT || (code == LAB_CC_CONTEXT_SAVE && is_session(first)))
		forget(first);
	else
		touch(first);
}

void lab_leftovers_closed(const struct lab_client *client)
{
	for (size_t i = 0; i < LEFTOVERS_MAX; i++)
		if (leftovers[i].handle != 0 && leftovers[i].process == PROCESS_NONE
		    && leftovers[i].connection == client->connection)
			drop(&leftovers[i]);
}
