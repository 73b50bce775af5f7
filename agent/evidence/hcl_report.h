/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HCL report: content of NV index 0x01400001 (spec: guest attestation 2). Layout and claims
 * only; what the SNP report inside is worth is judged with its collateral.
 */
#pragma once

#include "evidence/snp_report.h"
#include "jose/public_key.h"
#include "util/checks.h"

enum {
	KW_HCL_HEADER_SIZE = 32,
	KW_HCL_CLAIMS_AT = 1236,
	KW_HCL_SIZE_MAX = 8192,
	KW_HCL_USER_DATA_SIZE = 64
};
enum kw_hcl_type {
	KW_HCL_INVALID = 0,
	KW_HCL_VBS = 1,
	KW_HCL_SNP = 2,
	KW_HCL_TVM = 3,
	KW_HCL_TDX = 4
};

/* Both headers as stored, filled even where they are refused (for `verify` and tests). */
struct kw_hcl_layout {
	char magic[5]; /* cleaned text */
	uint32_t version, report_size, request_type, status;
	uint32_t data_size, runtime_version, report_type, hash_type, claims_size;
	bool has_runtime;		 /* the second header was there */
	struct kw_bytes hardware_report; /* 1184 bytes, borrowed */
	struct kw_bytes claims; /* as stored, borrowed; empty if claims_size does not fit */
	struct kw_bytes rest;	/* behind the claims */
};
/* Never refuses: fills what is there. Returns false if even the first header is not complete. */
bool kw_hcl_layout_read(struct kw_bytes in, struct kw_hcl_layout *ret);

struct kw_hcl_report {
	struct kw_hcl_layout layout;
	enum kw_hash hash;
	struct kw_snp_report snp;
	struct kw_json *claims;	  /* runtime claims */
	struct kw_public_key *ak; /* keys[kid=HCLAkPub] */
	bool has_user_data;
	uint8_t user_data[KW_HCL_USER_DATA_SIZE];
	int secure_boot; /* 1, 0, -1 not said */
	char vm_id[64];	 /* vmUniqueId, cleaned; "" if not said */
};
/* HCL_TRUNCATED HCL_MAGIC HCL_HEADER HCL_TYPE (names what it is) HCL_HASH_TYPE HCL_CLAIMS, SNP_*.
 * `in` must outlive `ret`. */
int kw_hcl_report_parse(struct kw_bytes in, struct kw_hcl_report *ret,
			struct kw_error *err) KW_MUST_USE;
void kw_hcl_report_move(struct kw_hcl_report *to, struct kw_hcl_report *from); /* empties `from` */
void kw_hcl_report_clear(struct kw_hcl_report *report);

/* Claims alone, whatever the report type is: for quotes checked against another report's HCLAkPub.
 */
int kw_hcl_claims_parse(struct kw_bytes claims, struct kw_json **ret, struct kw_public_key **ret_ak,
			struct kw_error *err) KW_MUST_USE;

/* REPORT_DATA = hash(claims as stored), zeros behind it: row "runtime claims hash",
 * SNP_REPORT_DATA. What the report says of its guest is judged by kw_snp_report_judge(). */
void kw_hcl_report_judge(const struct kw_hcl_report *report, struct kw_checks *checks);

struct kw_snp_rules {
	int64_t vmpl; /* -1: any */
	bool allow_debug, allow_migration;
};
/* SNP_VMPL SNP_DEBUG SNP_MIGRATION SNP_POLICY_FORM (policy bit 17); notes an unsigned tail that is
 * not zero. Signature and signing key are judged with the collateral. */
void kw_snp_report_judge(const struct kw_snp_report *report, const struct kw_snp_rules *rules,
			 struct kw_checks *checks);
