/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The yardstick: a server that is nothing but libmicrohttpd, in one epoll thread as keyward's,
 * which gives one prepared answer to whatever it is asked.
 *
 *   bare SIZE PORT|PATH     a body of SIZE bytes, on 127.0.0.1:PORT or on the Unix socket PATH
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 1024, CONNECTIONS = 12000 };

static enum MHD_Result answer(void *response, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *size, void **state)
{
	static int seen;

	(void)url;
	(void)method;
	(void)version;
	(void)upload;
	(void)size;
	if (*state == NULL) { /* the headers alone: the answer is given when the request is whole */
		*state = &seen;
		return MHD_YES;
	}
	return MHD_queue_response(connection, MHD_HTTP_OK, response);
}

static int listen_on(const char *where)
{
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int is_path = where[0] == '/', on = 1;
	int fd = socket(is_path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	in.sin_port = htons((uint16_t)strtoul(where, NULL, 10));
	(void)snprintf(local.sun_path, sizeof(local.sun_path), "%s", where);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, is_path ? (struct sockaddr *)&local : (struct sockaddr *)&in,
		 is_path ? sizeof(local) : sizeof(in))
		    < 0
	    || listen(fd, BACKLOG) < 0) {
		perror(where);
		exit(EXIT_FAILURE);
	}
	return fd;
}

int main(int argc, char **argv)
{
	size_t size = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
	struct MHD_Response *response;
	struct MHD_Daemon *daemon;
	char *body;

	if (argc != 3 || (body = malloc(size + 1)) == NULL)
		return EXIT_FAILURE;
	memset(body, 'k', size);
	response = MHD_create_response_from_buffer(size, body, MHD_RESPMEM_MUST_FREE);
	(void)MHD_add_response_header(response, "Content-Type", "application/jwk+json");
	(void)MHD_add_response_header(response, "Cache-Control", "no-store");
	(void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, response,
				  MHD_OPTION_LISTEN_SOCKET, listen_on(argv[2]),
				  MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS, MHD_OPTION_END);
	if (daemon == NULL)
		return EXIT_FAILURE;
	(void)pause();
	return EXIT_SUCCESS;
}
