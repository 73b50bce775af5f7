/* SPDX-License-Identifier: Apache-2.0 */
#include "peer.h"

#include "util/cleanup.h"

#include <dirent.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINK_SIZE = 64, PATH_SIZE = 400, INODE_FIELD = 9 };

static void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

/* The two ends as /proc/net/tcp writes them: "ADDRESS:PORT ADDRESS:PORT", theirs first. */
static bool ends_of(int fd, char *ret, size_t size)
{
	struct sockaddr_in ours = { 0 }, theirs = { 0 };
	socklen_t len = sizeof(ours), their_len = sizeof(theirs);
	if (getsockname(fd, (struct sockaddr *)&ours, &len) < 0 || ours.sin_family != AF_INET
	    || getpeername(fd, (struct sockaddr *)&theirs, &their_len) < 0)
		return false;
	snprintf(ret, size, " %08X:%04X %08X:%04X ", theirs.sin_addr.s_addr, ntohs(theirs.sin_port),
		 ours.sin_addr.s_addr, ntohs(ours.sin_port));
	return true;
}

/* The n-th word of a line, counted from 0. */
static const char *field(const char *line, unsigned n)
{
	line += strspn(line, " ");
	for (; n > 0; n--) {
		line += strcspn(line, " ");
		line += strspn(line, " ");
	}
	return line;
}

/* What a link in /proc/PID/fd says for their socket. */
static bool socket_of(int fd, char ret[LINK_SIZE])
{
	KW_CLEANUP(close_file) FILE *table = fopen("/proc/self/net/tcp", "re");
	char ends[64], line[256];
	unsigned long inode = 0;
	if (!table || !ends_of(fd, ends, sizeof(ends)))
		return false;
	while (inode == 0 && fgets(line, sizeof(line), table))
		if (strstr(line, ends))
			inode = strtoul(field(line, INODE_FIELD), NULL, 10);
	snprintf(ret, LINK_SIZE, "socket:[%lu]", inode);
	return inode != 0;
}

static bool links_to(const char *dir, const char *name, const char *socket)
{
	char path[PATH_SIZE], link[LINK_SIZE];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	ssize_t len = readlink(path, link, sizeof(link) - 1);
	link[len > 0 ? len : 0] = '\0';
	return strcmp(link, socket) == 0;
}

static void free_names(struct dirent **names, int n)
{
	for (int i = 0; i < n; i++)
		free(names[i]);
	if (n >= 0)
		free(names);
}

static bool holds(pid_t pid, const char *socket)
{
	char dir[LINK_SIZE];
	struct dirent **names = NULL;
	bool found = false;
	snprintf(dir, sizeof(dir), "/proc/%d/fd", (int)pid);
	int n = scandir(dir, &names, NULL, NULL);
	for (int i = 0; i < n && !found; i++)
		found = links_to(dir, names[i]->d_name, socket);
	free_names(names, n);
	return found;
}

pid_t lab_peer_pid(int fd, pid_t first)
{
	char socket[LINK_SIZE];
	struct dirent **names = NULL;
	pid_t found = 0;
	if (!socket_of(fd, socket))
		return 0;
	if (first > 0 && holds(first, socket))
		return first;
	int n = scandir("/proc", &names, NULL, NULL);
	for (int i = 0; i < n && found == 0; i++) {
		pid_t pid = (pid_t)strtol(names[i]->d_name, NULL, 10);
		if (pid > 0 && holds(pid, socket))
			found = pid;
	}
	free_names(names, n);
	return found;
}
