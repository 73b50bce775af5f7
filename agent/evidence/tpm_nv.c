/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/tpm_nv.h"

#include "util/cleanup.h"

#include <stdio.h>
#include <string.h>
#include <tss2/tss2_rc.h>

enum { CHUNK_FALLBACK = 512, CHUNK_MAX = 1024, DOING_SIZE = 64 };
enum {
	RC_ABSENT = TPM2_RC_HANDLE | TPM2_RC_1,
	RC_OWNER_AUTH = TPM2_RC_BAD_AUTH | TPM2_RC_S | TPM2_RC_1,
};

struct nv {
	struct kw_tpm *tpm;
	uint32_t index;
	ESYS_TR handle; /* ESYS_TR_NONE: absent */
	size_t size;
};

static void nv_close(struct nv *nv)
{
	if (nv->handle != ESYS_TR_NONE)
		Esys_TR_Close(nv->tpm->esys, &nv->handle);
}

static int nv_fail(const struct nv *nv, TSS2_RC rc, const char *doing, struct kw_error *err)
{
	char text[DOING_SIZE];

	snprintf(text, sizeof(text), "%s NV index 0x%08x", doing, nv->index);
	err->tpm_code = kw_tpm_code(rc);
	if (err->tpm_code == RC_OWNER_AUTH)
		return kw_fail(err, KW_E_TPM_OWNER_AUTH, "%s: %s", text, Tss2_RC_Decode(rc));
	return kw_tpm_fail(err, rc, text);
}

static int nv_size(struct nv *nv, struct kw_error *err)
{
	TPM2B_NV_PUBLIC *public = NULL;
	unsigned tries = 0;
	TSS2_RC rc;

	do
		rc = Esys_NV_ReadPublic(nv->tpm->esys, nv->handle, ESYS_TR_NONE, ESYS_TR_NONE,
					ESYS_TR_NONE, &public, NULL);
	while (kw_tpm_again(nv->tpm, rc, &tries));
	if (rc != TSS2_RC_SUCCESS)
		return nv_fail(nv, rc, "looking at", err);
	nv->size = public->nvPublic.dataSize;
	Esys_Free(public);
	return 0;
}

/* Only one code means that the index is absent; a busy TPM is not a missing report. */
static int nv_open(struct nv *nv, struct kw_error *err)
{
	unsigned tries = 0;
	TSS2_RC rc;

	do
		rc = Esys_TR_FromTPMPublic(nv->tpm->esys, nv->index, ESYS_TR_NONE, ESYS_TR_NONE,
					   ESYS_TR_NONE, &nv->handle);
	while (kw_tpm_again(nv->tpm, rc, &tries));
	if (rc == TSS2_RC_SUCCESS)
		return nv_size(nv, err);
	nv->handle = ESYS_TR_NONE;
	return kw_tpm_code(rc) == RC_ABSENT ? 0 : nv_fail(nv, rc, "looking for", err);
}

/* What the TPM takes or gives per command: TPM_PT_NV_BUFFER_MAX, within limits of ours. */
static size_t chunk_size(struct kw_tpm *tpm)
{
	TPMS_CAPABILITY_DATA *data = NULL;
	size_t size = CHUNK_FALLBACK;
	unsigned tries = 0;
	TPMI_YES_NO more;
	TSS2_RC rc;

	do
		rc = Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
					TPM2_CAP_TPM_PROPERTIES, TPM2_PT_NV_BUFFER_MAX, 1, &more,
					&data);
	while (kw_tpm_again(tpm, rc, &tries));
	if (rc != TSS2_RC_SUCCESS)
		return size;
	if (data->data.tpmProperties.count == 1
	    && data->data.tpmProperties.tpmProperty[0].property == TPM2_PT_NV_BUFFER_MAX
	    && data->data.tpmProperties.tpmProperty[0].value > 0)
		size = data->data.tpmProperties.tpmProperty[0].value;
	Esys_Free(data);
	return size < CHUNK_MAX ? size : CHUNK_MAX;
}

/* Appends up to `want` bytes; the TPM decides how many come. */
static int read_piece(struct nv *nv, size_t want, struct kw_blob *blob, struct kw_error *err)
{
	TPM2B_MAX_NV_BUFFER *piece = NULL;
	unsigned tries = 0;
	bool fits;
	TSS2_RC rc;

	do
		rc = Esys_NV_Read(nv->tpm->esys, ESYS_TR_RH_OWNER, nv->handle, ESYS_TR_PASSWORD,
				  ESYS_TR_NONE, ESYS_TR_NONE, (UINT16)want, (UINT16)blob->len,
				  &piece);
	while (kw_tpm_again(nv->tpm, rc, &tries));
	if (rc != TSS2_RC_SUCCESS)
		return nv_fail(nv, rc, "reading", err);
	fits = piece->size > 0 && piece->size <= want;
	if (fits)
		kw_blob_append(blob, (struct kw_bytes){ piece->buffer, piece->size });
	Esys_Free(piece);
	return fits ? 0
		    : kw_fail(err, KW_E_TPM_COMMAND,
			      "reading NV index 0x%08x: the TPM gave another size than asked for",
			      nv->index);
}

int kw_tpm_nv_read(struct kw_tpm *tpm, uint32_t index, size_t max, bool *ret_present,
		   struct kw_blob *ret, struct kw_error *err)
{
	KW_CLEANUP(nv_close) struct nv nv = { tpm, index, ESYS_TR_NONE, 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob blob = { 0 };
	size_t chunk;

	if (nv_open(&nv, err) < 0)
		return -1;
	*ret_present = nv.handle != ESYS_TR_NONE;
	if (!*ret_present)
		return 0;
	if (nv.size > max)
		return kw_fail(err, KW_E_TPM_COMMAND,
			       "NV index 0x%08x has %zu bytes, at most %zu are read", index,
			       nv.size, max);
	chunk = chunk_size(tpm);
	while (blob.len < nv.size) {
		size_t left = nv.size - blob.len;

		if (read_piece(&nv, left < chunk ? left : chunk, &blob, err) < 0)
			return -1;
	}
	*ret = kw_blob_steal(&blob);
	return 0;
}

static int nv_undefine(struct nv *nv, struct kw_error *err)
{
	unsigned tries = 0;
	TSS2_RC rc;

	do
		rc = Esys_NV_UndefineSpace(nv->tpm->esys, ESYS_TR_RH_OWNER, nv->handle,
					   ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE);
	while (kw_tpm_again(nv->tpm, rc, &tries));
	if (rc != TSS2_RC_SUCCESS)
		return nv_fail(nv, rc, "removing", err);
	nv->handle = ESYS_TR_NONE;
	return 0;
}

/* The platform reads with owner authorization, too: without OWNERREAD it renews nothing. */
static int nv_define(struct nv *nv, size_t size, struct kw_error *err)
{
	const TPM2B_AUTH no_auth = { 0 };
	const TPM2B_NV_PUBLIC public = {
		.nvPublic = { .nvIndex = nv->index,
			      .nameAlg = TPM2_ALG_SHA256,
			      .attributes = TPMA_NV_OWNERREAD | TPMA_NV_OWNERWRITE,
			      .dataSize = (UINT16)size },
	};
	unsigned tries = 0;
	TSS2_RC rc;

	do
		rc = Esys_NV_DefineSpace(nv->tpm->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD,
					 ESYS_TR_NONE, ESYS_TR_NONE, &no_auth, &public,
					 &nv->handle);
	while (kw_tpm_again(nv->tpm, rc, &tries));
	return rc == TSS2_RC_SUCCESS ? 0 : nv_fail(nv, rc, "defining", err);
}

int kw_tpm_nv_write(struct kw_tpm *tpm, uint32_t index, struct kw_bytes content,
		    struct kw_error *err)
{
	KW_CLEANUP(nv_close) struct nv nv = { tpm, index, ESYS_TR_NONE, 0 };
	TPM2B_MAX_NV_BUFFER data = { .size = (UINT16)content.len };
	unsigned tries = 0;
	TSS2_RC rc;

	if (content.len > sizeof(data.buffer))
		return kw_fail(err, KW_E_TPM_COMMAND,
			       "NV index 0x%08x: %zu bytes are more than one write takes", index,
			       content.len);
	memcpy(data.buffer, content.data, content.len);
	if (nv_open(&nv, err) < 0)
		return -1;
	if (nv.handle != ESYS_TR_NONE && nv.size != content.len && nv_undefine(&nv, err) < 0)
		return -1;
	if (nv.handle == ESYS_TR_NONE && nv_define(&nv, content.len, err) < 0)
		return -1;
	do
		rc = Esys_NV_Write(tpm->esys, ESYS_TR_RH_OWNER, nv.handle, ESYS_TR_PASSWORD,
				   ESYS_TR_NONE, ESYS_TR_NONE, &data, 0);
	while (kw_tpm_again(tpm, rc, &tries));
	return rc == TSS2_RC_SUCCESS ? 0 : nv_fail(&nv, rc, "writing", err);
}
