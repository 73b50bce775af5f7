/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AMD collateral: the VCEK (or VLEK) of this chip and TCB with its chain, as THIM, a file, a
 * certificate table or KDS gives it, and the verification of it and of the report that it signs
 * (spec: key release 1). Wherever it came from it is untrusted input; a source never lowers a
 * check.
 */
#pragma once

#include "util/bytes.h"
#include "util/checks.h"
#include "util/cleanup.h"
#include "util/json.h"

enum kw_product { KW_PRODUCT_UNKNOWN, KW_MILAN, KW_GENOA, KW_TURIN };
enum { KW_TCB_SIZE = 8, KW_CHIP_ID_SIZE = 64 };

/* The components of a TCB_VERSION; which byte is which depends on the product (key release 1.3). */
struct kw_tcb {
	uint8_t bootloader, tee, snp, microcode;
	uint8_t fmc; /* Turin only */
};
struct kw_tcb kw_tcb_from_bytes(const uint8_t raw[KW_TCB_SIZE], enum kw_product product);
const char *kw_product_name(enum kw_product product); /* "Milan" */
/* By CPUID of a version 3 report; KW_PRODUCT_UNKNOWN: fail closed. */
enum kw_product kw_product_from_cpuid(uint8_t family, uint8_t model);

/* What AMD says in the extensions of a VCEK or VLEK (arc 1.3.6.1.4.1.3704.1). */
struct kw_amd_leaf {
	enum kw_product product;
	char product_name[32]; /* "Milan-B0" */
	bool has_tcb, has_fmc;
	struct kw_tcb tcb;
	bool has_hwid;
	uint8_t hwid[KW_CHIP_ID_SIZE];
	size_t hwid_size;
	bool has_csp_id; /* a VLEK */
	char csp_id[64];
};
/* Of one DER certificate. COL_CERTIFICATE if an extension is malformed, doubled, or hwID and cspID
 * stand together. */
int kw_amd_leaf_parse(struct kw_bytes der, struct kw_amd_leaf *ret,
		      struct kw_error *err) KW_MUST_USE;

struct kw_collateral {
	char *vcek_pem, *chain_pem;    /* LF, each block ends with LF; chain: ASK (or ASVK), ARK */
	struct kw_blob vcek, ask, ark; /* DER */
	bool crl_wanted, crl_required; /* a revocation list is judged; that there is none is told,
					  or refused */
	struct kw_blob crl;	       /* DER; empty: none is at hand */
	struct kw_amd_leaf leaf;
	bool has_tcbm;
	uint64_t tcbm; /* the integer of `tcbm`; equals REPORTED_TCB read as little endian */
	char tcbm_text[17];
	int64_t cache_s;    /* cacheControl, 86400 if absent */
	char source[40];    /* "thim", "file", ... */
	int64_t fetched_ms; /* boot clock */
};

/* The THIM answer (key release 1.1), strict JSON. COL_ANSWER. */
int kw_collateral_parse_thim(struct kw_bytes json, const char *source, struct kw_collateral **ret,
			     struct kw_error *err) KW_MUST_USE;
/* PEM texts or DER of leaf and chain (ASK, ARK in that order), for files, tables, KDS and tests. No
 * bytes for `leaf`: a chain alone, whose leaf is "not possible" to judge. COL_ANSWER,
 * COL_CERTIFICATE. */
int kw_collateral_from_certificates(struct kw_bytes leaf, struct kw_bytes chain, const char *source,
				    struct kw_collateral **ret, struct kw_error *err) KW_MUST_USE;
/* A revocation list (DER or PEM) to judge with it. COL_ANSWER. */
int kw_collateral_use_crl(struct kw_collateral *collateral, struct kw_bytes crl,
			  struct kw_error *err) KW_MUST_USE;
void kw_collateral_free(struct kw_collateral *collateral);
KW_DEFINE_FREEP(struct kw_collateral, kw_collateral_free);
/* vcekCert, tcbm, certificateChain, cacheControl: the shape of THIM. */
struct kw_json *kw_collateral_json(const struct kw_collateral *collateral);

/* Trust anchors: the pinned ARK keys of AMD, or the self-signed certificates of a PEM file. */
struct kw_amd_roots;
int kw_amd_roots_load(const char *builtin_or_file, struct kw_amd_roots **ret,
		      struct kw_error *err) KW_MUST_USE;
int kw_amd_roots_parse(struct kw_bytes pem, struct kw_amd_roots **ret,
		       struct kw_error *err) KW_MUST_USE;
void kw_amd_roots_free(struct kw_amd_roots *roots);
KW_DEFINE_FREEP(struct kw_amd_roots, kw_amd_roots_free);

/* Judges the chain at `now_s`: ARK is a trusted root of its product, signs itself and the ASK, ASK
 * signs the leaf; names, keys and PSS parameters as AMD's; validity (COL_CLOCK told from
 * COL_EXPIRED); tcbm = leaf (if there is one); where it is wanted, the
 * revocation list (COL_CRL). Rows: COL_ROOT COL_CHAIN COL_CERTIFICATE COL_EXPIRED
 * COL_CLOCK COL_PRODUCT COL_TCBM. Every check is made. */
void kw_collateral_judge(const struct kw_collateral *collateral, const struct kw_amd_roots *roots,
			 int64_t now_s, struct kw_checks *checks);

/* What collateral/ needs to know of an SNP report; evidence/ parses it, service/ hands it over. */
struct kw_signed_report {
	struct kw_bytes signed_part; /* 672 bytes */
	struct kw_bytes signature;   /* 512 bytes: R 72 LE, S 72 LE, rest not covered */
	uint32_t version, signature_algo;
	unsigned signing_key; /* bits 2-4 at 0x48: 0 VCEK, 1 VLEK */
	bool chip_masked;
	uint8_t family, model; /* version 3 and later */
	uint8_t reported_tcb[KW_TCB_SIZE];
	uint8_t chip_id[KW_CHIP_ID_SIZE];
};
/* Judges the report against the leaf: signature form and value, signing key kind, product, chip id,
 * TCB. Rows: SNP_SIGNATURE_FORM SNP_SIGNATURE SNP_SIGNING_KEY SNP_PRODUCT COL_PRODUCT COL_CHIP_ID
 * COL_MASKED COL_TCB. */
void kw_collateral_judge_report(const struct kw_collateral *collateral,
				const struct kw_signed_report *report, bool allow_masked_chip,
				struct kw_checks *checks);
