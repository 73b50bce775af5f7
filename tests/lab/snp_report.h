/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processor's ATTESTATION_REPORT (AMD 56860): encoded and signed as the firmware does it.
 */
#pragma once

#include <openssl/evp.h>
#include <stdint.h>

enum {
	LAB_SNP_REPORT_SIZE = 1184,
	LAB_SNP_SIGNED_SIZE = 672,
	LAB_SNP_DATA_SIZE = 64,
	LAB_TCB_SIZE = 8,
	LAB_CHIP_ID_SIZE = 64,
	LAB_MEASUREMENT_SIZE = 48,
};

enum {
	LAB_POLICY_RESERVED_ONE = 1 << 17,
	LAB_POLICY_MIGRATION = 1 << 18,
	LAB_POLICY_DEBUG = 1 << 19,
	LAB_SIGNER_MASKED = 1 << 1,
	LAB_SIGNER_VLEK = 1 << 2,
	LAB_SIGNER_NONE = 7 << 2,
	LAB_SIGNER_RESERVED = 1 << 5,
	LAB_ECDSA_P384_SHA384 = 1,
};

struct lab_snp_form {
	uint32_t version, guest_svn, vmpl, signature_algo, signer;
	uint64_t policy, platform_info;
	uint8_t family_id[16], image_id[16];
	uint8_t report_data[LAB_SNP_DATA_SIZE], measurement[48], host_data[32], id_key_digest[48],
		author_key_digest[48], report_id[32];
	uint8_t current_tcb[LAB_TCB_SIZE], reported_tcb[LAB_TCB_SIZE];
	uint8_t family, model, stepping; /* from version 3 on */
	uint8_t chip_id[LAB_CHIP_ID_SIZE];
	uint8_t firmware[3]; /* build, minor, major */
};

void lab_snp_report_make(const struct lab_snp_form *form, EVP_PKEY *key,
			 uint8_t ret[LAB_SNP_REPORT_SIZE]);
