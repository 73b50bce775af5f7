/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/alloc.h"
#include "cmd/command.h"
#include "cmd/skr.h"
#include "util/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A descriptor that is missing would become that of the next file: results would go there. Each is
 * opened the wrong way round, so that using it fails as using a closed one does. */
static void fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

static bool is_variable(const char *entry, const char *name)
{
	size_t len = strlen(name);

	return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

/* libcurl would write the secrets of every TLS session to the file that SSLKEYLOGFILE names;
 * tpm2-tss would write to stderr past our own log. Before the first thread, and without setenv().
 */
static void settle_environment(void)
{
	enum { VARIABLES_MAX = 4096 }; /* what is beyond is not ours to need */
	static char tss_log[] = "TSS2_LOG=all+NONE";
	static char *kept[VARIABLES_MAX + 2];
	size_t n_kept = 0;

	for (size_t i = 0; environ[i] != NULL && n_kept < VARIABLES_MAX; i++)
		if (!is_variable(environ[i], "SSLKEYLOGFILE")
		    && !is_variable(environ[i], "TSS2_LOG"))
			kept[n_kept++] = environ[i];
	kept[n_kept] = tss_log;
	environ = kept;
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
		status = kw_skr_is(argv[0]) ? kw_skr_run(argc, argv, &err)
					    : kw_command_run(argc - 1, argv + 1, &err);
	if (status >= 0 && finish_output(&err) < 0)
		status = -1;
	if (status >= 0)
		return status;
	kw_command_report(&err);
	return err.def->exit_status;
}
