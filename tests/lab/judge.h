/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the lab's MAA is given and how it judges it (guest attestation 4.2 to 4.8, key
 * release 1.4, 1.5): every check that a correct verifier makes, with parsers of its own. Each judge
 * answers true, or false and the reason in `why`. Findings borrow from the evidence.
 */
#pragma once

#include "lab.h"
#include "snp_report.h" /* its sizes */
#include "util/attributes.h"
#include "util/bytes.h"
#include "util/json.h"

#include <openssl/x509.h>

enum { LAB_N_PCRS = 8, LAB_PCR_SIZE = 32 };

struct lab_why {
	char text[400];
};
/* Always false. */
bool lab_refuse(struct lab_why *why, const char *fmt, ...) KW_PRINTF(2, 3);

/* The request, decoded and nothing more. */
struct lab_evidence {
	char *os_type, *os_distro, *os_build;
	int64_t os_major, os_minor;
	struct kw_json *payload; /* client payload, its values still base64; NULL: none */
	struct kw_blob log;	 /* empty: none */
	struct kw_blob ak_cert, ak_pub, quote, quote_signature;
	uint8_t pcrs[LAB_N_PCRS][LAB_PCR_SIZE];
	struct kw_blob key_pub, certify, certify_signature;
	struct kw_blob report, chain, runtime;
};
/* `member` is the name of the one member of the body: "AttestationInfo" or "attestationInfo". */
bool lab_evidence_read(struct kw_bytes body, const char *member, struct lab_evidence *ret,
		       struct lab_why *why);
void lab_evidence_clear(struct lab_evidence *evidence);

/* What the checks found on their way, for the claims. */
struct lab_snp {
	uint32_t version, guest_svn, vmpl, signer;
	uint64_t policy;
	struct kw_bytes family_id, image_id, report_data, measurement, host_data, id_key_digest,
		author_key_digest, report_id, reported_tcb, chip_id, signed_part, signature;
	uint8_t spl_boot, spl_tee, spl_snp, spl_microcode, spl_fmc;
	uint8_t family, model; /* from version 3 on */
};
struct lab_findings {
	struct lab_snp snp;
	struct kw_json *runtime; /* the claims of the HCL report */
	EVP_PKEY *key;		 /* the ephemeral key */
	bool secure_boot;
};
void lab_findings_clear(struct lab_findings *findings);

/* A report and the chain (PEM) under it: VCEK, ASK, ARK or VLEK, ASVK, ARK of any product line of
 * the lab. `ret` borrows from the report. */
bool lab_judge_report(struct kw_bytes report, struct kw_bytes chain_pem, struct lab_snp *ret,
		      struct lab_why *why);
bool lab_judge_snp(const struct lab_evidence *evidence, struct lab_findings *findings,
		   struct lab_why *why);
/* The runtime claims: bound by REPORT_DATA, with an HCLAkPub. */
bool lab_judge_hcl(const struct lab_evidence *evidence, struct lab_findings *findings,
		   struct lab_why *why);
/* AK, quote, certified key. After lab_judge_hcl(). */
bool lab_judge_tpm(const struct lab_evidence *evidence, struct lab_findings *findings,
		   struct lab_why *why);
/* The event log against the PCRs, if there is one. After lab_judge_hcl(). */
bool lab_judge_log(const struct lab_evidence *evidence, struct lab_findings *findings,
		   struct lab_why *why);
/* All four in order. */
bool lab_judge(const struct lab_evidence *evidence, struct lab_findings *findings,
	       struct lab_why *why);
