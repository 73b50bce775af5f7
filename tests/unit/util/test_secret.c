/* SPDX-License-Identifier: Apache-2.0 */
/* The order of the first tests matters: there is one arena in a process, and opening is tried. */
#include "rows.h"
#include "util/secret.h"

#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARENA = 64 << 10, UNIT = 64 };

/* Whatever may lock without a limit must go first. */
static bool drop_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { 0 };

	return syscall(SYS_capset, &header, none) == 0;
}

/* 0: as it should be; else which point does not hold. Runs in a child. */
static int open_without_limit(void)
{
	static const struct rlimit one_page = { 4096, 4096 };
	struct kw_error err = { 0 };
	struct kw_secret secret = { 0 };

	if (setrlimit(RLIMIT_MEMLOCK, &one_page) < 0 || !drop_capabilities())
		return 1;
	if (kw_arena_open(ARENA, KW_LOCK_REQUIRED, &err) == 0 || !kw_error_is(&err, KW_E_SEC_LOCK))
		return 2;
	if (!strstr(err.detail, "RLIMIT_MEMLOCK is 4 KiB, needs 64 KiB"))
		return 3;
	if (kw_arena_state().size != 0)
		return 4;
	if (kw_arena_open(ARENA, KW_LOCK_BEST_EFFORT, &err) < 0 || kw_arena_state().locked)
		return 5;
	if (kw_arena_open(ARENA, KW_LOCK_REQUIRED, &err) == 0)
		return 6;
	return kw_secret_new(10, &secret, &err) == 0 ? 0 : 7;
}

/* In a child: how it ended. */
static int child_status(int (*work)(void))
{
	int status = -1;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		signal(SIGSEGV, SIG_DFL);
		signal(SIGABRT, SIG_DFL);
		_exit(work());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void a_missing_limit_is_named(void **state)
{
	int status = child_status(open_without_limit);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int open_lazily(void)
{
	struct kw_error err = { 0 };
	struct kw_secret secret = { 0 };

	if (kw_secret_new(1, &secret, &err) < 0)
		return 1;
	return kw_arena_state().size == 256 << 10 ? 0 : 2;
}

static void the_first_secret_makes_an_arena(void **state)
{
	int status = child_status(open_lazily);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void opening_twice_needs_no_more_room(void **state)
{
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_arena_open(0, KW_LOCK_BEST_EFFORT, &err), -1);
	assert_int_equal(kw_arena_open(SIZE_MAX, KW_LOCK_BEST_EFFORT, &err), -1);
	assert_int_equal(kw_arena_state().size, 0);
	assert_int_equal(kw_arena_open(ARENA - 1, KW_LOCK_BEST_EFFORT, &err), 0);
	assert_int_equal(kw_arena_state().size, ARENA); /* whole pages */
	assert_int_equal(kw_arena_open(ARENA, KW_LOCK_BEST_EFFORT, &err), 0);
	assert_int_equal(kw_arena_open(ARENA + 1, KW_LOCK_BEST_EFFORT, &err), -1);
	assert_true(kw_error_is(&err, KW_E_SYS_INTERNAL));
}

static void secrets_start_zeroed_and_end_wiped(void **state)
{
	struct kw_secret secret = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_secret_new(UNIT - 1, &secret, &err), 0);
	assert_int_equal(kw_arena_state().used, UNIT);
	uint8_t *place = secret.data;
	for (size_t i = 0; i < UNIT; i++)
		assert_int_equal(place[i], 0);
	memset(secret.data, 's', secret.len);
	kw_secret_clear(&secret);
	assert_null(secret.data);
	assert_int_equal(secret.len, 0);
	for (size_t i = 0; i < UNIT; i++)
		assert_int_equal(place[i], 0);
	assert_int_equal(kw_arena_state().used, 0);
	assert_true(kw_arena_state().peak >= UNIT);
	kw_secret_clear(&secret);
	kw_secret_clear(NULL);
}

static void one_byte_more_takes_one_unit_more(void **state)
{
	struct kw_secret secret = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_secret_new(UNIT, &secret, &err), 0); /* and the NUL */
	assert_int_equal(kw_arena_state().used, 2 * UNIT);
	kw_secret_clear(&secret);
	assert_int_equal(kw_secret_new(0, &secret, &err), 0);
	assert_non_null(secret.data);
	assert_int_equal(kw_arena_state().used, UNIT);
	kw_secret_clear(&secret);
}

static void a_full_arena_says_so(void **state)
{
	struct kw_secret all = { 0 }, more = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_secret_new(ARENA, &all, &err), -1);
	assert_true(kw_error_is(&err, KW_E_SEC_FULL));
	assert_int_equal(kw_secret_new(SIZE_MAX, &all, &err), -1);
	assert_null(all.data);
	assert_int_equal(kw_secret_new(ARENA - 1, &all, &err), 0);
	assert_int_equal(kw_secret_new(0, &more, &err), -1);
	assert_non_null(strstr(err.detail, "64 of 64 KiB"));
	assert_null(more.data);
	kw_secret_clear(&all);
	assert_int_equal(kw_secret_new(0, &more, &err), 0);
	kw_secret_clear(&more);
}

static void gaps_are_used_again(void **state)
{
	struct kw_secret secrets[5] = { 0 }, wide = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(kw_secret_new(10, &secrets[i], &err), 0);
	uint8_t *gap = secrets[1].data, *last = secrets[4].data;
	kw_secret_clear(&secrets[1]);
	kw_secret_clear(&secrets[3]);
	assert_int_equal(kw_secret_new(UNIT, &wide, &err), 0); /* fits neither gap */
	assert_true(wide.data > last);
	assert_int_equal(kw_secret_new(20, &secrets[1], &err), 0);
	assert_ptr_equal(secrets[1].data, gap);
	kw_secret_clear(&secrets[2]);
	kw_secret_clear(&wide);
	assert_int_equal(kw_secret_new(UNIT, &wide, &err), 0); /* two gaps side by side */
	assert_ptr_equal(wide.data, gap + UNIT);
	kw_secret_clear(&wide);
	for (size_t i = 0; i < 5; i++)
		kw_secret_clear(&secrets[i]);
	assert_int_equal(kw_arena_state().used, 0);
}

static void bytes_are_taken_and_joined(void **state)
{
	struct kw_bytes parts[] = {
		kw_bytes_text("{\"t\":\""), kw_bytes_text("abc"), { 0 }, kw_bytes_text("\"}")
	};
	struct kw_bytes huge[] = { { (const uint8_t *)"", SIZE_MAX }, kw_bytes_text("x") };
	struct kw_secret secret = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_secret_take(kw_bytes_text("token"), &secret, &err), 0);
	assert_string_equal((char *)secret.data, "token");
	kw_secret_clear(&secret);
	assert_int_equal(kw_secret_join(parts, 4, &secret, &err), 0);
	assert_string_equal((char *)secret.data, "{\"t\":\"abc\"}");
	assert_int_equal(secret.len, 11);
	kw_secret_clear(&secret);
	assert_int_equal(kw_secret_join(huge, 2, &secret, &err), -1);
	assert_true(kw_error_is(&err, KW_E_SEC_FULL));
	assert_int_equal(kw_secret_join(NULL, 0, &secret, &err), 0);
	assert_int_equal(secret.len, 0);
	kw_secret_clear(&secret);
}

static void moving_empties_the_source(void **state)
{
	struct kw_secret a = { 0 }, b = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_secret_take(kw_bytes_text("new"), &a, &err), 0);
	assert_int_equal(kw_secret_take(kw_bytes_text("old"), &b, &err), 0);
	uint8_t *old = b.data;
	kw_secret_move(&b, &a);
	assert_null(a.data);
	assert_string_equal((char *)b.data, "new");
	assert_memory_equal(old, "\0\0\0", 3); /* wiped */
	kw_secret_move(&b, &b);		       /* into itself: stays */
	assert_string_equal((char *)b.data, "new");
	kw_secret_clear(&b);
	assert_int_equal(kw_arena_state().used, 0);
}

static void shrinking_wipes_the_tail(void **state)
{
	struct kw_secret secret = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_secret_take(kw_bytes_text("token and more"), &secret, &err), 0);
	uint8_t *place = secret.data;
	kw_secret_shrink(&secret, 5);
	assert_ptr_equal(secret.data, place);
	assert_string_equal((char *)place, "token");
	for (size_t i = 5; i < UNIT; i++)
		assert_int_equal(place[i], 0);
	kw_secret_shrink(&secret, 5);
	kw_secret_shrink(&secret, 0);
	assert_int_equal(secret.len, 0);
	kw_secret_clear(&secret);
	kw_secret_shrink(&secret, 0);
}

static void comparing_needs_equal_lengths(void **state)
{
	(void)state;
	assert_true(kw_secret_equal(kw_bytes_text("abc"), kw_bytes_text("abc")));
	assert_false(kw_secret_equal(kw_bytes_text("abc"), kw_bytes_text("abd")));
	assert_false(kw_secret_equal(kw_bytes_text("abc"), kw_bytes_text("ab")));
	assert_true(kw_secret_equal((struct kw_bytes){ 0 }, kw_bytes_text("")));
}

static void wiping_zeroes(void **state)
{
	char text[] = "secret";

	(void)state;
	kw_wipe(text, sizeof(text));
	assert_memory_equal(text, "\0\0\0\0\0\0", sizeof(text));
	kw_wipe(NULL, 0);
}

static struct kw_secret everything;

static int read_behind_the_arena(void)
{
	const volatile uint8_t *end = everything.data + everything.len + 1;

	return *end;
}

static int read_before_the_arena(void)
{
	const volatile uint8_t *start = everything.data;

	return *(start - 1);
}

/* A child has no arena (hidden), or an empty one. */
static int read_in_a_child(void)
{
	const volatile uint8_t *start = everything.data;

	return *start == 'k' ? 1 : 0;
}

static int clear_twice(void)
{
	struct kw_secret again = everything;

	kw_secret_clear(&everything);
	kw_secret_clear(&again);
	return 0;
}

static bool crashed(int status)
{
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void the_arena_has_walls(void **state)
{
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_secret_new(ARENA - 1, &everything, &err), 0);
	memset(everything.data, 'k', everything.len);
	assert_true(WIFSIGNALED(child_status(read_behind_the_arena)));
	assert_true(WIFSIGNALED(child_status(read_before_the_arena)));
	int status = child_status(read_in_a_child);
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_true(crashed(child_status(clear_twice)));
	kw_secret_clear(&everything);
}

static void *take_and_give_back(void *arg)
{
	uintptr_t *wrong = arg;

	for (size_t i = 0; i < 2000; i++) {
		struct kw_secret secret = { 0 };
		struct kw_error err = { 0 };
		if (kw_secret_new(i % 200, &secret, &err) < 0)
			continue;
		for (size_t j = 0; j < secret.len; j++)
			*wrong += secret.data[j] != 0;
		memset(secret.data, 0xaa, secret.len);
		kw_secret_clear(&secret);
	}
	return NULL;
}

static void threads_do_not_meet(void **state)
{
	pthread_t threads[4];
	uintptr_t wrong[4] = { 0 };

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_and_give_back, &wrong[i]),
				 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(wrong[i], 0);
	}
	assert_int_equal(kw_arena_state().used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_limit_is_named),
		cmocka_unit_test(the_first_secret_makes_an_arena),
		cmocka_unit_test(opening_twice_needs_no_more_room),
		cmocka_unit_test(secrets_start_zeroed_and_end_wiped),
		cmocka_unit_test(one_byte_more_takes_one_unit_more),
		cmocka_unit_test(a_full_arena_says_so),
		cmocka_unit_test(gaps_are_used_again),
		cmocka_unit_test(bytes_are_taken_and_joined),
		cmocka_unit_test(moving_empties_the_source),
		cmocka_unit_test(shrinking_wipes_the_tail),
		cmocka_unit_test(comparing_needs_equal_lengths),
		cmocka_unit_test(wiping_zeroes),
		cmocka_unit_test(the_arena_has_walls),
		cmocka_unit_test(threads_do_not_meet),
	};
	return cmocka_run_group_tests_name("secret", tests, NULL, NULL);
}
