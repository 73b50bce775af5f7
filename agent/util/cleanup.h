/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ownership that the compiler keeps: declare owned things first, zeroed, and every early return is
 * right. KW_CLEANUP(fn) calls fn(&variable) when the variable goes out of scope, KW_DEFINE_FREEP
 * makes the fnp() that this needs for a pointer, KW_STEAL hands the pointer on and leaves NULL
 * behind.
 */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#define KW_CLEANUP(fn) __attribute__((cleanup(fn)))

#define KW_DEFINE_FREEP(type, fn)                      \
	static inline void fn##p(__typeof__(type) **p) \
	{                                              \
		if (*p)                                \
			fn(*p);                        \
		*p = NULL;                             \
	}                                              \
	struct kw_semicolon_follows

#define KW_STEAL(p)                          \
	({                                   \
		__auto_type kw_stolen = (p); \
		(p) = NULL;                  \
		kw_stolen;                   \
	})

KW_DEFINE_FREEP(char, free);

/* For descriptors: -1 is "none". */
static inline void kw_fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}
static inline int kw_fd_steal(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}
