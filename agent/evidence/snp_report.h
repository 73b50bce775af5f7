/* SPDX-License-Identifier: Apache-2.0 */
/* AMD 56860, ATTESTATION_REPORT: 1184 bytes, little endian (spec: guest attestation 3). Parsing
 * only. */
#pragma once

#include "util/bytes.h"
#include "util/error.h"

enum {
	KW_SNP_REPORT_SIZE = 0x4a0,
	KW_SNP_SIGNED_SIZE = 0x2a0,
	KW_SNP_REPORT_DATA_SIZE = 64,
	KW_SNP_MEASUREMENT_SIZE = 48,
	KW_SNP_HOST_DATA_SIZE = 32,
	KW_SNP_CHIP_ID_SIZE = 64,
	KW_SNP_TCB_SIZE = 8,
	KW_SNP_CPUID_SINCE = 3, /* version */
};
enum kw_snp_signing_key { KW_SNP_VCEK = 0, KW_SNP_VLEK = 1, KW_SNP_NO_KEY = 7 };

struct kw_snp_report {
	uint32_t version, guest_svn, vmpl, signature_algo;
	uint64_t policy, platform_info;
	bool policy_debug, policy_smt, policy_migration_agent,
		policy_reserved_one; /* bits 19, 16, 18, 17 */
	bool author_key_enabled, chip_masked;
	unsigned signing_key; /* enum kw_snp_signing_key, or a reserved value */
	uint8_t family_id[16], image_id[16];
	uint8_t report_data[KW_SNP_REPORT_DATA_SIZE], measurement[KW_SNP_MEASUREMENT_SIZE];
	uint8_t host_data[KW_SNP_HOST_DATA_SIZE], id_key_digest[48], author_key_digest[48];
	uint8_t report_id[32], report_id_ma[32];
	uint8_t current_tcb[KW_SNP_TCB_SIZE], reported_tcb[KW_SNP_TCB_SIZE],
		committed_tcb[KW_SNP_TCB_SIZE], launch_tcb[KW_SNP_TCB_SIZE];
	uint8_t chip_id[KW_SNP_CHIP_ID_SIZE];
	uint8_t cpuid_family, cpuid_model, cpuid_stepping; /* version 3 and later, else 0 */
	struct kw_bytes signed_part, signature;		   /* borrowed from the input */
	bool reserved_is_zero; /* as far as the version is known; later ones may mean something */
	bool unsigned_tail_is_zero; /* the 368 bytes behind S: noted, not refused */
};

/* SNP_LENGTH, SNP_VERSION (0, 1). Field values are judged by kw_snp_report_judge() and collateral/.
 */
int kw_snp_report_parse(struct kw_bytes in, struct kw_snp_report *ret,
			struct kw_error *err) KW_MUST_USE;
