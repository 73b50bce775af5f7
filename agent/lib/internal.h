/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of lib/ share. Included nowhere else. */
#pragma once

#include "service/service.h"

#include <keyward/keyward.h>
#include <signal.h>

struct keyward {
	char *name;	     /* of the configuration, for messages */
	struct kw_blob text; /* of it: a guest attestation reads it again, with its own endpoint */
	struct kw_config *config;
	struct kw_service *service; /* NULL until it is needed first */
};

/* The service of the context, opened now if it is not. */
int kw_lib_service(struct keyward *context, struct kw_service **ret,
		   struct kw_error *err) KW_MUST_USE;

/* Fills `ret` (NULL: not wanted). Both return -1, so that a caller can write `return ...`. */
int kw_lib_fail(const struct kw_error *err, struct keyward_error *ret);
int kw_lib_refuse(struct keyward_error *ret, const char *what); /* an argument is wrong */

/* Copies on the heap for the caller, a NUL behind. They abort when memory is out. */
void *kw_lib_copy(struct kw_bytes content);

/* A peer that closes its connection must not end the host: SIGPIPE is blocked in this thread for
 * the time of a call, and one that came is taken back. KW_CLEANUP(kw_lib_leave) ends it. */
struct kw_lib_call {
	sigset_t before;
	bool was_pending;
};
struct kw_lib_call kw_lib_enter(void);
void kw_lib_leave(struct kw_lib_call *call);
