/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A system call that the filter refuses is a bug or an intruder: its name goes to stderr and the
 * process ends, PID 1 of a container included, for which an unhandled signal would do nothing. The
 * handler uses nothing that is not async-signal-safe: the names are collected before.
 */
#include "sandbox/internal.h"

#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CALLS_MAX = 512 };

static char *names[CALLS_MAX]; /* written once, before the first thread */

static struct iovec part(const char *text)
{
	return (struct iovec){ (void *)(uintptr_t)text, strlen(text) };
}

static void report(int signal, siginfo_t *info, void *context)
{
	const struct kw_error_def *def = kw_error_def(KW_E_SEC_REFUSED);
	const char *name = "unknown";
	size_t call = (unsigned)info->si_syscall;

	(void)signal;
	(void)context;
	if (call < CALLS_MAX && names[call] != NULL)
		name = names[call];
	struct iovec line[] = {
		part("{\"level\":\"error\",\"event\":\"refused\",\"id\":\""),	 part(def->id),
		part("\",\"stage\":\"SEC\",\"detail\":\"system call '"),	 part(name),
		part("': the sandbox does not allow it, the process ends\"}\n"),
	};
	(void)!writev(STDERR_FILENO, line, sizeof(line) / sizeof(*line));
	_exit(def->exit_status);
}

int kw_refusal_catch(struct kw_error *err)
{
	struct sigaction action = { .sa_sigaction = report, .sa_flags = SA_SIGINFO };

	for (int call = 0; call < CALLS_MAX; call++)
		if (names[call] == NULL)
			names[call] = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, call);
	sigfillset(&action.sa_mask);
	if (sigaction(SIGSYS, &action, NULL) < 0)
		return kw_fail(err, KW_E_SEC_SANDBOX, "SIGSYS: %m");
	return 0;
}
