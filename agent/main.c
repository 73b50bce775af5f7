/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/alloc.h"
#include "cmd/command.h"
#include "util/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>

/* A descriptor that is missing would become that of the next file: results would go there. Each is
 * opened the wrong way round, so that using it fails as using a closed one does. */
static void fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* libcurl would write the secrets of every TLS session to the file that the first names; tpm2-tss
 * would write to stderr past our own log. */
static void settle_environment(void)
{
	(void)unsetenv("SSLKEYLOGFILE");
	(void)setenv("TSS2_LOG", "all+NONE", 1);
}

static int finish_output(struct kw_error *err)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	return kw_fail(err, KW_E_OUT_STDOUT, "writing the result: %m");
}

int main(int argc, char **argv)
{
	struct kw_error err = { 0 };
	int status = -1;

	fill_standard_descriptors();
	settle_environment();
	(void)signal(SIGPIPE, SIG_IGN);
	if (kw_process_harden(&err) == 0 && kw_alloc_hooks(&err) == 0)
		status = kw_command_run(argc - 1, argv + 1, &err);
	if (status >= 0 && finish_output(&err) < 0)
		status = -1;
	if (status >= 0)
		return status;
	kw_command_report(&err);
	return err.def->exit_status;
}
