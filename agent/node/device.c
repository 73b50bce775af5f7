/* SPDX-License-Identifier: Apache-2.0 */
#include "node/device.h"

#include "node/directory.h"
#include "util/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void kw_device_open(const struct kw_config *config, struct kw_device *ret)
{
	*ret = (struct kw_device){
		.config = config,
		.path = kw_format("%s/%s", config->node.device_directory,
				  strrchr(config->node.device, '/') + 1),
	};
}

void kw_device_close(struct kw_device *device)
{
	free(device->path);
	*device = (struct kw_device){ 0 };
}

static int find_source(const struct kw_device *device, dev_t *ret, struct kw_error *err)
{
	const char *path = device->config->node.device;
	struct stat st;

	if (stat(path, &st) < 0)
		return kw_fail(err, KW_E_SYS_DEVICE, "'%s': %m", path);
	if (!S_ISCHR(st.st_mode))
		return kw_fail(err, KW_E_SYS_DEVICE, "'%s' is not a character device", path);
	*ret = st.st_rdev;
	return 0;
}

static bool fits(const struct kw_device *device, dev_t rdev)
{
	struct stat st;

	return lstat(device->path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == rdev
	       && (st.st_mode & 07777) == device->config->node.mode
	       && st.st_gid == (gid_t)device->config->node.gid;
}

/* Nobody can open it before group and mode are right: it is made with mode 0. */
static int make_node(const struct kw_device *device, dev_t rdev, struct kw_error *err)
{
	KW_CLEANUP(freep) char *draft = kw_format("%s.new", device->path);
	bool made = false;

	if (kw_directory_make(device->config->node.device_directory, err) < 0)
		return -1;
	if (unlink(draft) == 0 || errno == ENOENT)
		made = mknod(draft, S_IFCHR, rdev) == 0
		       && chown(draft, 0, (gid_t)device->config->node.gid) == 0
		       && chmod(draft, device->config->node.mode) == 0
		       && rename(draft, device->path) == 0;
	if (made)
		return 0;
	kw_fail(err, KW_E_OUT_WRITE, "'%s': making the device node: %m", device->path);
	unlink(draft);
	return -1;
}

bool kw_device_sync(struct kw_device *device)
{
	bool was_there = device->is_there, is_new = false;
	dev_t rdev = 0;

	device->err = (struct kw_error){ 0 };
	device->is_there = find_source(device, &rdev, &device->err) == 0;
	if (device->is_there && !fits(device, rdev)) {
		is_new = true;
		device->is_there = make_node(device, rdev, &device->err) == 0;
	}
	if (!device->is_there)
		unlink(device->path);
	return device->is_there != was_there || (is_new && device->is_there);
}
