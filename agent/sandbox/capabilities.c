/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/capabilities.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CAPABILITIES_MAX = 64 };

_Static_assert(KW_CAPABILITY_CHOWN == UINT64_C(1) << CAP_CHOWN, "as the kernel numbers it");
_Static_assert(KW_CAPABILITY_DAC_OVERRIDE == UINT64_C(1) << CAP_DAC_OVERRIDE, "and this");
_Static_assert(KW_CAPABILITY_DAC_READ_SEARCH == UINT64_C(1) << CAP_DAC_READ_SEARCH, "and this");
_Static_assert(KW_CAPABILITY_FOWNER == UINT64_C(1) << CAP_FOWNER, "and this");
_Static_assert(KW_CAPABILITY_MKNOD == UINT64_C(1) << CAP_MKNOD, "and this");

/* While CAP_SETPCAP is still there. Who does not have it has no way to get one back: no new
 * privileges. */
static int drop_bounding(uint64_t kept, struct kw_error *err)
{
	for (unsigned i = 0; i < CAPABILITIES_MAX; i++)
		if (!(kept >> i & 1) && prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1
		    && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0 && errno != EPERM)
			return kw_fail(err, KW_E_SEC_SANDBOX, "giving up capability %u: %m", i);
	return 0;
}

int kw_capabilities_keep(uint64_t kept, struct kw_error *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (drop_bounding(kept, err) < 0)
		return -1;
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capget, &header, sets) < 0)
		return kw_fail(err, KW_E_SEC_SANDBOX, "reading capabilities: %m");
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		sets[i].permitted &= (uint32_t)(kept >> (32 * i));
		sets[i].effective = sets[i].permitted;
		sets[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &header, sets) < 0)
		return kw_fail(err, KW_E_SEC_SANDBOX, "giving up capabilities: %m");
	return 0;
}
