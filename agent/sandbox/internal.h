/* SPDX-License-Identifier: Apache-2.0 */
/* The layers of the sandbox, in the order in which they are put on. */
#pragma once

#include "sandbox/sandbox.h"

/* Files, ports and signals; fills landlock, files, ports, signals. No Landlock is no error. */
int kw_landlock_enter(const struct kw_sandbox *sandbox, struct kw_sandbox_state *ret,
		      struct kw_error *err) KW_MUST_USE;
/* The filter, for all threads. */
int kw_seccomp_enter(struct kw_error *err) KW_MUST_USE;
/* SIGSYS: one line that names the call, then the end. */
int kw_refusal_catch(struct kw_error *err) KW_MUST_USE;
