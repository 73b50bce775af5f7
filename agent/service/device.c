/* SPDX-License-Identifier: Apache-2.0 */
#include "service/device.h"

#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void kw_device_look(const char *path, struct kw_device *ret)
{
	KW_CLEANUP(kw_fd_close) int fd = -1;
	struct stat st = { 0 };

	*ret = (struct kw_device){ .path = path, .uid = geteuid(), .gid = getegid() };
	if (stat(path, &st) < 0)
		ret->stat_errno = errno;
	ret->owner = st.st_uid;
	ret->group = st.st_gid;
	ret->mode = st.st_mode;
	fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		ret->open_errno = errno;
}

static bool group_may(const struct kw_device *d)
{
	return (d->mode & (S_IRGRP | S_IWGRP)) == (S_IRGRP | S_IWGRP) && d->group != 0;
}

/* EACCES is the file's mode: a group can help. EPERM is the device cgroup: none can. */
static void remedy_for(const struct kw_device *d, char *ret, size_t size)
{
	if (d->open_errno == EACCES && group_may(d))
		(void)snprintf(ret, size,
			       "add to the pod: securityContext: {supplementalGroups: [%u]}",
			       d->group);
	else if (d->open_errno == EACCES)
		(void)snprintf(ret, size,
			       "no group but root's may open it: request keyward.dev/tpm of the "
			       "node helper, or give the file a group and mode 0660 on the node");
	else if (d->open_errno == EPERM)
		(void)snprintf(ret, size,
			       "the device cgroup forbids it, groups do not help: request "
			       "keyward.dev/tpm of the node helper, or run privileged");
	else if (d->open_errno == EBUSY)
		(void)snprintf(ret, size,
			       "somebody has it alone: name device:/dev/tpmrm0, which is shared, "
			       "in evidence.tcti");
	else if (d->open_errno == ENOENT || d->open_errno == ENOTDIR)
		(void)snprintf(ret, size,
			       "request keyward.dev/tpm of the node helper, or mount the node's "
			       "device; on another kind of machine there is none");
}

void kw_device_judge(const struct kw_device *device, struct kw_probe *probe)
{
	char found[160], remedy[KW_REMEDY_SIZE] = "";
	char reason[64];

	remedy_for(device, remedy, sizeof(remedy));
	if (device->stat_errno != 0) {
		errno = device->stat_errno;
		(void)snprintf(found, sizeof(found), "%s: %m", device->path);
		kw_probe_add(probe, "device", KW_FINDING_FAILED, KW_E_TPM_OPEN, found, remedy);
		return;
	}
	(void)snprintf(found, sizeof(found), "%s: owner %u, group %u, mode %04o%s", device->path,
		       device->owner, device->group, (unsigned)device->mode & 07777,
		       S_ISCHR(device->mode) ? "" : ", not a character device");
	kw_probe_add(probe, "device", S_ISCHR(device->mode) ? KW_FINDING_OK : KW_FINDING_FAILED,
		     KW_E_TPM_OPEN, found, NULL);
	errno = device->open_errno;
	(void)snprintf(reason, sizeof(reason), "%s: %m",
		       device->open_errno == EACCES  ? "EACCES"
		       : device->open_errno == EPERM ? "EPERM"
		       : device->open_errno == EBUSY ? "EBUSY"
						     : "cannot be opened");
	(void)snprintf(found, sizeof(found), "%s, as uid %u, gid %u",
		       device->open_errno == 0 ? "can be opened" : reason, device->uid,
		       device->gid);
	kw_probe_add(probe, "opening it",
		     device->open_errno == 0 ? KW_FINDING_OK : KW_FINDING_FAILED, KW_E_TPM_OPEN,
		     found, remedy);
}
