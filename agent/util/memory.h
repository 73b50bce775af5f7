/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for small things that are not secret. When it is out, one line goes to stderr and the
 * program aborts: there is nothing left that could be done well, and no caller has to pretend.
 * Whatever a peer sizes is capped before it gets here. Free with free(). Thread-safe.
 */
#pragma once

#include <stddef.h>

void *kw_alloc(size_t size);		     /* zeroed, never NULL */
void *kw_realloc(void *memory, size_t size); /* never NULL */
_Noreturn void kw_out_of_memory(void);
