/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources of evidence, one row each. Who gathers owns the wrapping key, so opening what was wrapped
 * for it is here too. A provider opens the device, does a transaction, flushes and closes; it is
 * called by one thread at a time (the TPM worker), which the caller sees to. Nothing is verified
 * here: see service/.
 */
#pragma once

#include "config/config.h"
#include "evidence/event_log.h"
#include "evidence/hcl_report.h"
#include "evidence/snp_device.h"
#include "evidence/tpm_structures.h"
#include "util/clock.h"
#include "util/secret.h"

enum kw_evidence_kind { KW_EVIDENCE_GUEST /* vTPM */, KW_EVIDENCE_SNP /* bare SNP report */ };
enum kw_rsa_scheme {
	KW_RSA_OAEP,
	KW_RSA_ES /* PKCS#1 v1.5: MAA's inner key and the documented calls */
};
#define KW_TPM_EPHEMERAL_KID "TpmEphemeralEncryptionKey"

struct kw_evidence {
	const struct kw_provider *provider;
	enum kw_evidence_kind kind;
	struct kw_snp_report snp;	    /* of either kind; borrows from hcl or snp_report */
	struct kw_public_key *wrapping_key; /* its public half */
	char wrapping_kid[64];

	/* A bare SNP report. */
	struct kw_blob snp_report;
	struct kw_blob device_table;	   /* the host's certificate table; empty: none */
	struct kw_blob runtime;		   /* runtime data, JSON: what REPORT_DATA is the hash of */
	struct kw_secret wrapping_private; /* PKCS#8 */

	/* A vTPM. */
	struct kw_blob hcl;		       /* the NV content as read */
	struct kw_hcl_report report;	       /* parsed; borrows from hcl */
	struct kw_blob ak_cert;		       /* DER, trimmed */
	struct kw_blob ak_public;	       /* TPM2B_PUBLIC */
	struct kw_blob quote, quote_signature; /* TPMS_ATTEST, bare RSASSA */
	struct kw_pcr_values pcrs;	       /* SHA-256, PCR 0-7 at least */
	struct kw_blob wrapping_public;	       /* TPM2B_PUBLIC of the ephemeral key */
	struct kw_blob certify, certify_signature;
	struct kw_blob event_log;	     /* empty: none */
	uint32_t reset_count, restart_count; /* of the quote's clock */
	struct kw_secret unique; /* the template's 256 bytes; lives as long as the session */
	char tcti[256];		 /* where to find the TPM again */
	int64_t tpm_patience_ms; /* how long a transaction may take */
};
void kw_evidence_free(struct kw_evidence *evidence);
KW_DEFINE_FREEP(struct kw_evidence, kw_evidence_free);

struct kw_provider {
	const char *name; /* azure-vtpm | tsm | sev-guest | sev */
	/* True: this source is there; the rows say what was looked at and found. */
	bool (*probe)(const struct kw_config *config, struct kw_checks *ret_why);
	int (*gather)(const struct kw_config *config, const struct kw_random *random,
		      struct kw_evidence **ret, struct kw_error *err);
	/* UNW_FAILED for a ciphertext that does not open; TPM_KEY_LOST if the key cannot be made
	 * again. */
	int (*unwrap)(struct kw_evidence *evidence, enum kw_rsa_scheme scheme, enum kw_hash oaep,
		      struct kw_bytes wrapped, struct kw_secret *ret, struct kw_error *err);
	/* A bare report that carries these bytes of a caller, and the host's certificate table.
	 * NULL: the platform decides what its report carries. */
	int (*report)(const struct kw_config *config, const struct kw_random *random,
		      const uint8_t report_data[KW_SNP_REPORT_DATA_SIZE], struct kw_snp_taken *ret,
		      struct kw_error *err);
};
extern const struct kw_provider kw_provider_azure_vtpm, kw_provider_tsm, kw_provider_sev_guest,
	kw_provider_sev;

/* By configuration; `auto` asks the rows in order and records why in `ret_why`. A machine of
 * another kind (HCL_TYPE), and a source that is there and out of order, end the search: nothing
 * else stands in for it. SNP_NO_SOURCE names what was tried. */
int kw_provider_choose(const struct kw_config *config, const struct kw_provider **ret,
		       struct kw_checks *ret_why, struct kw_error *err) KW_MUST_USE;
/* "azure-vtpm: ...; tsm: ...": what was looked at and found, for log and error. */
void kw_provider_tried(const struct kw_checks *why, char *ret, size_t size);

/* Judges everything of evidence that needs no collateral. Of both kinds: the SNP report, and the
 * hash in REPORT_DATA. Of a vTPM also HCLAkPub = AK, AK
 * attributes and certificate, quote, PCR values, certify structure, wrapping key attributes and
 * policy, event log. Rows as in docs/trust.md. */
void kw_evidence_judge(const struct kw_evidence *evidence, const struct kw_config *config,
		       int64_t now_s, struct kw_checks *checks);
