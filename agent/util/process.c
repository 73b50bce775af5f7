/* SPDX-License-Identifier: Apache-2.0 */
#include "util/process.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

int kw_process_harden(struct kw_error *err)
{
	static const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return kw_fail(err, KW_E_SEC_HARDEN, "setting RLIMIT_CORE to 0: %m");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return kw_fail(err, KW_E_SEC_HARDEN, "making the process undumpable: %m");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return kw_fail(err, KW_E_SEC_HARDEN, "giving up new privileges: %m");
	umask(077);
	return 0;
}
