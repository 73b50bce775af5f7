/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/sev of the 5.x kernels against a kernel that answers by script: SNP evidence 4. */
#include "rows.h"

#include "fake_device.h"

#define GET_REPORT 0xc0285301UL

/* The structure of 40 bytes and what it points to, by offset. */
static int sev_ioctl(void *ctx, int fd, unsigned long number, void *argument)
{
	static const uint8_t head[8] = { 5, 6, 1, 0, 96, 0, 0, 0 };
	static const uint8_t middle[8] = { 0x00, 0x05, 0, 0, 0, 0, 0, 0 }; /* 1280 */
	uint8_t *message = argument;
	const uint8_t *request = (const uint8_t *)(uintptr_t)fake_u64(message + 8);
	uint8_t *response = (uint8_t *)(uintptr_t)fake_u64(message + 24);
	const struct fake_answer *answer = &fake.answers[fake.n_calls];

	(void)ctx;
	assert_int_equal(fd, FAKE_FD);
	assert_in_range(fake.n_calls, 0, FAKE_CALLS_MAX - 1);
	assert_int_equal(number, GET_REPORT);
	assert_memory_equal(message, head, sizeof(head));
	assert_memory_equal(message + 16, middle, sizeof(middle));
	for (int i = KW_SNP_REPORT_DATA_SIZE; i < KW_SNP_REQUEST_SIZE; i++)
		assert_int_equal(request[i], 0);
	fake.n_calls++;
	memcpy(fake.asked, request, sizeof(fake.asked));
	fake_le32(message + 32, (uint32_t)answer->exit_info);
	errno = answer->error;
	if (answer->error)
		return -1;
	fake_response(answer, response);
	return 0;
}

static const struct kw_device_calls calls = { fake_open, sev_ioctl, fake_close, NULL };

static const struct row {
	const char *name;
	struct fake_answer answers[FAKE_CALLS_MAX];
	enum kw_error_name expect;
	const char *says;
	size_t n_calls;
	bool is_there; /* as a probe sees it */
} rows[] = {
	{ "given a report, it is taken", { { 0 } }, KW_OK, "", .n_calls = 1, .is_there = true },
	{ "given the host's device of this name, it is none",
	  { { .error = ENOTTY } },
	  KW_E_SNP_DEVICE,
	  "Inappropriate ioctl",
	  .n_calls = 1 },
	{ "given a device that does not know the request, it is none",
	  { { .error = EINVAL } },
	  KW_E_SNP_DEVICE,
	  "Invalid argument",
	  .n_calls = 1 },
	{ "given a busy device, it is asked again",
	  { { .error = EBUSY }, { .error = EAGAIN }, { 0 } },
	  KW_OK,
	  "",
	  .n_calls = 3,
	  .is_there = true },
	{ "given a device that stays busy, it is not hammered",
	  { { .error = EBUSY }, { .error = EBUSY }, { .error = EBUSY } },
	  KW_E_SNP_DEVICE_BUSY,
	  "busy",
	  .n_calls = 3 },
	{ "given a firmware error, it is named",
	  { { .error = EIO, .exit_info = 0x16 } },
	  KW_E_SNP_DEVICE_FAILED,
	  "firmware error 0x16",
	  .n_calls = 1 },
	{ "given a firmware status, there is no report",
	  { { .status = 0x16 } },
	  KW_E_SNP_DEVICE_FAILED,
	  "invalid parameters",
	  .n_calls = 1 },
	{ "given the largest size that fits, its first 1184 bytes count",
	  { { .size = 1248 } },
	  KW_OK,
	  "",
	  .n_calls = 1,
	  .is_there = true },
	{ "given a size beyond the buffer, it is refused",
	  { { .size = 1249 } },
	  KW_E_SNP_ANSWER,
	  "1249 bytes",
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
	const struct kw_snp_device device = { "/dev/sev", &calls, &fake_clock, NULL };
	const uint8_t data[KW_SNP_REPORT_DATA_SIZE] = { 9, [63] = 8 };
	struct kw_snp_taken taken = { 0 };
	struct kw_error err = { 0 };
	int r;

	fake = (struct fake){ 0 };
	memcpy(fake.answers, row->answers, sizeof(fake.answers));
	r = kw_sev_take(&device, data, &taken, &err);
	assert_int_equal(r, row->expect == KW_OK ? 0 : -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_non_null(strstr(err.detail, row->says));
	assert_int_equal(fake.n_calls, row->n_calls);
	assert_int_equal(fake.n_open, 0);
	assert_memory_equal(fake.asked, data, sizeof(data));
	assert_int_equal(taken.report.len, r == 0 ? KW_SNP_REPORT_SIZE : 0);
	assert_int_equal(taken.table.len, 0); /* this device has none */
	kw_snp_taken_clear(&taken);
}

static void is_probed_by_asking(void **state)
{
	const struct row *row = *state;
	const struct kw_snp_device device = { "/dev/sev", &calls, &fake_clock, NULL };
	struct kw_error err = { 0 };

	fake = (struct fake){ 0 };
	memcpy(fake.answers, row->answers, sizeof(fake.answers));
	assert_int_equal(kw_sev_probe(&device, &err), row->is_there);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
}

int main(void)
{
	return KW_ROWS_RUN(rows, asks_as_expected) + KW_ROWS_RUN(rows, is_probed_by_asking);
}
