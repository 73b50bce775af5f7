/* SPDX-License-Identifier: Apache-2.0 */
/* Makes a software TPM look like an Azure vTPM: attestation key, report and certificate indices,
 * a measured boot. Straight to ESYS, not through the code under test. */
#pragma once

#include "evidence/swtpm.h"

#include <tss2/tss2_esys.h>

enum {
	PROVISION_AK = 0x81000003,
	PROVISION_HCL = 0x01400001,
	PROVISION_CERTIFICATE = 0x01c101d0,
	PROVISION_CHUNK = 512,
	PROVISION_NV_MAX = 2048, /* of swtpm */
};

static inline void provision_want(TSS2_RC rc)
{
	guest_want(rc == TSS2_RC_SUCCESS);
}

/* The attestation key of guest attestation 1.2; its public half as an OpenSSL key. */
static inline EVP_PKEY *provision_ak(ESYS_CONTEXT *esys)
{
	const TPM2B_PUBLIC template = { .publicArea = {
						.type = TPM2_ALG_RSA,
						.nameAlg = TPM2_ALG_SHA256,
						.objectAttributes = 0x00050472,
						.parameters.rsaDetail = {
							.symmetric = { .algorithm = TPM2_ALG_NULL },
							.scheme = { .scheme = TPM2_ALG_RSASSA,
								    .details.rsassa.hashAlg =
									    TPM2_ALG_SHA256 },
							.keyBits = 2048 } } };
	const TPM2B_SENSITIVE_CREATE none = { 0 };
	const TPM2B_DATA info = { 0 };
	const TPML_PCR_SELECTION pcrs = { 0 };
	TPM2B_PUBLIC *public = NULL;
	ESYS_TR key, persistent;
	EVP_PKEY *ak;

	provision_want(Esys_CreatePrimary(esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD,
					  ESYS_TR_NONE, ESYS_TR_NONE, &none, &template, &info,
					  &pcrs, &key, &public, NULL, NULL, NULL));
	provision_want(Esys_EvictControl(esys, ESYS_TR_RH_OWNER, key, ESYS_TR_PASSWORD,
					 ESYS_TR_NONE, ESYS_TR_NONE, PROVISION_AK, &persistent));
	provision_want(Esys_FlushContext(esys, key));
	ak = guest_key_from_modulus((struct kw_bytes){ public->publicArea.unique.rsa.buffer,
						       public->publicArea.unique.rsa.size });
	Esys_Free(public);
	return ak;
}

/* Defines (again) an index of `size` bytes that starts with `content`. */
static inline void provision_nv(ESYS_CONTEXT *esys, uint32_t index, struct kw_bytes content,
				size_t size)
{
	const TPM2B_NV_PUBLIC public = { .nvPublic = { .nvIndex = index,
						       .nameAlg = TPM2_ALG_SHA256,
						       .attributes = TPMA_NV_OWNERREAD
								     | TPMA_NV_OWNERWRITE,
						       .dataSize = (UINT16)size } };
	const TPM2B_AUTH no_auth = { 0 };
	struct kw_blob padded = kw_blob_new(size);
	ESYS_TR nv;

	guest_want(content.len <= size && size <= PROVISION_NV_MAX);
	memcpy(padded.data, content.data, content.len);
	if (Esys_TR_FromTPMPublic(esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &nv) == 0)
		provision_want(Esys_NV_UndefineSpace(esys, ESYS_TR_RH_OWNER, nv, ESYS_TR_PASSWORD,
						     ESYS_TR_NONE, ESYS_TR_NONE));
	provision_want(Esys_NV_DefineSpace(esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
					   ESYS_TR_NONE, &no_auth, &public, &nv));
	for (size_t at = 0; at < size; at += PROVISION_CHUNK) {
		size_t n = size - at < PROVISION_CHUNK ? size - at : PROVISION_CHUNK;
		TPM2B_MAX_NV_BUFFER piece = { .size = (UINT16)n };

		memcpy(piece.buffer, padded.data + at, n);
		provision_want(Esys_NV_Write(esys, ESYS_TR_RH_OWNER, nv, ESYS_TR_PASSWORD,
					     ESYS_TR_NONE, ESYS_TR_NONE, &piece, (UINT16)at));
	}
	kw_blob_clear(&padded);
}

/* Extends a PCR with the SHA-256 of the data, as the firmware does with an event's. */
static inline void provision_extend(ESYS_CONTEXT *esys, uint32_t pcr, const char *data)
{
	TPML_DIGEST_VALUES digests = { .count = 1 };

	digests.digests[0].hashAlg = TPM2_ALG_SHA256;
	SHA256((const uint8_t *)data, strlen(data), digests.digests[0].digest.sha256);
	provision_want(Esys_PCR_Extend(esys, ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE,
				       ESYS_TR_NONE, &digests));
}

/* How many transient keys and sessions the TPM holds. */
static inline size_t provision_loaded(ESYS_CONTEXT *esys)
{
	static const UINT32 first[] = { TPM2_TRANSIENT_FIRST, TPM2_LOADED_SESSION_FIRST };
	size_t n = 0;

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		TPMS_CAPABILITY_DATA *data = NULL;
		TPMI_YES_NO more;

		provision_want(Esys_GetCapability(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
						  TPM2_CAP_HANDLES, first[i], 8, &more, &data));
		n += data->data.handles.count;
		Esys_Free(data);
	}
	return n;
}

static inline void provision_owner_auth(ESYS_CONTEXT *esys, const char *old, const char *new)
{
	TPM2B_AUTH before = { .size = (UINT16)strlen(old) },
		   after = { .size = (UINT16)strlen(new) };

	memcpy(before.buffer, old, strlen(old));
	memcpy(after.buffer, new, strlen(new));
	provision_want(Esys_TR_SetAuth(esys, ESYS_TR_RH_OWNER, &before));
	provision_want(Esys_HierarchyChangeAuth(esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD,
						ESYS_TR_NONE, ESYS_TR_NONE, &after));
}
