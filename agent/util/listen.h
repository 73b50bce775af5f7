/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening sockets: TCP at a literal address, or a Unix socket whose mode and group are set before
 * anybody can connect. Descriptors are close-on-exec and do not block. Any thread.
 */
#pragma once

#include "util/error.h"

#include <sys/socket.h>
#include <sys/types.h>

struct kw_address {
	struct sockaddr_storage socket;
	socklen_t len;
};

/* "127.0.0.1:8080" or "[::1]:8080": literals alone, the port from 1. */
bool kw_address_parse(const char *text, struct kw_address *ret) KW_MUST_USE;

/* CFG_VALUE: not of that form. SRV_LISTEN. */
int kw_listen_tcp(const char *text, int *ret, struct kw_error *err) KW_MUST_USE;

struct kw_listen_target {
	const char *path;
	mode_t mode;
	gid_t gid; /* (gid_t)-1: leave */
};
/* A socket file that nobody listens on is the remnant of an earlier run and goes; one that is in
 * use is SRV_LISTEN. CFG_VALUE: the path is too long for a socket. */
int kw_listen_unix(const struct kw_listen_target *target, int *ret,
		   struct kw_error *err) KW_MUST_USE;
/* CFG_VALUE: too long. For whoever connects. */
int kw_unix_address(const char *path, struct kw_address *ret, struct kw_error *err) KW_MUST_USE;
