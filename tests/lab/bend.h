/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `fault tpm tamper field=NAME` can change in a report. Each bend is one deviation; whatever
 * belongs together is made to fit it, and signed.
 */
#pragma once

#include "lab.h"

enum lab_bend {
	LAB_BEND_REPORT_SIGNATURE = 1 << 0,
	LAB_BEND_MEASUREMENT = 1 << 1, /* changed after signing, like the signature itself */
	LAB_BEND_REPORT_DATA = 1 << 2,
	LAB_BEND_DEBUG = 1 << 3,
	LAB_BEND_MIGRATION = 1 << 4,
	LAB_BEND_POLICY_BIT17 = 1 << 5,
	LAB_BEND_VMPL = 1 << 6,
	LAB_BEND_VERSION = 1 << 7,
	LAB_BEND_SIGNING_KEY = 1 << 8,	/* says VLEK; VCEK on a machine with a VLEK */
	LAB_BEND_SIGNING_NONE = 1 << 9, /* says that no key signed it */
	LAB_BEND_CHIP_ID = 1 << 10,
	LAB_BEND_MASKED_CHIP = 1 << 11,
	LAB_BEND_TCB = 1 << 12,
	LAB_BEND_HCL_MAGIC = 1 << 13,
	LAB_BEND_HCL_TYPE_TDX = 1 << 14,
	LAB_BEND_HCL_TYPE_VBS = 1 << 15,
	LAB_BEND_HCL_TYPE_TVM = 1 << 16,
	LAB_BEND_HCL_HASH = 1 << 17,   /* an unknown hash type */
	LAB_BEND_HCL_LENGTH = 1 << 18, /* claims past the end */
	LAB_BEND_CLAIMS = 1 << 19,     /* changed after hashing */
	LAB_BEND_CLAIMS_NOT_JSON = 1 << 20,
	LAB_BEND_AK_MISSING = 1 << 21,
	LAB_BEND_AK_FOREIGN = 1 << 22,
	LAB_BEND_SIGNATURE_ALGO = 1 << 23,
	LAB_BEND_SIGNATURE_FORM = 1 << 24, /* R with more than 48 bytes */
	LAB_BEND_PRODUCT = 1 << 25,	   /* says that the processor is of another line */
	LAB_BEND_CPUID = 1 << 26,	   /* says that it is of none that exists */
	LAB_BEND_RESERVED = 1 << 27,	   /* a bit beside SIGNING_KEY */
};

/* The bends that are due for the next report from the TPM or the SNP device; takes one use of
 * each. */
uint32_t lab_bends_take(enum lab_service device);
