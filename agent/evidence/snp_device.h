/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SNP reports from the guest's own devices: configfs-tsm, /dev/sev-guest and /dev/sev (spec: SNP
 * evidence 2 to 6). A function takes the 64 bytes that the report is to carry, asks once for one
 * report (again only where the kernel says that this helps) and makes sure that the answer carries
 * them; what it is worth is judged elsewhere. The kernel is reached through a struct
 * kw_device_calls, so that its answers can be given by a test. One thread at a time.
 */
#pragma once

#include "evidence/snp_report.h"
#include "util/cleanup.h"
#include "util/clock.h"

enum {
	KW_SNP_TABLE_SIZE_MAX = 16384, /* what the extended request can carry */
	KW_TSM_BLOB_SIZE_MAX = 32768,
	KW_SNP_DEVICE_TRIES = 3,       /* where host or neighbours were in the way */
	KW_SNP_DEVICE_PAUSE_MS = 2100, /* hosts throttle: 2 s between two firmware commands */
};

struct kw_snp_taken {
	struct kw_blob report; /* 1184 bytes */
	struct kw_blob table;  /* certificate table as the host gave it; empty: none */
};
void kw_snp_taken_clear(struct kw_snp_taken *taken);

/* Results and errno as open(2), ioctl(2) and close(2) have them. */
struct kw_device_calls {
	int (*open)(void *ctx, const char *path);
	int (*ioctl)(void *ctx, int fd, unsigned long number, void *argument);
	int (*close)(void *ctx, int fd);
	void *ctx;
};
extern const struct kw_device_calls kw_device_calls_system;

struct kw_snp_device {
	const char *path; /* of the device, or of the directory of configfs */
	const struct kw_device_calls *calls;
	const struct kw_clock *clock;
	const struct kw_random *random; /* tsm: for names of its own */
};

/* SNP_DEVICE (not there or not permitted), SNP_DEVICE_BUSY, SNP_DEVICE_FAILED, SNP_DEVICE_LOST,
 * SNP_ANSWER, SNP_FRESHNESS (others wrote to the same directory), HCL_TYPE (a TDX guest). */
typedef int kw_snp_take_fn(const struct kw_snp_device *device,
			   const uint8_t report_data[KW_SNP_REPORT_DATA_SIZE],
			   struct kw_snp_taken *ret, struct kw_error *err);
kw_snp_take_fn kw_tsm_take, kw_sev_guest_take, kw_sev_take;

/* Is the source there and of use? A directory can be made and is of an SNP guest; the device opens;
 * the 5.x device answers, for hosts have one of that name too. The reason is in `err`. */
typedef bool kw_snp_probe_fn(const struct kw_snp_device *device, struct kw_error *err);
kw_snp_probe_fn kw_tsm_probe, kw_sev_guest_probe, kw_sev_probe;

/* For the files behind these functions alone. */

/* The firmware's request: report data, VMPL 0, the rest zero (SNP evidence 2). */
enum { KW_SNP_REQUEST_SIZE = 96 };
void kw_snp_request(const uint8_t report_data[KW_SNP_REPORT_DATA_SIZE],
		    uint8_t ret[KW_SNP_REQUEST_SIZE]);
/* The firmware's answer: status, size, report. */
int kw_snp_response_take(struct kw_bytes response, struct kw_blob *ret,
			 struct kw_error *err) KW_MUST_USE;
/* SNP_ANSWER unless the report carries these bytes. */
int kw_snp_taken_check(const struct kw_snp_taken *taken,
		       const uint8_t report_data[KW_SNP_REPORT_DATA_SIZE],
		       struct kw_error *err) KW_MUST_USE;
/* Opens; SNP_DEVICE names path and reason. */
int kw_snp_device_open(const struct kw_snp_device *device, int *ret,
		       struct kw_error *err) KW_MUST_USE;
