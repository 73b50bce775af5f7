/* SPDX-License-Identifier: Apache-2.0 */
#include "util/memory.h"

#include <stdlib.h>
#include <unistd.h>

_Noreturn void kw_out_of_memory(void)
{
	static const char line[] = "keyward: out of memory\n";

	if (write(STDERR_FILENO, line, sizeof(line) - 1) < 0)
		abort(); /* nobody can be told */
	abort();
}

void *kw_alloc(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (!memory)
		kw_out_of_memory();
	return memory;
}

void *kw_realloc(void *memory, size_t size)
{
	void *grown = realloc(memory, size ? size : 1);

	if (!grown)
		kw_out_of_memory();
	return grown;
}
