/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device node that pods get. The node's own /dev/tpmrm0 belongs to root or to a group of the
 * distribution's choosing, and container runtimes copy owner, group and mode of the device that
 * they are told to hand out. So a second node of the same major and minor number is made, in a
 * directory of ours, with the group and mode of the configuration. It is made aside and renamed,
 * and it is removed when the device is gone: a pod never gets a node that leads somewhere else. A
 * few calls to the kernel on a file system in memory; the event thread makes them.
 */
#pragma once

#include "config/config.h"

struct kw_device {
	const struct kw_config *config;
	char *path; /* of our node, on the machine */
	bool is_there;
	struct kw_error err; /* why it is not */
};
void kw_device_open(const struct kw_config *config, struct kw_device *ret);
void kw_device_close(
	struct kw_device *device); /* leaves the node: running pods were made with it */

/* Looks at the device and makes the node fit it. True: it appeared, was replaced or went.
 * device->err: SYS_DEVICE, OUT_WRITE. */
bool kw_device_sync(struct kw_device *device);
