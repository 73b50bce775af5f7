/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/tpm_key.h"

#include "evidence/tpm_quote.h"
#include "evidence/tpm_wire.h"

#include <string.h>

/* Response codes of format one (Part 2, 6.6.3): the number without what it is about. */
enum { RC_FORMAT_ONE = 1 << 7, RC_NUMBER = 0x0bf };

/* The template, but for `unique`: attributes without userWithAuth, so that only the policy opens
 * it. False if a PCR value is missing. */
static bool make_template(const struct kw_pcr_values *pcrs, TPM2B_PUBLIC *ret)
{
	*ret = (TPM2B_PUBLIC){
		.publicArea = {
			.type = TPM2_ALG_RSA,
			.nameAlg = TPM2_ALG_SHA256,
			.objectAttributes = KW_WRAPPING_ATTRIBUTES,
			.authPolicy = { .size = KW_SHA256_SIZE },
			.parameters.rsaDetail = {
				.symmetric.algorithm = TPM2_ALG_NULL,
				.scheme.scheme = TPM2_ALG_NULL,
				.keyBits = KW_GUEST_RSA_BITS,
			},
		},
	};
	return kw_pcr_policy(pcrs, KW_GUEST_PCRS, ret->publicArea.authPolicy.buffer);
}

static TSS2_RC create_primary(struct kw_tpm *tpm, const TPM2B_PUBLIC *template, ESYS_TR *ret,
			      TPM2B_PUBLIC **ret_public)
{
	const TPM2B_SENSITIVE_CREATE no_secret = { 0 };
	const TPM2B_DATA no_info = { 0 };
	const TPML_PCR_SELECTION no_pcrs = { 0 };
	unsigned tries = 0;
	TSS2_RC rc;

	do
		rc = Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_NULL, ESYS_TR_PASSWORD, ESYS_TR_NONE,
					ESYS_TR_NONE, &no_secret, template, &no_info, &no_pcrs, ret,
					ret_public, NULL, NULL, NULL);
	while (kw_tpm_again(tpm, rc, &tries));
	return rc;
}

int kw_tpm_key_create(struct kw_tpm *tpm, const struct kw_secret *unique,
		      const struct kw_pcr_values *pcrs, struct kw_tpm_key *ret,
		      struct kw_error *err)
{
	KW_CLEANUP(kw_tpm_key_flush) struct kw_tpm_key key = { .handle = ESYS_TR_NONE };
	TPM2B_PUBLIC template, *public = NULL;
	TPM2B_PUBLIC_KEY_RSA *field = &template.publicArea.unique.rsa;
	TSS2_RC rc;
	int r;

	if (unique->len != KW_UNIQUE_SIZE || !make_template(pcrs, &template))
		return kw_fail(err, KW_E_TPM_KEY_LOST,
			       "the wrapping key's template is incomplete: %zu secret bytes, "
			       "PCRs 0x%06x",
			       unique->len, pcrs->present);
	field->size = KW_UNIQUE_SIZE;
	memcpy(field->buffer, unique->data, KW_UNIQUE_SIZE);
	rc = create_primary(tpm, &template, &key.handle, &public);
	kw_wipe(&template, sizeof(template));
	if (rc != TSS2_RC_SUCCESS)
		return kw_tpm_fail(err, rc, "making the wrapping key");
	key.tpm = tpm;
	r = kw_tpm_public_bytes(public, &key.public, err);
	Esys_Free(public);
	if (r < 0)
		return -1;
	*ret = key;
	ret->tpm = KW_STEAL(key.tpm);
	ret->public = kw_blob_steal(&key.public);
	return 0;
}

static void flush(struct kw_tpm *tpm, ESYS_TR handle)
{
	unsigned tries = 0;
	TSS2_RC rc;

	do
		rc = Esys_FlushContext(tpm->esys, handle);
	while (kw_tpm_again(tpm, rc, &tries));
}

void kw_tpm_key_flush(struct kw_tpm_key *key)
{
	if (key->tpm)
		flush(key->tpm, key->handle);
	kw_blob_clear(&key->public);
	*key = (struct kw_tpm_key){ 0 };
}

struct session {
	struct kw_tpm *tpm; /* NULL: none is open */
	ESYS_TR handle;
};

static void session_flush(struct session *session)
{
	if (session->tpm)
		flush(session->tpm, session->handle);
}

/* True: this code of format one, whatever handle, parameter or session it is about. */
static bool is_code(TSS2_RC rc, TPM2_RC code)
{
	TPM2_RC found = kw_tpm_code(rc);

	return (found & RC_FORMAT_ONE) != 0 && (found & RC_NUMBER) == code;
}

/* A policy session that fulfils PolicyPCR over the PCRs as they are now. */
static int session_open(struct kw_tpm *tpm, struct session *session, struct kw_error *err)
{
	const TPMT_SYM_DEF no_encryption = { .algorithm = TPM2_ALG_NULL };
	const TPML_PCR_SELECTION selection = kw_tpm_selection(KW_GUEST_PCRS);
	const TPM2B_DIGEST as_they_are = { 0 };
	unsigned tries = 0;
	TSS2_RC rc;

	do
		rc = Esys_StartAuthSession(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
					   ESYS_TR_NONE, ESYS_TR_NONE, NULL, TPM2_SE_POLICY,
					   &no_encryption, TPM2_ALG_SHA256, &session->handle);
	while (kw_tpm_again(tpm, rc, &tries));
	if (rc != TSS2_RC_SUCCESS)
		return kw_tpm_fail(err, rc, "opening a policy session");
	session->tpm = tpm;
	tries = 0;
	do
		rc = Esys_PolicyPCR(tpm->esys, session->handle, ESYS_TR_NONE, ESYS_TR_NONE,
				    ESYS_TR_NONE, &as_they_are, &selection);
	while (kw_tpm_again(tpm, rc, &tries));
	return rc == TSS2_RC_SUCCESS ? 0 : kw_tpm_fail(err, rc, "fulfilling the PCR policy");
}

static TPMT_RSA_DECRYPT decrypt_scheme(enum kw_rsa_scheme scheme, enum kw_hash oaep)
{
	static const TPMI_ALG_HASH hashes[] = { [KW_SHA1] = TPM2_ALG_SHA1,
						[KW_SHA256] = TPM2_ALG_SHA256,
						[KW_SHA384] = TPM2_ALG_SHA384,
						[KW_SHA512] = TPM2_ALG_SHA512 };

	if (scheme == KW_RSA_ES)
		return (TPMT_RSA_DECRYPT){ .scheme = TPM2_ALG_RSAES };
	return (TPMT_RSA_DECRYPT){ .scheme = TPM2_ALG_OAEP, .details.oaep.hashAlg = hashes[oaep] };
}

/* One answer to every bad ciphertext, so that nobody learns in which way it was bad. */
static int decrypt_fail(TSS2_RC rc, struct kw_error *err)
{
	TPM2_RC code = kw_tpm_code(rc);

	err->tpm_code = code;
	if (code == TPM2_RC_PCR_CHANGED || is_code(rc, TPM2_RC_POLICY_FAIL))
		return kw_fail(err, KW_E_TPM_KEY_LOST,
			       "PCRs changed while the wrapping key was used");
	if (code == TPM2_RC_FAILURE || is_code(rc, TPM2_RC_VALUE) || is_code(rc, TPM2_RC_SIZE))
		return kw_fail(err, KW_E_UNW_FAILED, "the ciphertext does not open in the TPM");
	return kw_tpm_fail(err, rc, "decrypting with the wrapping key");
}

int kw_tpm_key_decrypt(const struct kw_tpm_key *key, enum kw_rsa_scheme scheme, enum kw_hash oaep,
		       struct kw_bytes wrapped, struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(session_flush) struct session session = { 0 };
	const TPMT_RSA_DECRYPT how = decrypt_scheme(scheme, oaep);
	const TPM2B_DATA no_label = { 0 };
	TPM2B_PUBLIC_KEY_RSA cipher = { .size = (UINT16)wrapped.len }, *plain = NULL;
	unsigned tries = 0;
	TSS2_RC rc;
	int r;

	if (wrapped.len != KW_GUEST_RSA_BITS / 8)
		return decrypt_fail(TPM2_RC_SIZE, err);
	memcpy(cipher.buffer, wrapped.data, wrapped.len);
	if (session_open(key->tpm, &session, err) < 0)
		return -1;
	do
		rc = Esys_RSA_Decrypt(key->tpm->esys, key->handle, session.handle, ESYS_TR_NONE,
				      ESYS_TR_NONE, &cipher, &how, &no_label, &plain);
	while (kw_tpm_again(key->tpm, rc, &tries));
	if (rc != TSS2_RC_SUCCESS)
		return decrypt_fail(rc, err);
	r = plain->size == 0
		    ? decrypt_fail(TPM2_RC_VALUE, err)
		    : kw_secret_take((struct kw_bytes){ plain->buffer, plain->size }, ret, err);
	kw_wipe(plain, sizeof(*plain));
	Esys_Free(plain);
	return r;
}
