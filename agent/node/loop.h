/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop of the node helper: descriptors and who wants to know of them. One thread. A watch
 * belongs to its owner, who may remove any of them, itself too, while it is being called: events
 * are taken one at a time.
 */
#pragma once

#include "util/error.h"

#include <stdint.h>
#include <sys/epoll.h>

struct kw_watch {
	int fd;
	void (*ready)(void *ctx, uint32_t events);
	void *ctx;
};

struct kw_loop {
	int epoll; /* -1: not open */
};

int kw_loop_open(struct kw_loop *loop, struct kw_error *err) KW_MUST_USE;
void kw_loop_close(struct kw_loop *loop);
/* EPOLLIN, EPOLLOUT; level-triggered. SYS_INTERNAL. */
int kw_loop_add(struct kw_loop *loop, struct kw_watch *watch, uint32_t events,
		struct kw_error *err) KW_MUST_USE;
void kw_loop_change(struct kw_loop *loop, struct kw_watch *watch, uint32_t events);
/* Also closes the descriptor and sets it to -1; one that is -1 is none. */
void kw_loop_drop(struct kw_loop *loop, struct kw_watch *watch);
/* Waits up to `timeout_ms` (-1: for good) for one event and passes it on. */
int kw_loop_wait(struct kw_loop *loop, int timeout_ms, struct kw_error *err) KW_MUST_USE;
