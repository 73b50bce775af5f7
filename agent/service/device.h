/* SPDX-License-Identifier: Apache-2.0 */
/* Whether this process may open the TPM device, and what to change if not. */
#pragma once

#include "service/doctor.h"

#include <sys/types.h>

/* What there is to know of a device file. */
struct kw_device {
	const char *path;
	int stat_errno, open_errno; /* 0: it can be looked at, and opened for reading and writing */
	uid_t owner, uid;
	gid_t group, gid;
	mode_t mode;
};
void kw_device_look(const char *path, struct kw_device *ret);
/* Pure: one finding for the file, one for opening it. */
void kw_device_judge(const struct kw_device *device, struct kw_probe *probe);
