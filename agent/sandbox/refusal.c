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
#include <unistd.h>

enum { CALLS_MAX = 512, LINE_SIZE = 256 };

static char *names[CALLS_MAX]; /* written once, before the first thread */

/* What fits; one line is one write(2), also with other threads at it. */
static size_t append(char line[LINE_SIZE], size_t at, const char *text)
{
	while (*text != '\0' && at < LINE_SIZE)
		line[at++] = *text++;
	return at;
}

static void report(int signal, siginfo_t *info, void *context)
{
	const struct kw_error_def *def = kw_error_def(KW_E_SEC_REFUSED);
	const char *name = "unknown";
	size_t call = (unsigned)info->si_syscall, at = 0;
	char line[LINE_SIZE];

	(void)signal;
	(void)context;
	if (call < CALLS_MAX && names[call] != NULL)
		name = names[call];
	at = append(line, at, "{\"level\":\"error\",\"event\":\"refused\",\"id\":\"");
	at = append(line, at, def->id);
	at = append(line, at, "\",\"stage\":\"SEC\",\"detail\":\"system call '");
	at = append(line, at, name);
	at = append(line, at, "': the sandbox does not allow it, the process ends\"}\n");
	(void)!write(STDERR_FILENO, line, at);
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
