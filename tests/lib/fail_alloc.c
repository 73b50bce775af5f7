/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a program by tests/integration/test_inject_memory: one allocation fails, or none.
 * $FAIL_ALLOC names a file that holds struct plan; the counts in it are kept while the program
 * runs. What the program itself asks for (its own text) is counted apart from what libraries ask
 * for. Both heap functions stand on glibc's; any thread may call them.
 */
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);

struct plan {
	uint64_t own_at, library_at; /* which one fails, from 1; 0: none */
	_Atomic uint64_t n_own, n_library;
};

static struct plan *plan;
static uintptr_t text_begin, text_end;

/* The first object is the program. */
static int find_text(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *part = &info->dlpi_phdr[i];

		if (part->p_type == PT_LOAD && (part->p_flags & PF_X) != 0) {
			text_begin = info->dlpi_addr + part->p_vaddr;
			text_end = text_begin + part->p_memsz;
		}
	}
	return 1;
}

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("FAIL_ALLOC");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *shared;

	if (fd < 0)
		return;
	dl_iterate_phdr(find_text, NULL);
	shared = mmap(NULL, sizeof(struct plan), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (shared != MAP_FAILED)
		plan = shared;
}

static bool fails(const void *caller)
{
	uintptr_t at = (uintptr_t)caller;

	if (plan == NULL)
		return false;
	if (at >= text_begin && at < text_end)
		return atomic_fetch_add(&plan->n_own, 1) + 1 == plan->own_at;
	return atomic_fetch_add(&plan->n_library, 1) + 1 == plan->library_at;
}

static void *none(void)
{
	errno = ENOMEM;
	return NULL;
}

__attribute__((visibility("default"))) void *malloc(size_t size)
{
	return fails(__builtin_return_address(0)) ? none() : __libc_malloc(size);
}

__attribute__((visibility("default"))) void *calloc(size_t n, size_t size)
{
	return fails(__builtin_return_address(0)) ? none() : __libc_calloc(n, size);
}
