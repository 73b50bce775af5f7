/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landlock (Linux Documentation/userspace-api/landlock.rst). The structures and rights are those of
 * ABI 6, written out here because older kernel headers lack them; a kernel that knows less gets
 * the rights it knows.
 */
#include "sandbox/internal.h"
#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

enum {
	ABI_REFER = 2,
	ABI_TRUNCATE = 3,
	ABI_NET = 4,
	ABI_IOCTL = 5,
	ABI_SCOPE = 6,

	RULE_PATH = 1,
	RULE_PORT = 2,
	GET_VERSION = 1,
};

enum right {
	EXECUTE = 1 << 0,
	WRITE_FILE = 1 << 1,
	READ_FILE = 1 << 2,
	READ_DIR = 1 << 3,
	REMOVE_DIR = 1 << 4,
	REMOVE_FILE = 1 << 5,
	MAKE_CHAR = 1 << 6,
	MAKE_DIR = 1 << 7,
	MAKE_REG = 1 << 8,
	MAKE_SOCK = 1 << 9,
	MAKE_FIFO = 1 << 10,
	MAKE_BLOCK = 1 << 11,
	MAKE_SYM = 1 << 12,
	REFER = 1 << 13,
	TRUNCATE = 1 << 14,
	IOCTL_DEV = 1 << 15,

	ALL_OF_ABI_1 = REFER - 1,
	OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV,
};

enum { BIND_TCP = 1 << 0, CONNECT_TCP = 1 << 1 };
enum { ABSTRACT_UNIX_SOCKETS = 1 << 0, SIGNALS = 1 << 1 };

struct ruleset_attr {
	uint64_t fs, net, scoped;
};
struct path_attr {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));
struct port_attr {
	uint64_t allowed, port;
};

static int abi_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, GET_VERSION);

	return version < 0 ? 0 : (int)version;
}

static uint64_t rights_of_kernel(int abi)
{
	uint64_t rights = ALL_OF_ABI_1;

	if (abi >= ABI_REFER)
		rights |= REFER;
	if (abi >= ABI_TRUNCATE)
		rights |= TRUNCATE;
	if (abi >= ABI_IOCTL)
		rights |= IOCTL_DEV;
	return rights;
}

static uint64_t rights_of(enum kw_sandbox_access access)
{
	switch (access) {
	case KW_SANDBOX_LIST:
		return READ_DIR;
	case KW_SANDBOX_READ:
		return READ_FILE | READ_DIR;
	case KW_SANDBOX_WRITE:
		return READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | MAKE_REG | MAKE_SOCK
		       | MAKE_DIR | REMOVE_FILE | REMOVE_DIR | REFER;
	case KW_SANDBOX_DEVICE:
		return READ_FILE | WRITE_FILE | IOCTL_DEV;
	case KW_SANDBOX_EDIT:
		return READ_FILE | WRITE_FILE | TRUNCATE;
	}
	return 0;
}

/* A path that does not exist gives nothing: whoever opens it later gets ENOENT or EACCES. */
static int add_path(int ruleset, const struct kw_sandbox_rule *rule, uint64_t known,
		    struct kw_error *err)
{
	KW_CLEANUP(kw_fd_close) int parent = open(rule->path, O_PATH | O_CLOEXEC);
	struct path_attr attr = { rights_of(rule->access) & known, parent };
	struct stat st;

	if (parent < 0)
		return 0;
	if (fstat(parent, &st) == 0 && !S_ISDIR(st.st_mode))
		attr.allowed &= OF_FILES;
	if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH, &attr, 0) < 0)
		return kw_fail(err, KW_E_SEC_SANDBOX, "Landlock, a rule for '%s': %m", rule->path);
	return 0;
}

static int add_ports(int ruleset, const uint16_t *ports, size_t n, uint64_t right,
		     struct kw_error *err)
{
	for (size_t i = 0; i < n; i++) {
		struct port_attr attr = { right, ports[i] };

		if (syscall(SYS_landlock_add_rule, ruleset, RULE_PORT, &attr, 0) < 0)
			return kw_fail(err, KW_E_SEC_SANDBOX, "Landlock, a rule for port %u: %m",
				       (unsigned)ports[i]);
	}
	return 0;
}

static int add_rules(int ruleset, const struct kw_sandbox *sandbox, int abi, uint64_t known,
		     struct kw_error *err)
{
	for (size_t i = 0; i < sandbox->n_rules; i++)
		if (add_path(ruleset, &sandbox->rules[i], known, err) < 0)
			return -1;
	if (abi < ABI_NET)
		return 0;
	if (add_ports(ruleset, sandbox->connect, sandbox->n_connect, CONNECT_TCP, err) < 0)
		return -1;
	return add_ports(ruleset, sandbox->bind, sandbox->n_bind, BIND_TCP, err);
}

int kw_landlock_enter(const struct kw_sandbox *sandbox, struct kw_sandbox_state *ret,
		      struct kw_error *err)
{
	KW_CLEANUP(kw_fd_close) int ruleset = -1;
	int abi = abi_version();
	struct ruleset_attr attr = {
		.fs = rights_of_kernel(abi),
		.net = abi >= ABI_NET ? BIND_TCP | CONNECT_TCP : 0,
		.scoped = abi >= ABI_SCOPE ? ABSTRACT_UNIX_SOCKETS | SIGNALS : 0,
	};

	if (abi == 0)
		return 0;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (ruleset < 0)
		return kw_fail(err, KW_E_SEC_SANDBOX, "Landlock, ABI %d: %m", abi);
	if (add_rules(ruleset, sandbox, abi, attr.fs, err) < 0)
		return -1;
	if (syscall(SYS_landlock_restrict_self, ruleset, 0) < 0)
		return kw_fail(err, KW_E_SEC_SANDBOX, "Landlock, entering: %m");
	ret->landlock = abi;
	ret->files = true;
	ret->ports = abi >= ABI_NET;
	ret->signals = abi >= ABI_SCOPE;
	return 0;
}
