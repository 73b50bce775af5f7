/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/sev-guest against a kernel that answers by script: layouts and numbers of SNP evidence 3. */
#include "rows.h"

#include "fake_device.h"

#define GET_REPORT 0xc0205300UL
#define GET_EXTENDED_REPORT 0xc0205302UL
#define HOST(n) ((uint64_t)(n) << 32)
#define NOT_CALLED 0xffU /* the firmware was not reached */
enum { TABLE_MARK = 0x5a };

/* The structure of 32 bytes and what it points to, by offset. */
static int sev_guest_ioctl(void *ctx, int fd, unsigned long number, void *argument)
{
	uint8_t *message = argument;
	uint8_t *request = (uint8_t *)(uintptr_t)fake_u64(message + 8);
	uint8_t *response = (uint8_t *)(uintptr_t)fake_u64(message + 16);
	const struct fake_answer *answer = &fake.answers[fake.n_calls];

	(void)ctx;
	assert_int_equal(fd, FAKE_FD);
	assert_in_range(fake.n_calls, 0, FAKE_CALLS_MAX - 1);
	assert_int_equal(message[0], 1);
	for (int i = 1; i < 8; i++)
		assert_int_equal(message[i], 0);
	for (int i = KW_SNP_REPORT_DATA_SIZE; i < KW_SNP_REQUEST_SIZE; i++)
		assert_int_equal(request[i], 0); /* VMPL 0, and no key selected */
	fake.numbers[fake.n_calls++] = number;
	memcpy(fake.asked, request, sizeof(fake.asked));
	memcpy(message + 24, &answer->exit_info, sizeof(answer->exit_info));
	if (number == GET_EXTENDED_REPORT) {
		uint8_t *table = (uint8_t *)(uintptr_t)fake_u64(request + 96);

		assert_int_equal((uintptr_t)table % 4096, 0);
		if (answer->table_needs)
			fake_le32(request + 104, answer->table_needs);
		else if (answer->error == 0 && !answer->no_table)
			table[0] = TABLE_MARK;
	}
	errno = answer->error;
	if (answer->error)
		return -1;
	fake_response(answer, response);
	return 0;
}

static const struct kw_device_calls calls = { fake_open, sev_guest_ioctl, fake_close, NULL };

static const struct row {
	const char *name;
	struct fake_answer answers[FAKE_CALLS_MAX];
	enum kw_error_name expect;
	const char *says;
	size_t n_calls;
	bool table, plain_last;
	int64_t slept_ms;
} rows[] = {
	{ "given an extended report, report and table are taken",
	  { { 0 } },
	  KW_OK,
	  "",
	  .n_calls = 1,
	  .table = true },
	{ "given a host without certificates, there is no table",
	  { { .no_table = true } },
	  KW_OK,
	  "",
	  .n_calls = 1 },
	{ "given a shorter table than we offer room for, it is asked for once more",
	  { { .error = EIO, .exit_info = HOST(1), .table_needs = 8192 }, { 0 } },
	  KW_OK,
	  "",
	  .n_calls = 2,
	  .table = true },
	{ "given a table beyond what can be had, the report comes without",
	  { { .error = EIO, .exit_info = HOST(1), .table_needs = 20480 }, { 0 } },
	  KW_OK,
	  "",
	  .n_calls = 2,
	  .plain_last = true },
	{ "given a length that is no page, the report comes without",
	  { { .error = EIO, .exit_info = HOST(1), .table_needs = 100 }, { 0 } },
	  KW_OK,
	  "",
	  .n_calls = 2,
	  .plain_last = true },
	{ "given a table that never fits, the report comes without",
	  { { .error = EIO, .exit_info = HOST(1), .table_needs = 4096 },
	    { .error = EIO, .exit_info = HOST(1), .table_needs = 8192 },
	    { 0 } },
	  KW_OK,
	  "",
	  .n_calls = 3,
	  .plain_last = true },
	{ "given a kernel without the extended request, the report comes without",
	  { { .error = ENOTTY }, { 0 } },
	  KW_OK,
	  "",
	  .n_calls = 2,
	  .plain_last = true },
	{ "given a lost message key, it says that it is lost",
	  { { .error = ENOTTY }, { .error = ENOTTY } },
	  KW_E_SNP_DEVICE_LOST,
	  "message key",
	  .n_calls = 2,
	  .plain_last = true },
	{ "given an answer that does not decrypt, it says that the key is lost",
	  { { .error = EBADMSG } },
	  KW_E_SNP_DEVICE_LOST,
	  "message key",
	  .n_calls = 1 },
	{ "given a host that is busy once, it is asked again after 2 s",
	  { { .error = EIO, .exit_info = HOST(2) }, { 0 } },
	  KW_OK,
	  "",
	  .n_calls = 2,
	  .table = true,
	  .slept_ms = 2100 },
	{ "given a host that stays busy, it is not hammered",
	  { { .error = EIO, .exit_info = HOST(2) },
	    { .error = EIO, .exit_info = HOST(2) },
	    { .error = EIO, .exit_info = HOST(2) } },
	  KW_E_SNP_DEVICE_BUSY,
	  "host error 2",
	  .n_calls = 3,
	  .slept_ms = 4200 },
	{ "given an interrupted call, it is sent again",
	  { { .error = EINTR }, { .error = EAGAIN }, { 0 } },
	  KW_OK,
	  "",
	  .n_calls = 3,
	  .table = true,
	  .slept_ms = 4200 },
	{ "given a host that was busy for a minute, it is for later",
	  { { .error = ETIMEDOUT } },
	  KW_E_SNP_DEVICE_BUSY,
	  "timed out",
	  .n_calls = 1 },
	{ "given a firmware error, it is named",
	  { { .error = EIO, .exit_info = 0x16 } },
	  KW_E_SNP_DEVICE_FAILED,
	  "firmware error 0x16, host error 0",
	  .n_calls = 1 },
	{ "given no firmware call, that is named",
	  { { .error = EIO, .exit_info = NOT_CALLED } },
	  KW_E_SNP_DEVICE_FAILED,
	  "firmware error 0xff",
	  .n_calls = 1 },
	{ "given exit information of another errno, it is not believed",
	  { { .error = EINVAL, .exit_info = HOST(2) } },
	  KW_E_SNP_DEVICE_FAILED,
	  "Invalid argument",
	  .n_calls = 1 },
	{ "given a bad address, it is our fault and said",
	  { { .error = EFAULT } },
	  KW_E_SNP_DEVICE_FAILED,
	  "Bad address",
	  .n_calls = 1 },
	{ "given a device that went away, another is looked for",
	  { { .error = ENODEV } },
	  KW_E_SNP_DEVICE,
	  "No such device",
	  .n_calls = 1 },
	{ "given a refusal, the permission is missing",
	  { { .error = EPERM } },
	  KW_E_SNP_DEVICE,
	  "not permitted",
	  .n_calls = 1 },
	{ "given a firmware status, there is no report",
	  { { .status = 0x16 } },
	  KW_E_SNP_DEVICE_FAILED,
	  "0x16 (invalid parameters)",
	  .n_calls = 1 },
	{ "given no such key, that is said",
	  { { .status = 0x27 } },
	  KW_E_SNP_DEVICE_FAILED,
	  "0x27 (the key",
	  .n_calls = 1 },
	{ "given a size below a report's, it is refused",
	  { { .size = 1183 } },
	  KW_E_SNP_ANSWER,
	  "1183 bytes, expected 1184",
	  .n_calls = 1 },
	{ "given a larger report that fits, its first 1184 bytes count",
	  { { .size = 3968 } },
	  KW_OK,
	  "",
	  .n_calls = 1,
	  .table = true },
	{ "given a size beyond the buffer, it is refused",
	  { { .size = 3969 } },
	  KW_E_SNP_ANSWER,
	  "3969 bytes",
	  .n_calls = 1 },
	{ "given a report over other data, it is refused",
	  { { .other_data = true } },
	  KW_E_SNP_ANSWER,
	  "other data",
	  .n_calls = 1 },
};

static void asks_as_expected(void **state)
{
	const struct row *row = *state;
	const struct kw_snp_device device = { "/dev/sev-guest", &calls, &fake_clock, NULL };
	const uint8_t data[KW_SNP_REPORT_DATA_SIZE] = { 1, 2, 3, [63] = 4 };
	struct kw_snp_taken taken = { 0 };
	struct kw_error err = { 0 };
	int r;

	fake = (struct fake){ 0 };
	memcpy(fake.answers, row->answers, sizeof(fake.answers));
	r = kw_sev_guest_take(&device, data, &taken, &err);
	assert_int_equal(r, row->expect == KW_OK ? 0 : -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_non_null(strstr(err.detail, row->says));
	assert_int_equal(fake.n_calls, row->n_calls);
	assert_int_equal(fake.numbers[0], GET_EXTENDED_REPORT);
	assert_int_equal(fake.numbers[fake.n_calls - 1],
			 row->plain_last ? GET_REPORT : GET_EXTENDED_REPORT);
	assert_int_equal(fake.slept_ms, row->slept_ms);
	assert_int_equal(fake.n_open, 0);
	assert_memory_equal(fake.asked, data, sizeof(data));
	assert_int_equal(taken.report.len, r == 0 ? KW_SNP_REPORT_SIZE : 0);
	assert_int_equal(taken.table.len, row->table ? KW_SNP_TABLE_SIZE_MAX : 0);
	if (row->table)
		assert_int_equal(taken.table.data[0], TABLE_MARK);
	kw_snp_taken_clear(&taken);
}

static const struct open_row {
	const char *name;
	int error;
	const char *says;
} open_rows[] = {
	{ "given no device, it is not there", ENOENT, "No such file" },
	{ "given no permission, it says so", EACCES, "Permission denied" },
};

static void is_absent(void **state)
{
	const struct open_row *row = *state;
	const struct kw_snp_device device = { "/dev/sev-guest", &calls, &fake_clock, NULL };
	const uint8_t data[KW_SNP_REPORT_DATA_SIZE] = { 0 };
	struct kw_snp_taken taken = { 0 };
	struct kw_error err = { 0 };

	fake = (struct fake){ .open_error = row->error };
	assert_false(kw_sev_guest_probe(&device, &err));
	assert_true(kw_error_is(&err, KW_E_SNP_DEVICE));
	assert_non_null(strstr(err.detail, "/dev/sev-guest"));
	assert_non_null(strstr(err.detail, row->says));
	assert_int_equal(kw_sev_guest_take(&device, data, &taken, &err), -1);
	assert_true(kw_error_is(&err, KW_E_SNP_DEVICE));
}

static void a_device_that_opens_is_there(void **state)
{
	const struct kw_snp_device device = { "/dev/sev-guest", &calls, &fake_clock, NULL };
	struct kw_error err = { 0 };

	(void)state;
	fake = (struct fake){ 0 };
	assert_true(kw_sev_guest_probe(&device, &err));
	assert_int_equal(fake.n_calls, 0); /* nothing is asked of the firmware */
	assert_int_equal(fake.n_open, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_device_that_opens_is_there) };

	return KW_ROWS_RUN(rows, asks_as_expected) + KW_ROWS_RUN(open_rows, is_absent)
	       + cmocka_run_group_tests_name("sev-guest", tests, NULL, NULL);
}
