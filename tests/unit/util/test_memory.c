/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"
#include "util/memory.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void memory_is_zeroed_and_grows(void **state)
{
	unsigned char *memory = kw_alloc(16);

	(void)state;
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(memory[i], 0);
	memory[15] = 7;
	memory = kw_realloc(memory, 4096);
	assert_int_equal(memory[15], 7);
	free(memory);
	memory = kw_alloc(0); /* never NULL */
	assert_non_null(memory);
	memory = kw_realloc(memory, 0);
	assert_non_null(memory);
	free(memory);
}

static void running_out_ends_the_program_with_a_line(void **state)
{
	char said[64] = "";
	int ends[2], status = 0;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		signal(SIGABRT, SIG_DFL);
		dup2(ends[1], STDERR_FILENO);
		kw_out_of_memory();
	}
	close(ends[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_true(read(ends[0], said, sizeof(said) - 1) > 0);
	assert_string_equal(said, "keyward: out of memory\n");
	close(ends[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_and_grows),
		cmocka_unit_test(running_out_ends_the_program_with_a_line),
	};
	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
