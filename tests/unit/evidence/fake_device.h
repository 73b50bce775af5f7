/* SPDX-License-Identifier: Apache-2.0 */
/* A kernel for the SNP devices: it answers each ioctl by the next line of a script and keeps what
 * it was asked. One test at a time; included by the tests of sev_guest.c and sev.c. */
#pragma once

#include "evidence/snp_device.h"

#include <errno.h>
#include <string.h>

enum { FAKE_FD = 77, FAKE_CALLS_MAX = 8 };

struct fake_answer {
	int error; /* errno; 0: the call goes well */
	uint64_t exit_info;
	uint32_t status, size; /* of the firmware's answer; size 0: 1184 */
	bool other_data, no_table;
	uint32_t table_needs; /* bytes; written back where the table is too long */
};

static struct fake {
	struct fake_answer answers[FAKE_CALLS_MAX];
	unsigned long numbers[FAKE_CALLS_MAX];
	size_t n_calls;
	int open_error, n_open;
	int64_t slept_ms;
	uint8_t asked[KW_SNP_REPORT_DATA_SIZE];
} fake;

static int fake_open(void *ctx, const char *path)
{
	(void)ctx;
	(void)path;
	errno = fake.open_error;
	if (fake.open_error)
		return -1;
	fake.n_open++;
	return FAKE_FD;
}

static int fake_close(void *ctx, int fd)
{
	(void)ctx;
	fake.n_open -= fd == FAKE_FD;
	return 0;
}

static void fake_le32(uint8_t *to, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

/* The firmware's answer, with a version 2 report that repeats what was asked (SNP evidence 2). */
static void fake_response(const struct fake_answer *answer, uint8_t *response)
{
	uint8_t *report = response + 32;

	fake_le32(response, answer->status);
	fake_le32(response + 4, answer->size ? answer->size : KW_SNP_REPORT_SIZE);
	report[0] = 2;
	memcpy(report + 0x50, fake.asked, sizeof(fake.asked));
	report[0x50] ^= answer->other_data ? 1 : 0;
}

static uint64_t fake_u64(const uint8_t *from)
{
	uint64_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

static int64_t fake_now(void *ctx)
{
	(void)ctx;
	return fake.slept_ms;
}

static void fake_sleep(void *ctx, int64_t ms)
{
	(void)ctx;
	fake.slept_ms += ms;
}

static const struct kw_clock fake_clock = { fake_now, fake_now, fake_sleep, NULL };
