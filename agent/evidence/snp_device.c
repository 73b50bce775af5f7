/* SPDX-License-Identifier: Apache-2.0 */
/* What the SNP devices have in common: the firmware's messages (SNP evidence 2) and the way to the
 * kernel. */
#include "evidence/snp_device.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { STATUS_INVALID = 0x16, STATUS_NO_KEY = 0x27, RESPONSE_REPORT_AT = 32 };

static int system_open(void *ctx, const char *path)
{
	(void)ctx;
	return open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

static int system_ioctl(void *ctx, int fd, unsigned long number, void *argument)
{
	(void)ctx;
	return ioctl(fd, number, argument);
}

static int system_close(void *ctx, int fd)
{
	(void)ctx;
	return close(fd);
}

const struct kw_device_calls kw_device_calls_system = { system_open, system_ioctl, system_close,
							NULL };

void kw_snp_taken_clear(struct kw_snp_taken *taken)
{
	kw_blob_clear(&taken->report);
	kw_blob_clear(&taken->table);
}

void kw_snp_request(const uint8_t report_data[KW_SNP_REPORT_DATA_SIZE],
		    uint8_t ret[KW_SNP_REQUEST_SIZE])
{
	memset(ret, 0, KW_SNP_REQUEST_SIZE);
	memcpy(ret, report_data, KW_SNP_REPORT_DATA_SIZE);
}

static const char *status_text(uint32_t status)
{
	switch (status) {
	case STATUS_INVALID:
		return "invalid parameters";
	case STATUS_NO_KEY:
		return "the key asked for is not available";
	default:
		return "not known";
	}
}

int kw_snp_response_take(struct kw_bytes response, struct kw_blob *ret, struct kw_error *err)
{
	struct kw_cursor c = { .in = response };
	struct kw_bytes report;
	uint32_t status, size;

	if (!kw_take_le32(&c, &status) || !kw_take_le32(&c, &size)
	    || !kw_skip_to(&c, RESPONSE_REPORT_AT))
		return kw_fail(err, KW_E_SNP_ANSWER, "answer of %zu bytes", response.len);
	if (status != 0)
		return kw_fail(err, KW_E_SNP_DEVICE_FAILED, "firmware status 0x%" PRIx32 " (%s)",
			       status, status_text(status));
	if (size < KW_SNP_REPORT_SIZE || size > kw_cursor_left(&c)
	    || !kw_take(&c, KW_SNP_REPORT_SIZE, &report))
		return kw_fail(err, KW_E_SNP_ANSWER,
			       "the answer announces a report of %" PRIu32 " bytes, expected %d",
			       size, KW_SNP_REPORT_SIZE);
	*ret = kw_blob_copy(report);
	return 0;
}

int kw_snp_taken_check(const struct kw_snp_taken *taken,
		       const uint8_t report_data[KW_SNP_REPORT_DATA_SIZE], struct kw_error *err)
{
	struct kw_snp_report report;

	if (kw_snp_report_parse(kw_blob_bytes(&taken->report), &report, err) < 0)
		return -1;
	if (memcmp(report.report_data, report_data, KW_SNP_REPORT_DATA_SIZE) != 0)
		return kw_fail(err, KW_E_SNP_ANSWER,
			       "the report carries other data than it was asked with");
	return 0;
}

int kw_snp_device_open(const struct kw_snp_device *device, int *ret, struct kw_error *err)
{
	int fd = device->calls->open(device->calls->ctx, device->path);

	if (fd < 0)
		return kw_fail(err, KW_E_SNP_DEVICE, "'%s': %m", device->path);
	*ret = fd;
	return 0;
}
