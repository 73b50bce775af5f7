/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/sev of Azure's 5.x guest kernels (SNP evidence 4). Hosts have another device of this name:
 * only an answer shows which one it is. */
#include "evidence/snp_device.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum {
	RESPONSE_SIZE = 1280,
	MESSAGE_REPORT_REQUEST = 5,
	MESSAGE_REPORT_RESPONSE = 6,
	MESSAGE_VERSION = 1,
};
#define GET_REPORT 0xc0285301UL

/* The kernel's own structure: native, so no cursor. */
struct message {
	uint8_t request_type, response_type, version, zero_a;
	uint16_t request_size, zero_b;
	uint64_t request; /* address */
	uint16_t response_size, zero_d;
	uint32_t zero_e;
	uint64_t response;	 /* address */
	uint32_t firmware_error; /* out */
	uint32_t zero_f;
};
_Static_assert(sizeof(struct message) == 40, "sev_snp_guest_request");
_Static_assert(offsetof(struct message, request) == 8, "sev_snp_guest_request");
_Static_assert(offsetof(struct message, response) == 24, "sev_snp_guest_request");

static int refuse(const struct kw_snp_device *device, int error, uint32_t firmware,
		  struct kw_error *err)
{
	enum kw_error_name name = KW_E_SNP_DEVICE_FAILED;

	if (error == ENOTTY || error == ENODEV || error == ENXIO || error == EINVAL)
		name = KW_E_SNP_DEVICE; /* a host's device, or none at all */
	else if (error == EAGAIN || error == EINTR || error == EBUSY || error == ETIMEDOUT)
		name = KW_E_SNP_DEVICE_BUSY;
	errno = error;
	return kw_fail(err, name, "'%s': %m, firmware error 0x%" PRIx32, device->path, firmware);
}

static bool may_repeat(int error)
{
	return error == EAGAIN || error == EINTR || error == EBUSY;
}

static int ask(const struct kw_snp_device *device, int fd, const uint8_t *request,
	       uint8_t response[RESPONSE_SIZE], struct kw_error *err)
{
	struct message message = { 0 };
	int error = EAGAIN;

	for (int i = 0; i < KW_SNP_DEVICE_TRIES && may_repeat(error); i++) {
		if (i > 0)
			kw_sleep_ms(device->clock, KW_SNP_DEVICE_PAUSE_MS);
		message = (struct message){
			.request_type = MESSAGE_REPORT_REQUEST,
			.response_type = MESSAGE_REPORT_RESPONSE,
			.version = MESSAGE_VERSION,
			.request_size = KW_SNP_REQUEST_SIZE,
			.request = (uint64_t)(uintptr_t)request,
			.response_size = RESPONSE_SIZE,
			.response = (uint64_t)(uintptr_t)response,
		};
		memset(response, 0, RESPONSE_SIZE);
		if (device->calls->ioctl(device->calls->ctx, fd, GET_REPORT, &message) == 0)
			return 0;
		error = errno;
	}
	return refuse(device, error, message.firmware_error, err);
}

int kw_sev_take(const struct kw_snp_device *device,
		const uint8_t report_data[KW_SNP_REPORT_DATA_SIZE], struct kw_snp_taken *ret,
		struct kw_error *err)
{
	KW_CLEANUP(kw_snp_taken_clear) struct kw_snp_taken taken = { 0 };
	uint8_t request[KW_SNP_REQUEST_SIZE], response[RESPONSE_SIZE];
	int fd, r;

	if (kw_snp_device_open(device, &fd, err) < 0)
		return -1;
	kw_snp_request(report_data, request);
	r = ask(device, fd, request, response, err);
	device->calls->close(device->calls->ctx, fd);
	if (r < 0)
		return -1;
	if (kw_snp_response_take(KW_BYTES(response), &taken.report, err) < 0
	    || kw_snp_taken_check(&taken, report_data, err) < 0)
		return kw_wrap(err, "'%s'", device->path);
	*ret = taken;
	taken = (struct kw_snp_taken){ 0 };
	return 0;
}

bool kw_sev_probe(const struct kw_snp_device *device, struct kw_error *err)
{
	KW_CLEANUP(kw_snp_taken_clear) struct kw_snp_taken taken = { 0 };
	const uint8_t nothing[KW_SNP_REPORT_DATA_SIZE] = { 0 };

	return kw_sev_take(device, nothing, &taken, err) == 0;
}
