/* SPDX-License-Identifier: Apache-2.0 */
#include "node/socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_SIZE = 16 << 10, READS_MAX = 8 /* then others have their turn */ };

int kw_socket_open(struct kw_socket *socket, int fd, void (*ready)(void *ctx, uint32_t events),
		   void *ctx, struct kw_error *err)
{
	socket->watch = (struct kw_watch){ fd, ready, ctx };
	if (kw_loop_add(socket->loop, &socket->watch, EPOLLIN, err) == 0)
		return 0;
	kw_fd_close(&socket->watch.fd);
	return -1;
}

void kw_socket_close(struct kw_socket *socket)
{
	kw_loop_drop(socket->loop, &socket->watch);
}

/* False: broken. */
static bool send_pending(struct kw_socket *socket)
{
	struct kw_bytes out;

	while ((out = kw_grpc_pending(socket->session)).len > 0) {
		ssize_t n = send(socket->watch.fd, out.data, out.len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		kw_grpc_sent(socket->session, (size_t)n);
	}
	return true;
}

static bool receive(struct kw_socket *socket)
{
	uint8_t in[READ_SIZE];

	for (int i = 0; i < READS_MAX && socket->session->pending.len == 0; i++) {
		ssize_t n = recv(socket->watch.fd, in, sizeof(in), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		if (n == 0 || !kw_grpc_feed(socket->session, (struct kw_bytes){ in, (size_t)n }))
			return false;
		if (!send_pending(socket))
			return false;
	}
	return true;
}

bool kw_socket_pump(struct kw_socket *socket)
{
	bool goes_on = send_pending(socket) && receive(socket);
	bool is_left = socket->session->pending.len > 0;

	if (!is_left)
		socket->stuck_since_ms = 0;
	else if (socket->stuck_since_ms == 0)
		socket->stuck_since_ms = kw_boot_ms(socket->clock);
	kw_loop_change(socket->loop, &socket->watch, is_left ? EPOLLOUT : EPOLLIN);
	return goes_on && !kw_grpc_is_over(socket->session);
}

bool kw_socket_is_stuck(const struct kw_socket *socket)
{
	return socket->stuck_since_ms != 0
	       && kw_boot_ms(socket->clock) - socket->stuck_since_ms >= KW_GRPC_CALL_MS;
}
