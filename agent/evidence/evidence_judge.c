/* SPDX-License-Identifier: Apache-2.0 */
/* Everything of guest evidence that needs no collateral (spec: guest attestation 4.6). */
#include "evidence/provider.h"

#include "evidence/tpm_wire.h"
#include "jose/certificate.h"

#include <stdio.h>
#include <string.h>

enum { FOUND_SIZE = KW_CHECK_TEXT_SIZE };
#define PLACEHOLDER "MICROSOFT AZURE TRUSTED VM RSA"
#define CERTIFICATE_DUE "for HCLAkPub, valid now"
#define SELECTION "PCRs 0-7 of SHA-256"
#define REPLAYS "replays to the PCR values"
#define AK_ATTRIBUTES (KW_TPM_FIXED_TPM | KW_TPM_RESTRICTED | KW_TPM_SIGN)

static bool is_rsa_2048(const struct kw_tpm_public *p)
{
	return p->type == KW_TPM_ALG_RSA && p->bits == KW_GUEST_RSA_BITS
	       && p->name_alg == KW_TPM_ALG_SHA256;
}

static void judge_ak_binding(const struct kw_evidence *e, const struct kw_tpm_public *public,
			     struct kw_checks *checks)
{
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = NULL;
	struct kw_error err = { 0 };
	bool same = kw_tpm_public_key(public, &key, &err) == 0
		    && kw_public_key_equal(key, e->report.ak);

	kw_checks_judge(checks, "attestation key in report", KW_E_HCL_AK, same,
			"the TPM's key is HCLAkPub", same ? "it is" : "it is another key");
}

static void judge_ak_attributes(const struct kw_tpm_public *p, struct kw_checks *checks)
{
	char found[FOUND_SIZE];
	bool ok = is_rsa_2048(p) && (p->attributes & AK_ATTRIBUTES) == AK_ATTRIBUTES
		  && (p->attributes & KW_TPM_DECRYPT) == 0 && p->scheme == KW_TPM_ALG_RSASSA
		  && p->scheme_hash == KW_TPM_ALG_SHA256;

	snprintf(found, sizeof(found), "RSA-%u, scheme 0x%04x with 0x%04x, attributes 0x%08x",
		 p->bits, p->scheme, p->scheme_hash, p->attributes);
	kw_checks_judge(checks, "attestation key attributes", KW_E_TPM_AK_TYPE, ok,
			"RSA-2048, RSASSA with SHA-256, restricted, sign, fixedTPM", found);
}

static void judge_ak(const struct kw_evidence *e, struct kw_checks *checks)
{
	struct kw_tpm_public public;
	struct kw_error err = { 0 };

	if (kw_tpm_public_parse(kw_blob_bytes(&e->ak_public), &public, &err) < 0) {
		kw_checks_judge(checks, "attestation key in report", KW_E_HCL_AK, false,
				"the TPM's key is HCLAkPub", err.detail);
		kw_checks_judge(checks, "attestation key attributes", KW_E_TPM_AK_TYPE, false,
				"a public area", err.detail);
		return;
	}
	judge_ak_binding(e, &public, checks);
	judge_ak_attributes(&public, checks);
}

static void judge_certificate_of(const struct kw_evidence *e, const struct kw_certificate *c,
				 int64_t now_s, int64_t skew_s, struct kw_checks *checks)
{
	bool in_time = now_s + skew_s >= c->not_before_s && now_s - skew_s <= c->not_after_s;
	bool for_ak = kw_public_key_equal(c->key, e->report.ak);
	const char *fault = !for_ak ? "for another key" : "not valid at this time";

	kw_checks_judge(checks, "placeholder certificate", KW_E_TPM_AK_PLACEHOLDER,
			strstr(c->issuer, PLACEHOLDER) == NULL,
			"another issuer than the placeholder's", c->issuer);
	kw_checks_judge(checks, "attestation key certificate", KW_E_TPM_AK_CERT, for_ak && in_time,
			CERTIFICATE_DUE, for_ak && in_time ? CERTIFICATE_DUE : fault);
}

static void judge_certificate(const struct kw_evidence *e, int64_t now_s, int64_t skew_s,
			      struct kw_checks *checks)
{
	KW_CLEANUP(kw_certificate_clear) struct kw_certificate certificate = { 0 };
	struct kw_error err = { 0 };

	if (e->ak_cert.len == 0)
		kw_checks_judge(checks, "attestation key certificate", KW_E_TPM_AK_CERT, false,
				CERTIFICATE_DUE, "there is none");
	else if (kw_certificate_parse(kw_blob_bytes(&e->ak_cert), false, KW_E_TPM_AK_CERT,
				      &certificate, &err)
		 < 0)
		kw_checks_judge(checks, "attestation key certificate", KW_E_TPM_AK_CERT, false,
				CERTIFICATE_DUE, err.detail);
	else
		judge_certificate_of(e, &certificate, now_s, skew_s, checks);
}

/* A quote over no PCRs, or over others, would verify as well. */
static void judge_selection(const struct kw_tpm_attest *quote, struct kw_checks *checks)
{
	char found[FOUND_SIZE];
	bool ok = quote->n_selection == 1 && quote->selection[0].hash == KW_TPM_ALG_SHA256
		  && quote->selection[0].pcrs == KW_GUEST_PCRS;

	snprintf(found, sizeof(found), "%zu banks, first 0x%04x, PCRs 0x%06x", quote->n_selection,
		 quote->selection[0].hash, quote->selection[0].pcrs);
	kw_checks_judge(checks, "quoted pcrs", KW_E_TPM_QUOTE_PCRS, ok, SELECTION,
			ok ? SELECTION : found);
}

/* The attestation key is a primary key of the endorsement hierarchy (guest attestation 1.2). */
static bool names_signer(const struct kw_evidence *e, const struct kw_tpm_attest *attest)
{
	uint8_t name[KW_TPM_NAME_SIZE], signer[KW_TPM_NAME_SIZE];
	struct kw_tpm_public ak;
	struct kw_error err = { 0 };

	if (kw_tpm_public_parse(kw_blob_bytes(&e->ak_public), &ak, &err) < 0)
		return false;
	kw_tpm_public_name(&ak, name);
	kw_tpm_qualified_name(KW_TPM_RH_ENDORSEMENT, name, signer);
	return kw_bytes_equal(attest->qualified_signer, KW_BYTES(signer));
}

static void judge_quote(const struct kw_evidence *e, struct kw_checks *checks)
{
	const struct kw_bytes no_nonce = { (const uint8_t *)"", 0 };
	struct kw_tpm_attest quote = { 0 };
	struct kw_error err = { 0 };
	bool named;

	kw_quote_judge(kw_blob_bytes(&e->quote), kw_blob_bytes(&e->quote_signature), e->report.ak,
		       no_nonce, &e->pcrs, 1, checks);
	if (kw_tpm_attest_parse(kw_blob_bytes(&e->quote), &quote, &err) < 0)
		return; /* the row of its form says so */
	named = names_signer(e, &quote);
	kw_checks_judge(checks, "quote signer", KW_E_TPM_QUOTE_SIGNATURE, named,
			"the attestation key's qualified name", named ? "it is" : "another name");
	judge_selection(&quote, checks);
}

/* NULL: a key of this name was made in the NULL hierarchy, and nobody added anything. */
static const char *certified_fault(const struct kw_evidence *e, const struct kw_tpm_attest *certify,
				   const uint8_t name[KW_TPM_NAME_SIZE])
{
	const struct kw_bytes due = { name, KW_TPM_NAME_SIZE };
	uint8_t qualified[KW_TPM_NAME_SIZE];

	kw_tpm_qualified_name(KW_TPM_RH_NULL, name, qualified);
	if (!kw_bytes_equal(certify->name, due))
		return "it is about another key";
	if (!kw_bytes_equal(certify->qualified_name, KW_BYTES(qualified)))
		return "the key is not one of the NULL hierarchy";
	if (certify->extra_data.len != 0)
		return "it carries data of somebody";
	if (!names_signer(e, certify))
		return "it names another signer";
	return NULL;
}

/* NULL: the attestation key says that a key of this name lives in its TPM. */
static const char *certify_fault(const struct kw_evidence *e, const struct kw_tpm_public *public)
{
	struct kw_tpm_signature signature;
	struct kw_tpm_attest certify;
	struct kw_error err = { 0 };
	uint8_t name[KW_TPM_NAME_SIZE];

	kw_tpm_public_name(public, name);
	kw_tpm_signature_read(kw_blob_bytes(&e->certify_signature), &signature);
	if (kw_tpm_attest_parse(kw_blob_bytes(&e->certify), &certify, &err) < 0)
		return "not an attestation structure";
	if (certify.magic != KW_TPM_GENERATED)
		return "not made by a TPM (magic)";
	if (certify.type != KW_TPM_ST_ATTEST_CERTIFY)
		return "a structure of another type";
	if (!kw_tpm_signature_verify(&signature, e->report.ak, kw_blob_bytes(&e->certify)))
		return "the signature does not verify";
	return certified_fault(e, &certify, name);
}

static bool is_wrapping_key(const struct kw_tpm_public *p, struct kw_bytes policy)
{
	return is_rsa_2048(p) && p->exponent == 0 && p->attributes == KW_WRAPPING_ATTRIBUTES
	       && p->symmetric == KW_TPM_ALG_NULL && p->scheme == KW_TPM_ALG_NULL
	       && kw_bytes_equal(p->auth_policy, policy);
}

static void judge_wrapping_attributes(const struct kw_evidence *e, const struct kw_tpm_public *p,
				      struct kw_checks *checks)
{
	uint8_t policy[KW_SHA256_SIZE];
	char found[FOUND_SIZE];
	bool known = kw_pcr_policy(&e->pcrs, KW_GUEST_PCRS, policy);
	bool ok = known && is_wrapping_key(p, KW_BYTES(policy));

	snprintf(found, sizeof(found), "RSA-%u, attributes 0x%08x, policy %s", p->bits,
		 p->attributes,
		 known && kw_bytes_equal(p->auth_policy, KW_BYTES(policy)) ? "over these PCR values"
									   : "another");
	kw_checks_judge(checks, "wrapping key attributes", KW_E_TPM_CERTIFY, ok,
			"RSA-2048, attributes 0x00020432, policy over these PCR values", found);
}

static void judge_wrapping_key(const struct kw_evidence *e, struct kw_checks *checks)
{
	struct kw_tpm_public public;
	struct kw_error err = { 0 };
	const char *fault;

	if (kw_tpm_public_parse(kw_blob_bytes(&e->wrapping_public), &public, &err) < 0) {
		kw_checks_judge(checks, "wrapping key certification", KW_E_TPM_CERTIFY, false,
				"a public area", err.detail);
		return;
	}
	fault = certify_fault(e, &public);
	kw_checks_judge(checks, "wrapping key certification", KW_E_TPM_CERTIFY, fault == NULL,
			"signed by the attestation key", fault ? fault : "it is");
	judge_wrapping_attributes(e, &public, checks);
}

static void judge_no_event_log(bool required, struct kw_checks *checks)
{
	if (required)
		kw_checks_judge(checks, "event log", KW_E_TPM_LOG_MISSING, false, REPLAYS,
				"there is none");
	else
		kw_checks_not_possible(checks, "event log", KW_E_TPM_LOG_MISSING, REPLAYS,
				       "there is none");
}

static void judge_event_log(const struct kw_evidence *e, struct kw_checks *checks)
{
	struct kw_event_log log;
	struct kw_error err = { 0 };
	bool readable = kw_event_log_parse(kw_blob_bytes(&e->event_log), &log, &err) == 0;

	kw_checks_judge(checks, "event log form", KW_E_TPM_LOG_FORM, readable,
			"a crypto-agile TCG log", readable ? "one" : err.detail);
	if (readable)
		kw_event_log_judge(&log, &e->pcrs, KW_GUEST_PCRS, checks);
	else
		kw_checks_not_possible(checks, "event log", KW_E_TPM_LOG_REPLAY, REPLAYS,
				       "it cannot be read");
}

/* What was hashed into the report is what goes to the service. */
static void judge_runtime(const struct kw_evidence *e, struct kw_checks *checks)
{
	uint8_t expected[KW_SNP_REPORT_DATA_SIZE] = { 0 };

	kw_digest(KW_SHA256, kw_blob_bytes(&e->runtime), expected);
	kw_checks_same_bytes(checks, "runtime claims hash", KW_E_SNP_REPORT_DATA, expected,
			     e->snp.report_data, sizeof(expected));
}

static void judge_guest(const struct kw_evidence *e, const struct kw_config *config, int64_t now_s,
			struct kw_checks *checks)
{
	judge_ak(e, checks);
	judge_certificate(e, now_s, config->time.skew_ms / 1000, checks);
	judge_quote(e, checks);
	judge_wrapping_key(e, checks);
	if (e->event_log.len == 0)
		judge_no_event_log(config->evidence.require_event_log, checks);
	else
		judge_event_log(e, checks);
}

void kw_evidence_judge(const struct kw_evidence *evidence, const struct kw_config *config,
		       int64_t now_s, struct kw_checks *checks)
{
	const struct kw_snp_rules rules = { .allow_debug = config->evidence.allow_debug };

	if (evidence->kind == KW_EVIDENCE_GUEST)
		kw_hcl_report_judge(&evidence->report, checks);
	else
		judge_runtime(evidence, checks);
	kw_snp_report_judge(&evidence->snp, &rules, checks);
	if (evidence->kind == KW_EVIDENCE_GUEST)
		judge_guest(evidence, config, now_s, checks);
}
