/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls of the program and of its libraries once they are initialised: files, sockets,
 * threads, time, memory that is not executable. No exec, no new process, no module, mount, key
 * ring, tracing or foreign memory. What the C library tries first and does without (clone3)
 * answers ENOSYS, as does all that was invented after this table.
 */
#include "sandbox/internal.h"
#include "util/cleanup.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/types.h>

/* clang-format off */
static const int allowed[] = {
	/* descriptors */
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev),
	SCMP_SYS(pwrite64), SCMP_SYS(lseek), SCMP_SYS(close), SCMP_SYS(dup), SCMP_SYS(dup3),
	SCMP_SYS(fcntl), SCMP_SYS(pipe2), SCMP_SYS(eventfd2), SCMP_SYS(sendfile),
	/* files */
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(stat), SCMP_SYS(fstat), SCMP_SYS(lstat),
	SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(access),
	SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
	SCMP_SYS(getdents64), SCMP_SYS(getcwd), SCMP_SYS(umask), SCMP_SYS(mkdir), SCMP_SYS(mkdirat),
	SCMP_SYS(rmdir), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat),
	SCMP_SYS(renameat2), SCMP_SYS(ftruncate), SCMP_SYS(fallocate), SCMP_SYS(fsync), SCMP_SYS(fdatasync),
	SCMP_SYS(chmod), SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(chown), SCMP_SYS(fchown), SCMP_SYS(lchown),
	SCMP_SYS(fchownat), SCMP_SYS(flock), SCMP_SYS(inotify_init1), SCMP_SYS(inotify_add_watch),
	SCMP_SYS(inotify_rm_watch),
	/* sockets; socket() itself is below */
	SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(accept), SCMP_SYS(accept4),
	SCMP_SYS(shutdown), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(sendmmsg), SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg), SCMP_SYS(socketpair),
	/* waiting */
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(pause),
	SCMP_SYS(alarm), SCMP_SYS(restart_syscall),
	/* time, randomness */
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
	SCMP_SYS(getrandom),
	/* memory; mmap() and mprotect() are below */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(mlock),
	SCMP_SYS(mlock2), SCMP_SYS(munlock), SCMP_SYS(membarrier),
	/* threads, signals, the end */
	SCMP_SYS(futex), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigtimedwait),
	SCMP_SYS(signalfd4), SCMP_SYS(sigaltstack), SCMP_SYS(gettid), SCMP_SYS(getpid), SCMP_SYS(getppid),
	SCMP_SYS(exit), SCMP_SYS(exit_group),
	/* who and where we are */
	SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getgroups),
	SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrlimit), SCMP_SYS(getrusage), SCMP_SYS(times),
	SCMP_SYS(getcpu),
};
static const int not_there[] = {
	SCMP_SYS(clone3), SCMP_SYS(io_uring_setup), SCMP_SYS(memfd_secret),
	SCMP_SYS(landlock_create_ruleset), SCMP_SYS(openat2), SCMP_SYS(close_range),
};
/* clang-format on */

enum {
	LAST_KNOWN = 450, /* calls with higher numbers are younger than this table */
	IOCTL_TYPE = 0xff00,
	IOCTL_SEV = 'S' << 8, /* linux/sev-guest.h and linux/psp-sev.h */
};

static int rule(scmp_filter_ctx filter, uint32_t action, int call, unsigned n,
		const struct scmp_arg_cmp *comparisons, struct kw_error *err)
{
	int code = seccomp_rule_add_array(filter, action, call, n, comparisons);

	if (code == 0 || code == -EDOM) /* the call does not exist on this architecture */
		return 0;
	errno = -code;
	return kw_fail(err, KW_E_SEC_SANDBOX, "seccomp, a rule for system call %d: %m", call);
}

static struct scmp_arg_cmp is(unsigned at, scmp_datum_t value)
{
	return (struct scmp_arg_cmp){ .arg = at, .op = SCMP_CMP_EQ, .datum_a = value };
}

static struct scmp_arg_cmp masked(unsigned at, scmp_datum_t mask, scmp_datum_t value)
{
	return (struct scmp_arg_cmp){
		.arg = at, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = value
	};
}

static int allow_if(scmp_filter_ctx filter, int call, struct scmp_arg_cmp comparison,
		    struct kw_error *err)
{
	return rule(filter, SCMP_ACT_ALLOW, call, 1, &comparison, err);
}

/* Calls that are allowed with some arguments only. */
static int add_conditions(scmp_filter_ctx filter, struct kw_error *err)
{
	static const int families[] = { AF_UNIX, AF_INET, AF_INET6 };
	static const unsigned long ioctls[] = { TCGETS, FIONREAD, FIONBIO, TIOCGWINSZ };

	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		if (allow_if(filter, SCMP_SYS(socket), is(0, (scmp_datum_t)families[i]), err) < 0)
			return -1;
	for (size_t i = 0; i < sizeof(ioctls) / sizeof(*ioctls); i++)
		if (allow_if(filter, SCMP_SYS(ioctl), is(1, ioctls[i]), err) < 0)
			return -1;
	if (allow_if(filter, SCMP_SYS(ioctl), masked(1, IOCTL_TYPE, IOCTL_SEV), err) < 0
	    || allow_if(filter, SCMP_SYS(mmap), masked(2, PROT_EXEC, 0), err) < 0
	    || allow_if(filter, SCMP_SYS(mprotect), masked(2, PROT_EXEC, 0), err) < 0
	    || allow_if(filter, SCMP_SYS(clone), masked(0, CLONE_THREAD, CLONE_THREAD), err) < 0
	    || allow_if(filter, SCMP_SYS(prctl), is(0, PR_SET_NAME), err) < 0
	    || allow_if(filter, SCMP_SYS(tgkill), is(0, (scmp_datum_t)getpid()), err) < 0)
		return -1;
	/* Our own limits alone. */
	return allow_if(filter, SCMP_SYS(prlimit64), is(0, 0), err);
}

static int add_rules(scmp_filter_ctx filter, struct kw_error *err)
{
	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++)
		if (rule(filter, SCMP_ACT_ALLOW, allowed[i], 0, NULL, err) < 0)
			return -1;
	for (size_t i = 0; i < sizeof(not_there) / sizeof(*not_there); i++)
		if (rule(filter, SCMP_ACT_ERRNO(ENOSYS), not_there[i], 0, NULL, err) < 0)
			return -1;
	return add_conditions(filter, err);
}

static void filter_release(scmp_filter_ctx *filter)
{
	if (*filter != NULL)
		seccomp_release(*filter);
}

int kw_seccomp_enter(struct kw_error *err)
{
	KW_CLEANUP(filter_release) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
	int code;

	if (filter == NULL)
		return kw_fail(err, KW_E_SEC_SANDBOX, "seccomp does not start");
	if (add_rules(filter, err) < 0)
		return -1;
	/* All threads, in case a library has made one; and as few comparisons as can be. */
	code = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (code == 0)
		code = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (code == 0)
		code = seccomp_load(filter);
	if (code == 0)
		return 0;
	errno = -code;
	return kw_fail(err, KW_E_SEC_SANDBOX, "seccomp, loading the filter: %m");
}
