/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include "service/device.h"

#include <errno.h>
#include <sys/stat.h>

static const struct row {
	const char *name;
	struct kw_device device;
	enum kw_finding_verdict file, opening;
	const char *found, *remedy; /* words of the last finding */
} rows[] = {
	{ "given a device that opens, all is well",
	  { .path = "/dev/tpmrm0", .group = 109, .mode = S_IFCHR | 0660, .uid = 0 },
	  KW_FINDING_OK,
	  KW_FINDING_OK,
	  "can be opened, as uid 0, gid 0",
	  "" },
	{ "given EACCES and a group that may, it names the group by number",
	  { .path = "/dev/tpmrm0",
	    .open_errno = EACCES,
	    .group = 109,
	    .mode = S_IFCHR | 0660,
	    .uid = 65532,
	    .gid = 65532 },
	  KW_FINDING_OK,
	  KW_FINDING_FAILED,
	  "EACCES: Permission denied, as uid 65532, gid 65532",
	  "supplementalGroups: [109]" },
	{ "given EACCES and root's group, no group is offered",
	  { .path = "/dev/tpmrm0", .open_errno = EACCES, .group = 0, .mode = S_IFCHR | 0660 },
	  KW_FINDING_OK,
	  KW_FINDING_FAILED,
	  "EACCES",
	  "no group but root's" },
	{ "given EACCES and a group that may only read, no group is offered",
	  { .path = "/dev/tpmrm0", .open_errno = EACCES, .group = 109, .mode = S_IFCHR | 0640 },
	  KW_FINDING_OK,
	  KW_FINDING_FAILED,
	  "EACCES",
	  "no group but root's" },
	{ "given EPERM, it is the device cgroup and groups do not help",
	  { .path = "/dev/tpmrm0", .open_errno = EPERM, .group = 109, .mode = S_IFCHR | 0660 },
	  KW_FINDING_OK,
	  KW_FINDING_FAILED,
	  "EPERM",
	  "the device cgroup forbids it, groups do not" },
	{ "given EBUSY, it names the shared device",
	  { .path = "/dev/tpm0", .open_errno = EBUSY, .group = 109, .mode = S_IFCHR | 0660 },
	  KW_FINDING_OK,
	  KW_FINDING_FAILED,
	  "EBUSY",
	  "device:/dev/tpmrm0" },
	{ "given another reason, it is the catalogue's remedy",
	  { .path = "/dev/tpmrm0", .open_errno = ENODEV, .group = 109, .mode = S_IFCHR | 0660 },
	  KW_FINDING_OK,
	  KW_FINDING_FAILED,
	  "cannot be opened: No such device",
	  "a group that may open it" },
	{ "given no device, it says where one comes from",
	  { .path = "/dev/tpmrm0", .stat_errno = ENOENT, .open_errno = ENOENT },
	  KW_FINDING_FAILED,
	  KW_FINDING_FAILED,
	  "/dev/tpmrm0: No such file",
	  "keyward.dev/tpm" },
	{ "given a plain file, it is no device",
	  { .path = "/dev/tpmrm0", .owner = 5, .group = 6, .mode = S_IFREG | 0600 },
	  KW_FINDING_FAILED,
	  KW_FINDING_OK,
	  "can be opened",
	  "" },
};

static void judges(void **state)
{
	const struct row *row = *state;
	struct kw_probe probe = { 0 };
	const struct kw_finding *last;

	kw_device_judge(&row->device, &probe);
	assert_in_range(probe.n_rows, 1, 2);
	last = &probe.rows[probe.n_rows - 1];
	assert_int_equal(probe.rows[0].verdict, row->file);
	assert_int_equal(last->verdict, row->opening);
	assert_non_null(strstr(last->found, row->found));
	assert_non_null(strstr(last->remedy, row->remedy));
	assert_int_equal(last->remedy[0] == '\0', row->remedy[0] == '\0');
}

static void shows_numbers(void **state)
{
	const struct kw_device device = {
		.path = "/dev/tpmrm0", .owner = 7, .group = 109, .mode = S_IFCHR | 0640
	};
	struct kw_probe probe = { 0 };

	(void)state;
	kw_device_judge(&device, &probe);
	assert_string_equal(probe.rows[0].found, "/dev/tpmrm0: owner 7, group 109, mode 0640");
}

/* Verdicts of a whole look. */

static struct kw_probe *probe_of(const char *name, bool ended, enum kw_error_name late)
{
	struct kw_probe *probe = calloc(1, sizeof(*probe));

	assert_non_null(probe);
	probe->name = name;
	probe->ended = ended;
	probe->late = late;
	return probe;
}

static void concludes_with_the_first(void **state)
{
	struct kw_probe *good = probe_of("tpm", true, KW_E_TPM_BUSY);
	struct kw_probe *late = probe_of("imds", false, KW_E_IDN_UNREACHABLE);
	struct kw_probe *bad = probe_of("key", true, KW_E_REL_UNREACHABLE);
	struct kw_doctor doctor = { .probes = { good, late, bad }, .n_probes = 3 };
	struct kw_error err = { 0 };

	(void)state;
	kw_probe_add(good, "warned", KW_FINDING_WARNING, KW_E_ATT_POLICY, "off", NULL);
	kw_probe_add(late, "written late", KW_FINDING_FAILED, KW_E_SYS_INTERNAL, "x", NULL);
	kw_probe_add(bad, "attributes", KW_FINDING_FAILED, KW_E_REL_ATTRIBUTES, "disabled", NULL);
	assert_int_equal(kw_doctor_result(&doctor, &err), -1);
	assert_true(kw_error_is(&err, KW_E_IDN_UNREACHABLE)); /* not what it wrote afterwards */
	assert_non_null(strstr(err.detail, "imds: no end within 3 s"));
	late->ended = true;
	late->n_rows = 0;
	assert_int_equal(kw_doctor_result(&doctor, &err), -1);
	assert_true(kw_error_is(&err, KW_E_REL_ATTRIBUTES));
	bad->n_rows = 0;
	assert_int_equal(kw_doctor_result(&doctor, &err), 0);
	free(good);
	free(late);
	free(bad);
}

static void loses_no_failure(void **state)
{
	struct kw_probe *probe = probe_of("tpm", true, KW_E_TPM_BUSY);

	(void)state;
	for (size_t i = 0; i < KW_FINDINGS_MAX + 2; i++)
		kw_probe_add(probe, "row", KW_FINDING_OK, KW_OK, "", NULL);
	assert_int_equal(probe->n_rows, KW_FINDINGS_MAX);
	kw_probe_add(probe, "row", KW_FINDING_FAILED, KW_E_TPM_BUSY, "", NULL);
	assert_int_equal(probe->rows[KW_FINDINGS_MAX - 1].verdict, KW_FINDING_FAILED);
	free(probe);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_numbers),
		cmocka_unit_test(concludes_with_the_first),
		cmocka_unit_test(loses_no_failure),
	};

	return KW_ROWS_RUN(rows, judges) + cmocka_run_group_tests(tests, NULL, NULL);
}
