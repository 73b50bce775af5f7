/* SPDX-License-Identifier: Apache-2.0 */
/* The file system under D/tsm/report: the kernel's FUSE protocol, spoken by hand (linux/fuse.h). */
#include "tsm.h"

#include "lab.h"
#include "tsm_entry.h"
#include "util/cleanup.h"
#include "util/text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { WRITE_MAX = 4096, BUFFER_SIZE = 128 << 10, LISTING_MAX = 32 << 10 };

static int device = -1, stop_pipe[2] = { -1, -1 };
static char *mount_path;
static pthread_t thread;

/* One request of the kernel: the header, and a cursor behind it. */
struct call {
	struct fuse_in_header head;
	struct kw_cursor body;
};

static void reply(const struct call *call, int error, const void *data, size_t len)
{
	struct fuse_out_header head = {
		.len = (uint32_t)(sizeof(head) + len),
		.error = -error,
		.unique = call->head.unique,
	};
	struct iovec parts[] = { { &head, sizeof(head) }, { (void *)data, len } };

	/* ENOENT: the one who asked does not wait any more */
	if (writev(device, parts, len > 0 ? 2 : 1) < 0 && errno != ENOENT)
		fprintf(stderr, "keyward-lab: D/tsm/report: %m\n");
}

static struct fuse_attr attributes(uint64_t node)
{
	mode_t mode = lab_tsm_mode(node);

	return (struct fuse_attr){ .ino = node,
				   .mode = mode,
				   .nlink = S_ISDIR(mode) ? 2 : 1,
				   .uid = getuid(),
				   .gid = getgid(),
				   .blksize = WRITE_MAX };
}

static void reply_entry(const struct call *call, int error, uint64_t node)
{
	struct fuse_entry_out out = { .nodeid = node };

	if (error != 0)
		return reply(call, error, NULL, 0);
	out.attr = attributes(node);
	reply(call, 0, &out, sizeof(out));
}

/* The name that ends a request; NULL: it is none. */
static const char *take_name(struct kw_cursor *c)
{
	struct kw_bytes name;

	return kw_take(c, kw_cursor_left(c), &name) && name.len > 0
			       && memchr(name.data, '\0', name.len) == name.data + name.len - 1
		       ? (const char *)name.data
		       : NULL;
}

static void on_init(struct call *call)
{
	struct fuse_init_in in;
	struct fuse_init_out out = { .major = FUSE_KERNEL_VERSION,
				     .minor = FUSE_KERNEL_MINOR_VERSION,
				     .max_write = WRITE_MAX,
				     .time_gran = 1 };

	if (!kw_take_into(&call->body, &in, offsetof(struct fuse_init_in, flags2))
	    || in.major != FUSE_KERNEL_VERSION)
		return reply(call, EPROTO, NULL, 0);
	out.max_readahead = in.max_readahead;
	reply(call, 0, &out, sizeof(out));
}

static void on_lookup(struct call *call)
{
	const char *name = take_name(&call->body);
	uint64_t node = 0;
	int error = name != NULL ? lab_tsm_find(call->head.nodeid, name, &node) : EINVAL;

	reply_entry(call, error, node);
}

/* Also for changes of attributes, which are accepted and have no effect, as O_TRUNC has none. */
static void on_getattr(struct call *call)
{
	struct fuse_attr_out out = { .attr = attributes(call->head.nodeid) };

	reply(call, out.attr.mode != 0 ? 0 : ENOENT, &out, out.attr.mode != 0 ? sizeof(out) : 0);
}

static void on_mkdir(struct call *call)
{
	struct fuse_mkdir_in in;
	uint64_t node = 0;
	const char *name =
		kw_take_into(&call->body, &in, sizeof(in)) ? take_name(&call->body) : NULL;
	int error = call->head.nodeid != LAB_TSM_ROOT ? EPERM
		    : name == NULL		      ? EINVAL
						      : lab_tsm_make(name, &node);

	lab_log(LAB_TSM, "mkdir", name != NULL ? name : "?", error == 0 ? "ok" : "refused", "%s",
		error != 0 ? strerrordesc_np(error) : "");
	reply_entry(call, error, node);
}

static void on_rmdir(struct call *call)
{
	const char *name = take_name(&call->body);
	int error =
		call->head.nodeid != LAB_TSM_ROOT || name == NULL ? EPERM : lab_tsm_remove(name);

	reply(call, error, NULL, 0);
}

/* Size 0 and no page cache: reads go on until there is nothing, as in configfs. */
static void on_open(struct call *call)
{
	struct fuse_open_out out = { .open_flags = FOPEN_DIRECT_IO };
	bool there = lab_tsm_mode(call->head.nodeid) != 0;

	reply(call, there ? 0 : ENOENT, &out, there ? sizeof(out) : 0);
}

static void on_read(struct call *call)
{
	struct fuse_read_in in;
	struct kw_bytes bytes = { 0 };
	int error;

	if (!kw_take_into(&call->body, &in, sizeof(in)))
		return reply(call, EINVAL, NULL, 0);
	error = lab_tsm_read(call->head.nodeid, (size_t)in.offset, &bytes);
	if (in.offset == 0 && error != 0)
		lab_log(LAB_TSM, "read", "", "refused", "%s", strerrordesc_np(error));
	reply(call, error, bytes.data, error != 0 ? 0 : bytes.len < in.size ? bytes.len : in.size);
}

static void on_write(struct call *call)
{
	struct fuse_write_in in;
	struct kw_bytes data;
	struct fuse_write_out out = { 0 };
	int error;

	if (!kw_take_into(&call->body, &in, sizeof(in)) || !kw_take(&call->body, in.size, &data))
		return reply(call, EINVAL, NULL, 0);
	error = lab_tsm_write(call->head.nodeid, (size_t)in.offset, data);
	out.size = in.size;
	reply(call, error, &out, error == 0 ? sizeof(out) : 0);
}

/* One entry of a listing, padded to eight bytes; false: there is no room for it. */
static bool put_entry(uint8_t *listing, size_t *len, size_t max, const char *name, uint64_t node,
		      size_t next)
{
	struct fuse_dirent entry = { .ino = node,
				     .off = next,
				     .namelen = (uint32_t)strlen(name),
				     .type = lab_tsm_mode(node) >> 12 };
	size_t size = FUSE_DIRENT_ALIGN(FUSE_NAME_OFFSET + entry.namelen);

	if (size > max - *len)
		return false;
	memset(listing + *len, 0, size);
	memcpy(listing + *len, &entry, FUSE_NAME_OFFSET);
	memcpy(listing + *len + FUSE_NAME_OFFSET, name, entry.namelen);
	*len += size;
	return true;
}

static void on_readdir(struct call *call)
{
	uint8_t listing[LISTING_MAX];
	struct fuse_read_in in;
	size_t len = 0, max;
	uint64_t node = 0;
	const char *name;

	if (!kw_take_into(&call->body, &in, sizeof(in)))
		return reply(call, EINVAL, NULL, 0);
	max = in.size < sizeof(listing) ? in.size : sizeof(listing);
	for (size_t i = in.offset; (name = lab_tsm_name(call->head.nodeid, i, &node)) != NULL
				   && put_entry(listing, &len, max, name, node, i + 1);
	     i++)
		;
	reply(call, 0, listing, len);
}

static void on_statfs(struct call *call)
{
	struct fuse_statfs_out out = { .st = { .bsize = WRITE_MAX, .namelen = NAME_MAX } };

	reply(call, 0, &out, sizeof(out));
}

/* What nobody can do in configfs: make, link or remove files. */
static void on_refused(struct call *call)
{
	reply(call, EPERM, NULL, 0);
}

static void on_nothing(struct call *call)
{
	reply(call, 0, NULL, 0);
}

static void dispatch(struct call *call)
{
	static const struct {
		enum fuse_opcode code;
		void (*handle)(struct call *call); /* NULL: wants no answer */
	} known[] = {
		{ FUSE_INIT, on_init },		 { FUSE_LOOKUP, on_lookup },
		{ FUSE_GETATTR, on_getattr },	 { FUSE_SETATTR, on_getattr },
		{ FUSE_MKDIR, on_mkdir },	 { FUSE_RMDIR, on_rmdir },
		{ FUSE_OPEN, on_open },		 { FUSE_OPENDIR, on_open },
		{ FUSE_READ, on_read },		 { FUSE_READDIR, on_readdir },
		{ FUSE_WRITE, on_write },	 { FUSE_STATFS, on_statfs },
		{ FUSE_FLUSH, on_nothing },	 { FUSE_RELEASE, on_nothing },
		{ FUSE_RELEASEDIR, on_nothing }, { FUSE_DESTROY, on_nothing },
		{ FUSE_MKNOD, on_refused },	 { FUSE_CREATE, on_refused },
		{ FUSE_UNLINK, on_refused },	 { FUSE_SYMLINK, on_refused },
		{ FUSE_LINK, on_refused },	 { FUSE_RENAME, on_refused },
		{ FUSE_RENAME2, on_refused },	 { FUSE_FORGET, NULL },
		{ FUSE_BATCH_FORGET, NULL },	 { FUSE_INTERRUPT, NULL },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if ((uint32_t)known[i].code != call->head.opcode)
			continue;
		if (known[i].handle != NULL)
			known[i].handle(call);
		return;
	}
	reply(call, ENOSYS, NULL, 0);
}

/* False: the file system has gone. */
static bool serve_one(uint8_t *buffer)
{
	ssize_t n = read(device, buffer, BUFFER_SIZE);
	struct call call = { .body.in = { buffer, n > 0 ? (size_t)n : 0 } };

	if (n < 0)
		return errno == EINTR || errno == EAGAIN || errno == ENOENT;
	if (kw_take_into(&call.body, &call.head, sizeof(call.head)))
		dispatch(&call);
	return true;
}

static void *serve(void *unused)
{
	static uint8_t buffer[BUFFER_SIZE];
	struct pollfd wait[2] = { { .fd = device, .events = POLLIN },
				  { .fd = stop_pipe[0], .events = POLLIN } };

	(void)unused;
	while (poll(wait, 2, -1) >= 0 || errno == EINTR) {
		if (wait[1].revents != 0)
			break;
		if (wait[0].revents != 0 && !serve_one(buffer))
			break;
	}
	return NULL;
}

/* A lab that was killed leaves a dead mount behind. */
static void make_place(const char *dir)
{
	KW_CLEANUP(freep) char *parent = kw_format("%s/tsm", dir);

	mount_path = kw_format("%s/report", parent);
	umount2(mount_path, MNT_DETACH);
	if ((mkdir(parent, 0755) != 0 && errno != EEXIST)
	    || (mkdir(mount_path, 0755) != 0 && errno != EEXIST))
		lab_die("mkdir %s: %m", mount_path);
}

static bool mount_it(void)
{
	KW_CLEANUP(freep)
	char *options = kw_format("fd=%d,rootmode=40000,user_id=%u,group_id=%u,allow_other", device,
				  getuid(), getgid());

	return mount("keyward-lab", mount_path, "fuse.keyward-lab",
		     MS_NOSUID | MS_NODEV | MS_NOEXEC, options)
	       == 0;
}

bool lab_tsm_start(const char *dir)
{
	make_place(dir);
	device = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (device < 0 || !mount_it()) {
		fprintf(stderr, "keyward-lab: no D/tsm/report: %m (it wants the right to mount)\n");
		kw_fd_close(&device);
		free(mount_path);
		mount_path = NULL;
		return false;
	}
	if (pipe2(stop_pipe, O_CLOEXEC) != 0 || pthread_create(&thread, NULL, serve, NULL) != 0)
		lab_die("no thread for D/tsm/report");
	return true;
}

void lab_tsm_stop(void)
{
	if (mount_path == NULL)
		return;
	umount2(mount_path, MNT_DETACH);
	if (write(stop_pipe[1], "", 1) != 1)
		lab_die("D/tsm/report cannot be stopped");
	pthread_join(thread, NULL);
	kw_fd_close(&device);
	kw_fd_close(&stop_pipe[0]);
	kw_fd_close(&stop_pipe[1]);
	lab_tsm_clear();
	free(mount_path);
	mount_path = NULL;
}

const char *lab_tsm_path(void)
{
	return mount_path;
}
