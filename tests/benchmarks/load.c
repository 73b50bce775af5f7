/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Load for what wrk cannot do: Unix sockets, and connections that only wait. One thread, epoll.
 *
 *   load get N CONNECTIONS WHERE PATH     N requests over keep-alive connections; one line of JSON
 * with rate and latencies load hold IDLE SLOW WHERE PATH        opens them, prints "held", feeds
 * the slow ones one byte per second until SIGTERM
 *
 * WHERE is a port on 127.0.0.1 or the path of a Unix socket.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, ANSWER_SIZE = 64 << 10, REQUEST_SIZE = 512 };

struct connection {
	int fd;
	size_t have, want; /* bytes of the answer; want 0: its headers are not whole yet */
	int64_t begun_ns;
	char answer[ANSWER_SIZE];
};

static char request[REQUEST_SIZE];
static size_t request_size;

static void die(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int connect_to(const char *where)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	bool is_path = where[0] == '/';
	int fd = socket(is_path ? AF_UNIX : AF_INET, SOCK_STREAM, 0);

	in.sin_port = htons((uint16_t)strtoul(where, NULL, 10));
	(void)snprintf(local.sun_path, sizeof(local.sun_path), "%s", where);
	if (connect(fd, is_path ? (struct sockaddr *)&local : (struct sockaddr *)&in,
		    is_path ? sizeof(local) : sizeof(in))
	    < 0)
		die("connect");
	return fd;
}

static void ask(struct connection *c)
{
	c->have = c->want = 0;
	c->begun_ns = now_ns();
	if (write(c->fd, request, request_size) != (ssize_t)request_size)
		die("write");
}

/* True: the answer is whole, and it is a 200. */
static bool take(struct connection *c)
{
	ssize_t n = read(c->fd, c->answer + c->have, sizeof(c->answer) - 1 - c->have);
	const char *end, *length;

	if (n <= 0)
		die("the server closed a connection");
	c->have += (size_t)n;
	c->answer[c->have] = '\0';
	if (c->want == 0 && (end = strstr(c->answer, "\r\n\r\n")) != NULL) {
		length = strstr(c->answer, "Content-Length: ");
		if (strncmp(c->answer, "HTTP/1.1 200", 12) != 0 || length == NULL || length > end) {
			fprintf(stderr, "not the answer that was asked for: %.80s\n", c->answer);
			exit(EXIT_FAILURE);
		}
		c->want = (size_t)(end + 4 - c->answer) + strtoul(length + 16, NULL, 10);
	}
	return c->want != 0 && c->have >= c->want;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void report(int64_t *latencies_ns, size_t n, int64_t took_ns)
{
	qsort(latencies_ns, n, sizeof(*latencies_ns), by_value);
	printf("{\"requests\": %zu, \"rate\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f, "
	       "\"max_us\": %.1f}\n",
	       n, (double)n * 1e9 / (double)took_ns, (double)latencies_ns[n / 2] / 1e3,
	       (double)latencies_ns[n * 99 / 100] / 1e3, (double)latencies_ns[n - 1] / 1e3);
}

static void get(size_t n, size_t n_connections, const char *where)
{
	struct connection *connections = calloc(n_connections, sizeof(*connections));
	int64_t *latencies_ns = calloc(n, sizeof(*latencies_ns)), begun_ns;
	struct epoll_event events[EVENTS];
	size_t asked = 0, done = 0;
	int epoll = epoll_create1(0);

	if (connections == NULL || latencies_ns == NULL)
		die("memory");
	for (size_t i = 0; i < n_connections; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = &connections[i] };

		connections[i].fd = connect_to(where);
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, connections[i].fd, &event) < 0)
			die("epoll");
	}
	begun_ns = now_ns();
	for (; asked < n_connections && asked < n; asked++)
		ask(&connections[asked]);
	while (done < n) {
		int ready = epoll_wait(epoll, events, EVENTS, 30000);

		if (ready <= 0)
			die("no answer within 30 s");
		for (int i = 0; i < ready; i++) {
			struct connection *c = events[i].data.ptr;

			if (!take(c))
				continue;
			latencies_ns[done++] = now_ns() - c->begun_ns;
			if (asked < n) {
				ask(c);
				asked++;
			}
		}
	}
	report(latencies_ns, n, now_ns() - begun_ns);
}

static void hold(size_t n_idle, size_t n_slow, const char *where)
{
	int *slow = calloc(n_slow + 1, sizeof(*slow));

	for (size_t i = 0; i < n_idle; i++)
		(void)connect_to(where);
	for (size_t i = 0; i < n_slow; i++)
		slow[i] = connect_to(where);
	puts("held");
	(void)fflush(stdout);
	for (size_t byte = 0; byte + 8 < request_size; byte++) {
		for (size_t i = 0; i < n_slow; i++)
			(void)!write(slow[i], request + byte, 1);
		(void)sleep(1);
	}
	(void)pause();
}

int main(int argc, char **argv)
{
	if (argc != 6) {
		fprintf(stderr, "usage: load get N CONNECTIONS WHERE PATH | load hold IDLE SLOW "
				"WHERE PATH\n");
		return EXIT_FAILURE;
	}
	request_size = (size_t)snprintf(request, sizeof(request),
					"GET %s HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n",
					argv[5]);
	if (strcmp(argv[1], "get") == 0)
		get(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10), argv[4]);
	else
		hold(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10), argv[4]);
	return EXIT_SUCCESS;
}
