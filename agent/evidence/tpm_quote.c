/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/tpm_quote.h"

#include "evidence/tpm_wire.h"

#include <string.h>
#include <tss2/tss2_mu.h>

enum { RC_ABSENT = TPM2_RC_HANDLE | TPM2_RC_1 };

/* To sign by the scheme that the key itself names. */
static const TPMT_SIG_SCHEME keys_own = { .scheme = TPM2_ALG_NULL };

TPML_PCR_SELECTION kw_tpm_selection(uint32_t pcrs)
{
	TPML_PCR_SELECTION selection = {
		.count = 1,
		.pcrSelections = { { .hash = TPM2_ALG_SHA256, .sizeofSelect = KW_TPM_PCRS / 8 } },
	};

	for (size_t i = 0; i < KW_TPM_PCRS / 8; i++)
		selection.pcrSelections[0].pcrSelect[i] = (BYTE)(pcrs >> (8 * i));
	return selection;
}

int kw_tpm_public_bytes(const TPM2B_PUBLIC *public, struct kw_blob *ret, struct kw_error *err)
{
	uint8_t bytes[sizeof(*public)];
	size_t len = 0;
	TSS2_RC rc = Tss2_MU_TPM2B_PUBLIC_Marshal(public, bytes, sizeof(bytes), &len);

	if (rc != TSS2_RC_SUCCESS)
		return kw_tpm_fail(err, rc, "writing down a public area");
	*ret = kw_blob_copy((struct kw_bytes){ bytes, len });
	return 0;
}

static int ak_public(struct kw_tpm *tpm, ESYS_TR ak, struct kw_blob *ret, struct kw_error *err)
{
	TPM2B_PUBLIC *public = NULL;
	unsigned tries = 0;
	TSS2_RC rc;
	int r;

	do
		rc = Esys_ReadPublic(tpm->esys, ak, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				     &public, NULL, NULL);
	while (kw_tpm_again(tpm, rc, &tries));
	if (rc != TSS2_RC_SUCCESS)
		return kw_tpm_fail(err, rc, "reading the attestation key's public area");
	r = kw_tpm_public_bytes(public, ret, err);
	Esys_Free(public);
	return r;
}

int kw_tpm_ak_open(struct kw_tpm *tpm, ESYS_TR *ret, struct kw_blob *ret_public,
		   struct kw_error *err)
{
	ESYS_TR ak = ESYS_TR_NONE;
	unsigned tries = 0;
	TSS2_RC rc;

	do
		rc = Esys_TR_FromTPMPublic(tpm->esys, KW_HANDLE_AK, ESYS_TR_NONE, ESYS_TR_NONE,
					   ESYS_TR_NONE, &ak);
	while (kw_tpm_again(tpm, rc, &tries));
	if (kw_tpm_code(rc) == RC_ABSENT)
		return kw_fail(err, KW_E_TPM_NO_AK, "no key at the persistent handle 0x%08x",
			       KW_HANDLE_AK);
	if (rc != TSS2_RC_SUCCESS)
		return kw_tpm_fail(err, rc, "looking for the attestation key");
	if (ak_public(tpm, ak, ret_public, err) < 0)
		return -1;
	*ret = ak;
	return 0;
}

/* Takes the values that came, by the selection that came with them. Returns the PCRs taken. */
static uint32_t take_values(const TPML_PCR_SELECTION *selection, const TPML_DIGEST *digests,
			    struct kw_pcr_values *values)
{
	const TPMS_PCR_SELECTION *bank = &selection->pcrSelections[0];
	uint32_t taken = 0;
	size_t n = 0;

	if (selection->count != 1 || bank->hash != TPM2_ALG_SHA256)
		return 0;
	for (unsigned i = 0; i < KW_TPM_PCRS && i / 8 < bank->sizeofSelect; i++) {
		if (!(bank->pcrSelect[i / 8] >> (i % 8) & 1))
			continue;
		if (n >= digests->count || digests->digests[n].size != KW_SHA256_SIZE)
			return 0;
		memcpy(values->value[i], digests->digests[n++].buffer, KW_SHA256_SIZE);
		taken |= 1u << i;
	}
	return taken;
}

static int read_some(struct kw_tpm *tpm, uint32_t pcrs, struct kw_pcr_values *values,
		     struct kw_error *err)
{
	TPML_PCR_SELECTION wanted = kw_tpm_selection(pcrs);
	TPML_PCR_SELECTION *given = NULL;
	TPML_DIGEST *digests = NULL;
	unsigned tries = 0;
	uint32_t taken;
	TSS2_RC rc;

	do
		rc = Esys_PCR_Read(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &wanted,
				   NULL, &given, &digests);
	while (kw_tpm_again(tpm, rc, &tries));
	if (rc != TSS2_RC_SUCCESS)
		return kw_tpm_fail(err, rc, "reading PCRs");
	taken = take_values(given, digests, values) & pcrs;
	Esys_Free(given);
	Esys_Free(digests);
	if (taken == 0)
		return kw_fail(err, KW_E_TPM_COMMAND,
			       "reading PCRs: the TPM gives none of the SHA-256 bank");
	values->present |= taken;
	return 0;
}

int kw_tpm_pcr_read(struct kw_tpm *tpm, uint32_t pcrs, struct kw_pcr_values *ret,
		    struct kw_error *err)
{
	struct kw_pcr_values values = { .hash = KW_TPM_ALG_SHA256 };

	/* A TPM gives some at a time, and at least one: the loop ends. */
	while (values.present != pcrs)
		if (read_some(tpm, pcrs & ~values.present, &values, err) < 0)
			return -1;
	*ret = values;
	return 0;
}

void kw_tpm_signed_clear(struct kw_tpm_signed *both)
{
	kw_blob_clear(&both->attest);
	kw_blob_clear(&both->signature);
}

/* Takes and frees both. The signature's union is read as what it says it is. */
static int take_signed(TPM2B_ATTEST *attest, TPMT_SIGNATURE *signature, struct kw_tpm_signed *ret,
		       struct kw_error *err)
{
	const TPMS_SIGNATURE_RSA *rsa = &signature->signature.rsassa;
	int r = 0;

	if (signature->sigAlg != TPM2_ALG_RSASSA || rsa->hash != TPM2_ALG_SHA256) {
		r = kw_fail(err, KW_E_TPM_AK_TYPE,
			    "the attestation key signs by algorithm 0x%04x, expected RSASSA, "
			    "0x%04x, with SHA-256",
			    signature->sigAlg, TPM2_ALG_RSASSA);
	} else {
		ret->attest =
			kw_blob_copy((struct kw_bytes){ attest->attestationData, attest->size });
		ret->signature = kw_blob_copy((struct kw_bytes){ rsa->sig.buffer, rsa->sig.size });
	}
	Esys_Free(attest);
	Esys_Free(signature);
	return r;
}

int kw_tpm_quote(struct kw_tpm *tpm, ESYS_TR ak, struct kw_bytes nonce, uint32_t pcrs,
		 struct kw_tpm_signed *ret, struct kw_error *err)
{
	const TPML_PCR_SELECTION selection = kw_tpm_selection(pcrs);
	TPM2B_DATA qualifying = { .size = (UINT16)nonce.len };
	TPM2B_ATTEST *attest = NULL;
	TPMT_SIGNATURE *signature = NULL;
	unsigned tries = 0;
	TSS2_RC rc;

	if (nonce.len > sizeof(qualifying.buffer))
		return kw_fail(err, KW_E_TPM_QUOTE_NONCE,
			       "a nonce of %zu bytes, a quote takes at most %zu", nonce.len,
			       sizeof(qualifying.buffer));
	if (nonce.len)
		memcpy(qualifying.buffer, nonce.data, nonce.len);
	do
		rc = Esys_Quote(tpm->esys, ak, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
				&qualifying, &keys_own, &selection, &attest, &signature);
	while (kw_tpm_again(tpm, rc, &tries));
	if (rc != TSS2_RC_SUCCESS)
		return kw_tpm_fail(err, rc, "quoting PCRs");
	return take_signed(attest, signature, ret, err);
}

int kw_tpm_certify(struct kw_tpm *tpm, ESYS_TR ak, ESYS_TR key, struct kw_tpm_signed *ret,
		   struct kw_error *err)
{
	const TPM2B_DATA qualifying = { 0 };
	TPM2B_ATTEST *attest = NULL;
	TPMT_SIGNATURE *signature = NULL;
	unsigned tries = 0;
	TSS2_RC rc;

	do
		rc = Esys_Certify(tpm->esys, key, ak, ESYS_TR_PASSWORD, ESYS_TR_PASSWORD,
				  ESYS_TR_NONE, &qualifying, &keys_own, &attest, &signature);
	while (kw_tpm_again(tpm, rc, &tries));
	if (rc != TSS2_RC_SUCCESS)
		return kw_tpm_fail(err, rc, "certifying the wrapping key");
	return take_signed(attest, signature, ret, err);
}
