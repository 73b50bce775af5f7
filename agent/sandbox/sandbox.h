/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the process may still do, given up for good before its first thread and before the first
 * foreign byte: capabilities (capset), files, TCP ports and signals to others (Landlock), system
 * calls (seccomp). Every thread made later inherits all of it.
 *
 * The rules come from the configuration; a path that is not there yet is covered by its directory.
 * What the kernel lacks is left out and shown in the state, never assumed. A refused file is an
 * ordinary EACCES; a refused system call ends the process with one line that names it.
 *
 * libkeyward never enters a sandbox: it belongs to the program. Single-threaded.
 */
#pragma once

#include "util/error.h"

#include <stdint.h>

enum kw_sandbox_access {
	KW_SANDBOX_LIST,   /* directories below may be listed */
	KW_SANDBOX_READ,   /* files below may be read */
	KW_SANDBOX_WRITE,  /* and made, written, renamed, removed */
	KW_SANDBOX_DEVICE, /* read, write and, where the device has one, ioctl */
	KW_SANDBOX_EDIT,   /* this one file may be read, written and truncated */
};

enum { KW_SANDBOX_PORTS_MAX = 64 };

struct kw_sandbox_rule {
	enum kw_sandbox_access access;
	char *path;
};

/* Zeroed is the strictest: no file, no port. Owned; kw_sandbox_clear() frees what is inside. */
struct kw_sandbox {
	struct kw_sandbox_rule *rules;
	size_t n_rules;
	uint16_t connect[KW_SANDBOX_PORTS_MAX], bind[KW_SANDBOX_PORTS_MAX];
	size_t n_connect, n_bind;
	/* For a command that a person runs as root: the files of others stay within reach, as far
	 * as the rules allow. */
	bool keep_file_capabilities;
};

/* `path` itself if it is a directory, a device or one file that is written in place. */
void kw_sandbox_allow(struct kw_sandbox *sandbox, enum kw_sandbox_access access, const char *path);
/* The directory of `path`: for files that are replaced by renaming, or are links into it. */
void kw_sandbox_allow_around(struct kw_sandbox *sandbox, enum kw_sandbox_access access,
			     const char *path);
/* TCP. 0 for a bind is any port. Ports beyond KW_SANDBOX_PORTS_MAX are an error when entering. */
void kw_sandbox_allow_connect(struct kw_sandbox *sandbox, uint16_t port);
void kw_sandbox_allow_bind(struct kw_sandbox *sandbox, uint16_t port);
void kw_sandbox_clear(struct kw_sandbox *sandbox);

/* What is in force, for the log and /status. All false: --no-sandbox. */
struct kw_sandbox_state {
	bool no_new_privileges, no_capabilities, system_calls;
	int landlock;		    /* the kernel's ABI version; 0: it has none */
	bool files, ports, signals; /* what of Landlock that version brings */
};

/* Errors: SEC_SANDBOX. What has been given up before the error stays given up. */
int kw_sandbox_enter(const struct kw_sandbox *sandbox, struct kw_sandbox_state *ret,
		     struct kw_error *err) KW_MUST_USE;
/* "capabilities, system calls, files, ports, signals (Landlock 7)". Owned. */
char *kw_sandbox_text(const struct kw_sandbox_state *state);
