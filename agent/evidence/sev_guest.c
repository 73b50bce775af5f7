/* SPDX-License-Identifier: Apache-2.0 */
/* /dev/sev-guest of Linux 5.19 and later (SNP evidence 3). */
#include "evidence/snp_device.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	RESPONSE_SIZE = 4000,
	MESSAGE_VERSION = 1,
	PAGE_SIZE = 4096,
	VMM_TABLE_TOO_LONG = 1,
	VMM_BUSY = 2,
};
#define GET_REPORT 0xc0205300UL
#define GET_EXTENDED_REPORT 0xc0205302UL

/* The kernel's own structures: native, so no cursor. */
struct message {
	uint8_t version;
	uint8_t zero[7];
	uint64_t request, response; /* addresses */
	uint64_t exit_info;	    /* low half: firmware, high half: host */
};
_Static_assert(sizeof(struct message) == 32, "snp_guest_request_ioctl");

struct extended_request {
	uint8_t request[KW_SNP_REQUEST_SIZE];
	uint64_t certificates; /* address */
	uint32_t size;
	uint32_t zero;
};
_Static_assert(sizeof(struct extended_request) == 112, "snp_ext_report_req");

struct asking { /* one report */
	const struct kw_snp_device *device;
	int fd;
	struct extended_request request;
	uint8_t response[RESPONSE_SIZE];
	struct message message;
	uint8_t *table; /* page-aligned, KW_SNP_TABLE_SIZE_MAX bytes */
	int error;	/* errno of the last call; 0: it went well */
};

static uint32_t firmware_error(const struct asking *a)
{
	return (uint32_t)a->message.exit_info;
}

/* Older kernels leave the field unset for other errors than EIO. */
static uint32_t host_error(const struct asking *a)
{
	return a->error == EIO ? (uint32_t)(a->message.exit_info >> 32) : 0;
}

static void call(struct asking *a, unsigned long number)
{
	const struct kw_device_calls *calls = a->device->calls;

	memset(a->response, 0, sizeof(a->response));
	a->message = (struct message){
		.version = MESSAGE_VERSION,
		.request = (uint64_t)(uintptr_t)&a->request,
		.response = (uint64_t)(uintptr_t)a->response,
	};
	a->error = calls->ioctl(calls->ctx, a->fd, number, &a->message) == 0 ? 0 : errno;
}

/* Busy or interrupted: the same request may be sent again. */
static bool may_repeat(const struct asking *a)
{
	return a->error == EAGAIN || a->error == EINTR
	       || (a->error == EIO && host_error(a) == VMM_BUSY);
}

static void call_patiently(struct asking *a, unsigned long number)
{
	call(a, number);
	for (int i = 1; i < KW_SNP_DEVICE_TRIES && may_repeat(a); i++) {
		kw_sleep_ms(a->device->clock, KW_SNP_DEVICE_PAUSE_MS);
		call(a, number);
	}
}

static void ask_extended(struct asking *a, uint32_t size)
{
	memset(a->table, 0, KW_SNP_TABLE_SIZE_MAX);
	a->request.certificates = (uint64_t)(uintptr_t)a->table;
	a->request.size = size;
	call_patiently(a, GET_EXTENDED_REPORT);
}

/* A table that does not fit, or a kernel without the request, is no reason to have no report. */
static void ask(struct asking *a)
{
	ask_extended(a, KW_SNP_TABLE_SIZE_MAX);
	if (a->error == EIO && host_error(a) == VMM_TABLE_TOO_LONG
	    && a->request.size <= KW_SNP_TABLE_SIZE_MAX && a->request.size % PAGE_SIZE == 0
	    && a->request.size > 0)
		ask_extended(a, a->request.size);
	if ((a->error == EIO && host_error(a) == VMM_TABLE_TOO_LONG) || a->error == ENOTTY) {
		memset(a->table, 0, KW_SNP_TABLE_SIZE_MAX);
		call_patiently(a, GET_REPORT);
	}
}

static int refuse(const struct asking *a, struct kw_error *err)
{
	const char *path = a->device->path;

	errno = a->error;
	switch (a->error) {
	case EBADMSG:
	case ENOTTY:
		return kw_fail(err, KW_E_SNP_DEVICE_LOST,
			       "'%s': %m; the guest has lost its message key, or never had it",
			       path);
	case EAGAIN:
	case EINTR:
	case ETIMEDOUT:
	case EBUSY:
		return kw_fail(err, KW_E_SNP_DEVICE_BUSY, "'%s': %m", path);
	case ENODEV:
	case ENXIO:
	case EACCES:
	case EPERM:
		return kw_fail(err, KW_E_SNP_DEVICE, "'%s': %m", path);
	case EIO:
		return kw_fail(err,
			       host_error(a) == VMM_BUSY ? KW_E_SNP_DEVICE_BUSY
							 : KW_E_SNP_DEVICE_FAILED,
			       "'%s': firmware error 0x%" PRIx32 ", host error %" PRIu32, path,
			       firmware_error(a), host_error(a));
	default:
		return kw_fail(err, KW_E_SNP_DEVICE_FAILED, "'%s': %m", path);
	}
}

static int take_answer(const struct asking *a, struct kw_snp_taken *ret, struct kw_error *err)
{
	const struct kw_bytes table = { a->table, KW_SNP_TABLE_SIZE_MAX };

	if (a->error != 0)
		return refuse(a, err);
	if (kw_snp_response_take(KW_BYTES(a->response), &ret->report, err) < 0)
		return kw_wrap(err, "'%s'", a->device->path);
	if (!kw_bytes_are_zero(table))
		ret->table = kw_blob_copy(table);
	return 0;
}

int kw_sev_guest_take(const struct kw_snp_device *device,
		      const uint8_t report_data[KW_SNP_REPORT_DATA_SIZE], struct kw_snp_taken *ret,
		      struct kw_error *err)
{
	KW_CLEANUP(kw_snp_taken_clear) struct kw_snp_taken taken = { 0 };
	struct asking a = { .device = device };
	int r;

	if (kw_snp_device_open(device, &a.fd, err) < 0)
		return -1;
	a.table = aligned_alloc(PAGE_SIZE, KW_SNP_TABLE_SIZE_MAX);
	if (!a.table)
		abort();
	kw_snp_request(report_data, a.request.request);
	ask(&a);
	r = take_answer(&a, &taken, err);
	free(a.table);
	device->calls->close(device->calls->ctx, a.fd);
	if (r < 0 || kw_snp_taken_check(&taken, report_data, err) < 0)
		return -1;
	*ret = taken;
	taken = (struct kw_snp_taken){ 0 };
	return 0;
}

bool kw_sev_guest_probe(const struct kw_snp_device *device, struct kw_error *err)
{
	int fd;

	if (kw_snp_device_open(device, &fd, err) < 0)
		return false;
	device->calls->close(device->calls->ctx, fd);
	return true;
}
