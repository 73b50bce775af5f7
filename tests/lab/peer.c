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

enum { LINK_SIZE = 64, PATH_SIZE = 64 };

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

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

/* What a link in /proc/PID/fd says for their socket. */
static bool socket_of(int fd, char ret[LINK_SIZE])
{
	KW_CLEANUP(close_file) FILE *table = fopen("/proc/self/net/tcp", "re");
	char ends[64], line[256];
	unsigned long inode = 0;
	if (!table || !ends_of(fd, ends, sizeof(ends)))
		return false;
	while (inode == 0 && fgets(line, sizeof(line), table))
		if (strstr(line, ends)
		    && sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %lu", &inode) != 1)
			return false;
	snprintf(ret, LINK_SIZE, "socket:[%lu]", inode);
	return inode != 0;
}

static bool holds(pid_t pid, const char *socket)
{
	char path[PATH_SIZE], link[LINK_SIZE];
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	KW_CLEANUP(close_dir) DIR *dir = opendir(path);
	bool found = false;
	for (struct dirent *entry = dir ? readdir(dir) : NULL; entry && !found;
	     entry = readdir(dir)) {
		ssize_t len = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);
		link[len > 0 ? len : 0] = '\0';
		found = strcmp(link, socket) == 0;
	}
	return found;
}

pid_t lab_peer_pid(int fd, pid_t first)
{
	char socket[LINK_SIZE];
	if (!socket_of(fd, socket))
		return 0;
	if (first > 0 && holds(first, socket))
		return first;
	KW_CLEANUP(close_dir) DIR *processes = opendir("/proc");
	pid_t found = 0;
	for (struct dirent *entry = processes ? readdir(processes) : NULL; entry && found == 0;
	     entry = readdir(processes)) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (pid > 0 && holds(pid, socket))
			found = pid;
	}
	return found;
}
