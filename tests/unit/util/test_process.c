/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"
#include "util/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* In a child, so that the test program itself stays as it is; bit N set: point N does not hold. */
static int harden_and_look(void)
{
	struct kw_error err = { 0 };
	struct rlimit core = { 1, 1 };
	int bad = kw_process_harden(&err) < 0;

	bad |= (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_cur != 0 || core.rlim_max != 0) << 1;
	bad |= (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0) << 2;
	bad |= (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) << 3;
	bad |= (umask(0) != 077) << 4;
	return bad;
}

static void hardening_holds(void **state)
{
	int status = -1;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0)
		_exit(harden_and_look());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(hardening_holds) };

	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
