/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HCL report as the paravisor lays it out in NV index 0x01400001 (guest attestation 2): header,
 * hardware report, runtime data header, runtime claims, zeros.
 */
#pragma once

#include "snp_report.h"

#include <stdbool.h>
#include <stddef.h>

enum { LAB_HCL_MAX = 2900, LAB_HCL_CLAIMS_AT = 1236, LAB_MODULUS_SIZE = 256 };

struct lab_claims_form {
	const uint8_t *ak, *ek; /* moduli; NULL: that key is not in the list */
	const char *vm_id;
	bool secure_boot;
	bool paravisor;	     /* members and hex case of OpenHCL */
	bool roomy;	     /* all members: the index has more than 2048 bytes */
	const uint8_t *user; /* 64 bytes; NULL: firmware that knows no user data */
	int64_t now;	     /* only in what the oldest firmware says */
};
/* The JSON, owned. */
char *lab_claims_make(const struct lab_claims_form *form);

struct lab_hcl_form {
	uint32_t version; /* of the header: 1 or 2 */
	size_t size;	  /* of the index */
	uint32_t bends;
	const uint8_t *hardware; /* LAB_SNP_REPORT_SIZE bytes */
	const char *claims;
};
void lab_hcl_report_make(const struct lab_hcl_form *form, uint8_t ret[LAB_HCL_MAX]);
