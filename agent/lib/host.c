/* SPDX-License-Identifier: Apache-2.0 */
/* What touches the host: its memory and the signal mask of its thread. */
#include "lib/internal.h"
#include "util/memory.h"
#include "util/secret.h"

#include <errno.h>
#include <malloc.h>
#include <string.h>
#include <time.h>

void *kw_lib_copy(struct kw_bytes content)
{
	char *copy = kw_alloc(content.len + 1);

	if (content.len > 0)
		memcpy(copy, content.data, content.len);
	return copy;
}

void keyward_free(void *buffer)
{
	kw_wipe(buffer, malloc_usable_size(buffer));
	free(buffer);
}

static bool sigpipe_is_pending(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, SIGPIPE) == 1;
}

static sigset_t only_sigpipe(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGPIPE);
	return set;
}

struct kw_lib_call kw_lib_enter(void)
{
	struct kw_lib_call call = { .was_pending = sigpipe_is_pending() };
	const sigset_t set = only_sigpipe();

	(void)pthread_sigmask(SIG_BLOCK, &set, &call.before);
	return call;
}

void kw_lib_leave(struct kw_lib_call *call)
{
	const struct timespec at_once = { 0 };
	const sigset_t set = only_sigpipe();
	int saved = errno;

	if (!call->was_pending && sigpipe_is_pending())
		(void)sigtimedwait(&set, NULL, &at_once);
	(void)pthread_sigmask(SIG_SETMASK, &call->before, NULL);
	errno = saved;
}
