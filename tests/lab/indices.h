/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two NV indices that the paravisor keeps (guest attestation 1.1, 1.4): the HCL report, made
 * anew inside an offset-0 read, and the AK certificate. Guests may read them with owner
 * authorization; the password that may write them is known here alone. A report that is larger than
 * swtpm can store is only kept here (see large_report.h); its index exists in swtpm all the same.
 * One thread: the one that owns the TPM.
 */
#pragma once

#include "tpm_command.h"

#include <stdbool.h>

enum {
	LAB_NV_AUTHWRITE = 1 << 2,
	LAB_NV_OWNERREAD = 1 << 17,
	LAB_NV_AUTHREAD = 1 << 18,
	LAB_NV_NO_DA = 1 << 25,
	LAB_NV_WRITTEN = 1 << 29,
	LAB_NV_PLATFORMCREATE = 1 << 30,
	LAB_NV_ATTRIBUTES = LAB_NV_AUTHREAD | LAB_NV_AUTHWRITE | LAB_NV_OWNERREAD
			    | LAB_NV_PLATFORMCREATE | LAB_NV_NO_DA,
};

/* Defines and fills both; the platform hierarchy is still open and the AK is known. */
void lab_indices_open(void);
/* Before a client's read at offset 0 reaches the TPM. */
void lab_indices_refresh(uint32_t index);
/* The report as it is now. Borrowed until the next refresh. */
struct kw_bytes lab_indices_report(void);
bool lab_indices_report_is_large(void);
