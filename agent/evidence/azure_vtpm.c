/* SPDX-License-Identifier: Apache-2.0 */
/* The provider of Azure confidential VMs: report, attestation key and wrapping key of the vTPM. */
#include "evidence/provider.h"

#include "evidence/hcl_nv.h"
#include "evidence/tpm_key.h"
#include "evidence/tpm_nv.h"
#include "evidence/tpm_quote.h"
#include "evidence/tpm_wire.h"
#include "jose/certificate.h"
#include "util/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { AK_CERTIFICATE_SIZE_MAX = 8192, ATTEST_TRIES = 3 };

/* The TPM, with the owner's password where there is one: the NV indices are read with it. */
static int open_tpm(const struct kw_config *config, struct kw_tpm *ret, struct kw_error *err)
{
	if (kw_tpm_open(config->evidence.tcti, config->retry.deadline_ms, &kw_clock_system, ret,
			err)
	    < 0)
		return -1;
	return kw_tpm_owner_auth(ret, config->evidence.owner_auth_file, err);
}

static int read_report(struct kw_tpm *tpm, const struct kw_config *config,
		       const struct kw_random *random, struct kw_evidence *e, struct kw_error *err)
{
	uint8_t user_data[KW_HCL_USER_DATA_SIZE];

	if (config->evidence.freshness != KW_FRESHNESS_REQUIRED)
		return kw_hcl_read(tpm, &e->hcl, &e->report, err);
	kw_random_fill(random, user_data, sizeof(user_data));
	return kw_hcl_read_fresh(tpm, user_data, &e->hcl, &e->report, err);
}

/* Cut to its DER: the index is padded with zeros. What is no certificate is left for the judge. */
static int read_ak_certificate(struct kw_tpm *tpm, struct kw_evidence *e, struct kw_error *err)
{
	KW_CLEANUP(kw_certificate_clear) struct kw_certificate certificate = { 0 };
	struct kw_error unreadable = { 0 };
	bool present;

	if (kw_tpm_nv_read(tpm, KW_NV_AK_CERTIFICATE, AK_CERTIFICATE_SIZE_MAX, &present,
			   &e->ak_cert, err)
	    < 0)
		return -1;
	if (present
	    && kw_certificate_parse(kw_blob_bytes(&e->ak_cert), true, KW_E_TPM_AK_CERT,
				    &certificate, &unreadable)
		       == 0)
		e->ak_cert.len = certificate.der_size;
	return 0;
}

static int make_unique(const struct kw_config *config, const struct kw_random *random,
		       struct kw_secret *ret, struct kw_error *err)
{
	if (kw_secret_new(KW_UNIQUE_SIZE, ret, err) < 0)
		return -1;
	if (config->evidence.wrapping_key == KW_WRAPPING_PRIVATE)
		kw_random_fill(random, ret->data, ret->len);
	return 0;
}

static int take_wrapping_key(struct kw_tpm_key *key, struct kw_evidence *e, struct kw_error *err)
{
	struct kw_tpm_public public;

	e->wrapping_public = kw_blob_steal(&key->public);
	if (kw_tpm_public_parse(kw_blob_bytes(&e->wrapping_public), &public, err) < 0
	    || kw_tpm_public_key(&public, &e->wrapping_key, err) < 0)
		return kw_wrap(err, "wrapping key");
	return 0;
}

/* The wrapping key under the PCRs as they are, certified; it is out of the TPM again afterwards. */
static int certify_wrapping_key(struct kw_tpm *tpm, ESYS_TR ak, struct kw_evidence *e,
				struct kw_error *err)
{
	KW_CLEANUP(kw_tpm_key_flush) struct kw_tpm_key key = { 0 };
	KW_CLEANUP(kw_tpm_signed_clear) struct kw_tpm_signed certified = { 0 };

	if (kw_tpm_pcr_read(tpm, KW_GUEST_PCRS, &e->pcrs, err) < 0
	    || kw_tpm_key_create(tpm, &e->unique, &e->pcrs, &key, err) < 0
	    || kw_tpm_certify(tpm, ak, key.handle, &certified, err) < 0)
		return -1;
	e->certify = kw_blob_steal(&certified.attest);
	e->certify_signature = kw_blob_steal(&certified.signature);
	return take_wrapping_key(&key, e, err);
}

/* `ret_same`: a quote over the values that were read. What is none is left for the judge. */
static int quote_pcrs(struct kw_tpm *tpm, ESYS_TR ak, struct kw_evidence *e, bool *ret_same,
		      struct kw_error *err)
{
	const struct kw_bytes no_nonce = { 0 }; /* the exchange has none: guest attestation 4.5 */
	KW_CLEANUP(kw_tpm_signed_clear) struct kw_tpm_signed quoted = { 0 };
	struct kw_tpm_attest quote = { 0 };
	struct kw_error unreadable = { 0 };
	uint8_t digest[KW_DIGEST_MAX];
	struct kw_bytes read = { digest, 0 };

	if (kw_tpm_quote(tpm, ak, no_nonce, KW_GUEST_PCRS, &quoted, err) < 0)
		return -1;
	*ret_same = kw_tpm_attest_parse(kw_blob_bytes(&quoted.attest), &quote, &unreadable) == 0
		    && kw_pcr_digest(&quote, &e->pcrs, 1, digest, &read.len)
		    && kw_bytes_equal(read, quote.pcr_digest);
	e->reset_count = quote.reset_count;
	e->restart_count = quote.restart_count;
	e->quote = kw_blob_steal(&quoted.attest);
	e->quote_signature = kw_blob_steal(&quoted.signature);
	return 0;
}

static void forget_attempt(struct kw_evidence *e)
{
	kw_blob_clear(&e->certify);
	kw_blob_clear(&e->certify_signature);
	kw_blob_clear(&e->quote);
	kw_blob_clear(&e->quote_signature);
	kw_blob_clear(&e->wrapping_public);
	kw_public_key_freep(&e->wrapping_key);
}

/* Reading PCRs, making the key and quoting are three commands: others may extend in between. What
 * still does not fit in the last attempt is judged with the rest. */
static int attest(struct kw_tpm *tpm, ESYS_TR ak, struct kw_evidence *e, struct kw_error *err)
{
	bool same = false;

	for (int i = 0; i < ATTEST_TRIES && !same; i++) {
		forget_attempt(e);
		if (certify_wrapping_key(tpm, ak, e, err) < 0
		    || quote_pcrs(tpm, ak, e, &same, err) < 0)
			return -1;
	}
	return 0;
}

/* An absent log is no failure here: whether one is required is judged with the rest. */
static int read_event_log(const char *path, struct kw_blob *ret, struct kw_error *err)
{
	if (*path == '\0' || (access(path, F_OK) != 0 && errno == ENOENT))
		return 0;
	return kw_file_read(path, KW_EVENT_LOG_SIZE_MAX, KW_E_TPM_FILE, ret, err);
}

static struct kw_evidence *new_evidence(const struct kw_config *config, struct kw_error *err)
{
	struct kw_evidence *e = calloc(1, sizeof(*e));

	if (!e)
		abort();
	e->provider = &kw_provider_azure_vtpm;
	e->kind = KW_EVIDENCE_GUEST;
	e->tpm_patience_ms = config->retry.deadline_ms;
	snprintf(e->wrapping_kid, sizeof(e->wrapping_kid), "%s", KW_TPM_EPHEMERAL_KID);
	if (snprintf(e->tcti, sizeof(e->tcti), "%s", config->evidence.tcti) < (int)sizeof(e->tcti))
		return e;
	kw_fail(err, KW_E_TPM_TCTI, "evidence.tcti is too long");
	kw_evidence_free(e);
	return NULL;
}

static int gather(const struct kw_config *config, const struct kw_random *random,
		  struct kw_evidence **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_evidence_freep) struct kw_evidence *e = new_evidence(config, err);
	KW_CLEANUP(kw_tpm_close) struct kw_tpm tpm = { 0 };
	ESYS_TR ak;

	if (!e || open_tpm(config, &tpm, err) < 0 || read_report(&tpm, config, random, e, err) < 0
	    || kw_tpm_ak_open(&tpm, &ak, &e->ak_public, err) < 0
	    || read_ak_certificate(&tpm, e, err) < 0
	    || make_unique(config, random, &e->unique, err) < 0 || attest(&tpm, ak, e, err) < 0)
		return -1;
	kw_tpm_close(&tpm);
	if (read_event_log(config->evidence.event_log, &e->event_log, err) < 0)
		return -1;
	e->snp = e->report.snp;
	*ret = KW_STEAL(e);
	return 0;
}

static bool probe(const struct kw_config *config, struct kw_checks *ret_why)
{
	KW_CLEANUP(kw_tpm_close) struct kw_tpm tpm = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob hcl = { 0 };
	KW_CLEANUP(kw_hcl_report_clear) struct kw_hcl_report report = { 0 };
	struct kw_error err = { 0 };
	bool there =
		open_tpm(config, &tpm, &err) == 0 && kw_hcl_read(&tpm, &hcl, &report, &err) == 0;

	return kw_checks_judge(ret_why, "azure-vtpm", there ? KW_E_TPM_NO_HCL : kw_error_name(&err),
			       there, "an SNP report at NV index 0x01400001",
			       there ? "there" : err.detail);
}

/* Why the TPM makes another key from the same secret: its seed or the PCRs are not what they were.
 */
static int key_lost(const struct kw_evidence *e, const struct kw_pcr_values *now,
		    struct kw_error *err)
{
	for (unsigned i = 0; i < KW_TPM_PCRS; i++)
		if ((KW_GUEST_PCRS >> i & 1)
		    && memcmp(e->pcrs.value[i], now->value[i], KW_SHA256_SIZE) != 0)
			return kw_fail(err, KW_E_TPM_KEY_LOST,
				       "PCR %u changed since the attestation", i);
	return kw_fail(err, KW_E_TPM_KEY_LOST, "the TPM was reset since the attestation");
}

static int unwrap(struct kw_evidence *e, enum kw_rsa_scheme scheme, enum kw_hash oaep,
		  struct kw_bytes wrapped, struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_tpm_close) struct kw_tpm tpm = { 0 };
	KW_CLEANUP(kw_tpm_key_flush) struct kw_tpm_key key = { 0 };
	struct kw_pcr_values pcrs;

	if (kw_tpm_open(e->tcti, e->tpm_patience_ms, &kw_clock_system, &tpm, err) < 0
	    || kw_tpm_pcr_read(&tpm, KW_GUEST_PCRS, &pcrs, err) < 0
	    || kw_tpm_key_create(&tpm, &e->unique, &pcrs, &key, err) < 0)
		return -1;
	if (!kw_bytes_equal(kw_blob_bytes(&key.public), kw_blob_bytes(&e->wrapping_public)))
		return key_lost(e, &pcrs, err);
	return kw_tpm_key_decrypt(&key, scheme, oaep, wrapped, ret, err);
}

const struct kw_provider kw_provider_azure_vtpm = {
	.name = "azure-vtpm",
	.probe = probe,
	.gather = gather,
	.unwrap = unwrap,
};
