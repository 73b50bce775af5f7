/* SPDX-License-Identifier: Apache-2.0 */
#include "node/loop.h"

#include "util/cleanup.h"

#include <errno.h>

int kw_loop_open(struct kw_loop *loop, struct kw_error *err)
{
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0)
		return kw_fail(err, KW_E_SYS_INTERNAL, "event loop: %m");
	return 0;
}

void kw_loop_close(struct kw_loop *loop)
{
	kw_fd_close(&loop->epoll);
}

int kw_loop_add(struct kw_loop *loop, struct kw_watch *watch, uint32_t events, struct kw_error *err)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, watch->fd, &event) < 0)
		return kw_fail(err, KW_E_SYS_INTERNAL, "event loop: %m");
	return 0;
}

void kw_loop_change(struct kw_loop *loop, struct kw_watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	(void)epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &event);
}

void kw_loop_drop(struct kw_loop *loop, struct kw_watch *watch)
{
	if (watch->fd >= 0)
		(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	kw_fd_close(&watch->fd);
}

int kw_loop_wait(struct kw_loop *loop, int timeout_ms, struct kw_error *err)
{
	struct epoll_event event;
	int n = epoll_wait(loop->epoll, &event, 1, timeout_ms);

	if (n < 0 && errno != EINTR)
		return kw_fail(err, KW_E_SYS_INTERNAL, "event loop: %m");
	if (n > 0) {
		struct kw_watch *watch = event.data.ptr;

		watch->ready(watch->ctx, event.events);
	}
	return 0;
}
