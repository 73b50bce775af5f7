/* SPDX-License-Identifier: Apache-2.0 */
/* The device node for pods, made after character devices of the kernel's (1:3 is null, 1:5 zero).
 */
#include "node/device.h"
#include "rows.h"
#include "util/text.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { OURS_GID = 65532 };

struct world {
	char dir[32];
	char *source, *directory, *made;
	struct kw_config config;
	struct kw_device device;
};

static void world_open(struct world *world)
{
	*world = (struct world){ .dir = "/tmp/kw-device-XXXXXX" };
	assert_non_null(mkdtemp(world->dir));
	world->source = kw_format("%s/tpmrm0", world->dir);
	world->directory = kw_format("%s/a/b", world->dir);
	world->made = kw_format("%s/a/b/tpmrm0", world->dir);
	world->config.node.device = world->source;
	world->config.node.device_directory = world->directory;
	world->config.node.mode = 0660;
	world->config.node.gid = OURS_GID;
	kw_device_open(&world->config, &world->device);
	if (mknod(world->source, S_IFCHR | 0600, makedev(1, 3)) < 0)
		skip(); /* CAP_MKNOD is missing */
}

static void world_close(struct world *world)
{
	KW_CLEANUP(freep) char *parent = kw_format("%s/a", world->dir);

	unlink(world->source);
	unlink(world->made);
	rmdir(world->directory);
	rmdir(parent);
	rmdir(world->dir);
	kw_device_close(&world->device);
	free(world->source);
	free(world->directory);
	free(world->made);
}

static void want_node(const struct world *world, unsigned minor)
{
	struct stat st;

	assert_int_equal(stat(world->made, &st), 0);
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(st.st_rdev, makedev(1, minor));
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(st.st_gid, OURS_GID);
}

static void follows_the_device(void **state)
{
	struct world world;

	(void)state;
	world_open(&world);
	assert_true(kw_device_sync(&world.device));
	want_node(&world, 3);
	assert_false(kw_device_sync(&world.device)); /* nothing changed */
	assert_int_equal(unlink(world.source), 0);
	assert_true(kw_device_sync(&world.device)); /* it is gone, and so is ours */
	assert_int_equal(access(world.made, F_OK), -1);
	assert_true(kw_error_is(&world.device.err, KW_E_SYS_DEVICE));
	assert_int_equal(mknod(world.source, S_IFCHR | 0600, makedev(1, 5)), 0);
	assert_true(kw_device_sync(&world.device)); /* another came */
	want_node(&world, 5);
	assert_int_equal(chmod(world.made, 0666), 0);
	assert_true(kw_device_sync(&world.device)); /* somebody opened it wide */
	want_node(&world, 5);
	world_close(&world);
}

static void what_is_no_device_is_refused(void **state)
{
	struct world world;
	FILE *file;

	(void)state;
	world_open(&world);
	unlink(world.source);
	file = fopen(world.source, "w");
	assert_non_null(file);
	fclose(file);
	assert_false(kw_device_sync(&world.device));
	assert_false(world.device.is_there);
	assert_non_null(strstr(world.device.err.detail, "not a character device"));
	world_close(&world);
}

static void a_directory_that_cannot_be_made_is_named(void **state)
{
	struct world world;
	KW_CLEANUP(freep) char *parent = NULL;
	FILE *file;

	(void)state;
	world_open(&world);
	parent = kw_format("%s/a", world.dir);
	file = fopen(parent, "w");
	assert_non_null(file);
	fclose(file);
	assert_false(kw_device_sync(&world.device));
	assert_true(kw_error_is(&world.device.err, KW_E_OUT_WRITE));
	unlink(parent);
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_the_device),
		cmocka_unit_test(what_is_no_device_is_refused),
		cmocka_unit_test(a_directory_that_cannot_be_made_is_named),
	};

	return cmocka_run_group_tests_name("device", tests, NULL, NULL);
}
