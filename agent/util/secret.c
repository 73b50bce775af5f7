/* SPDX-License-Identifier: Apache-2.0 */
#include "util/secret.h"

#include "util/cleanup.h"
#include "util/memory.h"

#include <assert.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

/* One arena, cut into units. The map has one byte for each: the first unit of a secret, a further
 * one, or free. It lies outside, so that no overrun of a secret can reach it. */
enum { UNIT = 64, DEFAULT_SIZE = 256 << 10, KIB = 1024 };
enum unit { FREE, FIRST, FURTHER };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
	uint8_t *data; /* NULL: not open */
	uint8_t *map;
	size_t n_units;
	size_t first_free; /* no unit before this one is free */
	struct kw_arena_state state;
} arena;

void kw_wipe(void *data, size_t len)
{
	if (data)
		OPENSSL_cleanse(data, len);
}

bool kw_secret_equal(struct kw_bytes a, struct kw_bytes b)
{
	return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.data, b.data, a.len) == 0);
}

/* Memory that the kernel itself has no mapping of; pages are locked as they are touched, and
 * count to RLIMIT_MEMLOCK. Children do not get it. */
static bool map_hidden(uint8_t *at, size_t size)
{
#ifdef SYS_memfd_secret
	KW_CLEANUP(kw_fd_close) int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		return false;
	return mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == at
	       && madvise(at, size, MADV_DONTFORK) == 0;
#else
	(void)at, (void)size;
	return false;
#endif
}

static bool map_plain(uint8_t *at, size_t size)
{
	return mmap(at, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		    0) == at
	       && madvise(at, size, MADV_DONTDUMP) == 0 && madvise(at, size, MADV_WIPEONFORK) == 0;
}

static int fail_unlocked(size_t size, struct kw_error *err)
{
	struct rlimit limit = { 0 };

	if (getrlimit(RLIMIT_MEMLOCK, &limit) < 0)
		return kw_fail(err, KW_E_SEC_LOCK, "reading RLIMIT_MEMLOCK: %m");
	return kw_fail(err, KW_E_SEC_LOCK,
		       "locking %zu KiB for secrets: RLIMIT_MEMLOCK is %llu KiB, needs %zu KiB and "
		       "what else is locked",
		       size / KIB, (unsigned long long)limit.rlim_cur / KIB, size / KIB);
}

/* With the mutex held and no arena yet. `size` is whole pages. */
static int open_arena(size_t size, enum kw_lock lock, struct kw_error *err)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *guarded =
		mmap(NULL, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (guarded == MAP_FAILED)
		return kw_fail(err, KW_E_SEC_LOCK, "mapping %zu KiB for secrets: %m", size / KIB);
	uint8_t *data = guarded + page;
	bool hidden = map_hidden(data, size);
	bool plain = !hidden && map_plain(data, size);
	bool locked = hidden || (plain && mlock2(data, size, MLOCK_ONFAULT) == 0);
	if ((!hidden && !plain) || (lock == KW_LOCK_REQUIRED && !locked)) {
		int failed = fail_unlocked(size, err);
		munmap(guarded, size + 2 * page);
		return failed;
	}
	arena.data = data;
	arena.n_units = size / UNIT;
	arena.map = kw_alloc(arena.n_units);
	arena.state = (struct kw_arena_state){ .size = size, .hidden = hidden, .locked = locked };
	return 0;
}

static int open_or_reuse(size_t size, enum kw_lock lock, struct kw_error *err)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (size == 0 || size > SIZE_MAX / 2)
		return kw_fail(err, KW_E_SYS_INTERNAL, "%zu bytes asked for secrets", size);
	if (!arena.data)
		return open_arena((size + page - 1) / page * page, lock, err);
	if (arena.state.size < size)
		return kw_fail(err, KW_E_SYS_INTERNAL,
			       "the memory for secrets is open with %zu KiB, %zu KiB wanted",
			       arena.state.size / KIB, size / KIB);
	return lock == KW_LOCK_REQUIRED && !arena.state.locked ? fail_unlocked(size, err) : 0;
}

int kw_arena_open(size_t size, enum kw_lock lock, struct kw_error *err)
{
	pthread_mutex_lock(&mutex);
	int failed = open_or_reuse(size, lock, err);
	pthread_mutex_unlock(&mutex);
	return failed;
}

struct kw_arena_state kw_arena_state(void)
{
	pthread_mutex_lock(&mutex);
	struct kw_arena_state state = arena.state;
	pthread_mutex_unlock(&mutex);
	return state;
}

/* First fit: the index of `n` free units in a row, or n_units. */
static size_t find_free(size_t n)
{
	size_t run = 0;

	for (size_t i = arena.first_free; i < arena.n_units; i++) {
		run = arena.map[i] == FREE ? run + 1 : 0;
		if (run == n)
			return i + 1 - n;
	}
	return arena.n_units;
}

/* With the mutex held. NULL: no room. */
static uint8_t *allocate(size_t size)
{
	size_t n = (size - 1) / UNIT + 1;
	size_t at = find_free(n);

	if (at == arena.n_units)
		return NULL;
	memset(arena.map + at, FURTHER, n);
	arena.map[at] = FIRST;
	while (arena.first_free < arena.n_units && arena.map[arena.first_free] != FREE)
		arena.first_free++;
	arena.state.used += n * UNIT;
	if (arena.state.used > arena.state.peak)
		arena.state.peak = arena.state.used;
	return arena.data + at * UNIT;
}

/* With the mutex held. Everything a secret ever had is wiped, also what it was shrunk by. */
static void release(uint8_t *data)
{
	size_t offset = (size_t)(data - arena.data), at = offset / UNIT, end = at + 1;

	if (data < arena.data || offset % UNIT != 0 || at >= arena.n_units
	    || arena.map[at] != FIRST)
		abort(); /* not ours, or given back twice */
	while (end < arena.n_units && arena.map[end] == FURTHER)
		end++;
	kw_wipe(data, (end - at) * UNIT);
	memset(arena.map + at, FREE, end - at);
	if (at < arena.first_free)
		arena.first_free = at;
	arena.state.used -= (end - at) * UNIT;
}

int kw_secret_new(size_t len, struct kw_secret *ret, struct kw_error *err)
{
	uint8_t *data = NULL;

	assert(ret->data == NULL);
	pthread_mutex_lock(&mutex);
	if (!arena.data && open_arena(DEFAULT_SIZE, KW_LOCK_BEST_EFFORT, err) < 0) {
		pthread_mutex_unlock(&mutex);
		return -1;
	}
	struct kw_arena_state state = arena.state;
	if (len < state.size)
		data = allocate(len + 1);
	pthread_mutex_unlock(&mutex);
	if (!data)
		return kw_fail(err, KW_E_SEC_FULL,
			       "%zu bytes for a secret: %zu of %zu KiB are in use", len,
			       state.used / KIB, state.size / KIB);
	*ret = (struct kw_secret){ data, len };
	return 0;
}

int kw_secret_take(struct kw_bytes from, struct kw_secret *ret, struct kw_error *err)
{
	return kw_secret_join(&from, 1, ret, err);
}

int kw_secret_join(const struct kw_bytes *parts, size_t n_parts, struct kw_secret *ret,
		   struct kw_error *err)
{
	size_t len = 0, at = 0;

	for (size_t i = 0; i < n_parts; i++)
		if (__builtin_add_overflow(len, parts[i].len, &len))
			return kw_fail(err, KW_E_SEC_FULL, "a secret of more bytes than exist");
	if (kw_secret_new(len, ret, err) < 0)
		return -1;
	for (size_t i = 0; i < n_parts; i++) {
		if (parts[i].len > 0)
			memcpy(ret->data + at, parts[i].data, parts[i].len);
		at += parts[i].len;
	}
	return 0;
}

void kw_secret_move(struct kw_secret *to, struct kw_secret *from)
{
	struct kw_secret moved = *from;

	*from = (struct kw_secret){ 0 };
	kw_secret_clear(to);
	*to = moved;
}

void kw_secret_shrink(struct kw_secret *secret, size_t len)
{
	assert(len <= secret->len);
	if (!secret->data)
		return;
	kw_wipe(secret->data + len, secret->len - len);
	secret->len = len;
}

void kw_secret_clear(struct kw_secret *secret)
{
	if (!secret || !secret->data)
		return;
	pthread_mutex_lock(&mutex);
	release(secret->data);
	pthread_mutex_unlock(&mutex);
	*secret = (struct kw_secret){ 0 };
}
