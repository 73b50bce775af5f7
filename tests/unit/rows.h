/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Table tests: each row is one named cmocka test, its name is the row's `name`. KW_TEST_ROWS(rows,
 * driver) makes main() for a file with one table; files with several use KW_ROWS_RUN in a main() of
 * their own.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KW_ROWS_RUN(rows, driver)                                                               \
	({                                                                                      \
		size_t kw_n = sizeof(rows) / sizeof((rows)[0]);                                 \
		struct CMUnitTest *kw_tests = calloc(kw_n, sizeof(*kw_tests));                  \
		for (size_t kw_i = 0; kw_tests && kw_i < kw_n; kw_i++)                          \
			kw_tests[kw_i] = (struct CMUnitTest){ (rows)[kw_i].name, driver, NULL,  \
							      NULL, (void *)&(rows)[kw_i] };    \
		int kw_failed =                                                                 \
			kw_tests ? _cmocka_run_group_tests(#driver, kw_tests, kw_n, NULL, NULL) \
				 : 1;                                                           \
		free(kw_tests);                                                                 \
		kw_failed;                                                                      \
	})

#define KW_TEST_ROWS(rows, driver)                \
	int main(void)                            \
	{                                         \
		return KW_ROWS_RUN(rows, driver); \
	}
