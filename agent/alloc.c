/* SPDX-License-Identifier: Apache-2.0 */
/*
 * free() and realloc() of the whole program, libraries included, wipe what they give back. OpenSSL,
 * libcurl and cJSON have hooks and get the same functions through them; ESYS, libyaml and
 * libmicrohttpd have none and are covered by the symbols.
 *
 * glibc lets a program define these two and keeps the others working, because its own heap stays
 * below: __libc_free() is the real one. Sanitizers bring a heap of their own, so nothing is
 * interposed there and the hooks alone are in force. valgrind replaces both symbols by its own.
 *
 * In a static program libc.a brings malloc, free and realloc in one object, so that the symbols
 * cannot be defined again: there the linker turns every call of them, libc's own included, into one
 * of
 * __wrap_free() and __wrap_realloc() (ld --wrap), and __real_free() is libc's.
 */
#include "cmd/alloc.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) \
	|| __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define INTERPOSE 0
#else
#define INTERPOSE 1
#endif

#ifdef KW_STATIC
#define HEAP_FREE "__real_free"
#define FREE "__wrap_free"
#define REALLOC "__wrap_realloc"
#else
#define HEAP_FREE "__libc_free"
#define FREE "free"
#define REALLOC "realloc"
#endif

#if INTERPOSE
void heap_free(void *memory) __asm__(HEAP_FREE);
void program_free(void *memory) __asm__(FREE);
void *program_realloc(void *memory, size_t size) __asm__(REALLOC);
#else
static void heap_free(void *memory)
{
	free(memory);
}
#endif

static void wiping_free(void *memory)
{
	if (!memory)
		return;
	explicit_bzero(memory, malloc_usable_size(memory));
	heap_free(memory);
}

static void *wiping_realloc(void *memory, size_t size)
{
	size_t room = memory ? malloc_usable_size(memory) : 0;
	void *moved;

	if (size == 0 && memory) { /* as glibc does */
		wiping_free(memory);
		return NULL;
	}
	if (size <= room && size > room / 2)
		return memory;
	moved = malloc(size ? size : 1);
	if (moved && memory) {
		memcpy(moved, memory, size < room ? size : room);
		wiping_free(memory);
	}
	return moved;
}

#if INTERPOSE
void program_free(void *memory)
{
	wiping_free(memory);
}

void *program_realloc(void *memory, size_t size)
{
	return wiping_realloc(memory, size);
}
#endif

static void *crypto_malloc(size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return malloc(size);
}

static void *crypto_realloc(void *memory, size_t size, const char *file, int line)
{
	(void)file;
	(void)line;
	return wiping_realloc(memory, size);
}

static void crypto_free(void *memory, const char *file, int line)
{
	(void)file;
	(void)line;
	wiping_free(memory);
}

int kw_alloc_hooks(struct kw_error *err)
{
	/* One heap for all threads: they wait more than they allocate, and what one frees the next
	 * can use. Before the first of them. */
	(void)mallopt(M_ARENA_MAX, 1);
	cJSON_Hooks json = { .malloc_fn = malloc, .free_fn = wiping_free };

	if (!CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free))
		return kw_fail(err, KW_E_SEC_HARDEN, "OpenSSL has allocated memory before");
	/* Before anybody loads it: a configuration file could name modules, which keyward never
	 * loads. */
	if (!OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL))
		return kw_fail(err, KW_E_SEC_HARDEN, "OpenSSL does not start");
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, wiping_free, wiping_realloc, strdup,
				 calloc)
	    != CURLE_OK)
		return kw_fail(err, KW_E_SEC_HARDEN, "libcurl takes no memory functions");
	cJSON_InitHooks(&json);
	return 0;
}
