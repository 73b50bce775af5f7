/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/tpm.h"

#include "evidence/tpm_transport.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/secret.h"

#include <string.h>
#include <tss2/tss2_rc.h>

enum { OWNER_AUTH_SIZE_MAX = sizeof(((TPM2B_AUTH *)NULL)->buffer) };

TPM2_RC kw_tpm_code(TSS2_RC rc)
{
	TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;

	if (layer != TSS2_TPM_RC_LAYER && layer != TSS2_RESMGR_TPM_RC_LAYER
	    && layer != TSS2_RESMGR_RC_LAYER)
		return 0;
	return rc & ~TSS2_RC_LAYER_MASK;
}

static bool is_busy(TSS2_RC rc)
{
	switch (kw_tpm_code(rc)) {
	case TPM2_RC_RETRY:
	case TPM2_RC_YIELDED:
	case TPM2_RC_TESTING:
	case TPM2_RC_OBJECT_MEMORY:
	case TPM2_RC_SESSION_MEMORY:
	case TPM2_RC_MEMORY:
	case TPM2_RC_SESSION_HANDLES:
	case TPM2_RC_NV_RATE:
		return true;
	default:
		return false;
	}
}

bool kw_tpm_again(const struct kw_tpm *tpm, TSS2_RC rc, unsigned *tries)
{
	int64_t wait_ms = (int64_t)KW_TPM_WAIT_FIRST_MS << *tries;

	if (!is_busy(rc) || ++*tries >= KW_TPM_TRIES_MAX)
		return false;
	kw_sleep_ms(tpm->clock, wait_ms < KW_TPM_WAIT_MAX_MS ? wait_ms : KW_TPM_WAIT_MAX_MS);
	return true;
}

int kw_tpm_fail(struct kw_error *err, TSS2_RC rc, const char *doing)
{
	if (rc == KW_TPM_RC_SILENT)
		return kw_fail(err, KW_E_TPM_SILENT, "%s: no answer by the deadline", doing);
	if (rc == KW_TPM_RC_GONE)
		return kw_fail(err, KW_E_TPM_GONE, "%s: the connection broke", doing);
	err->tpm_code = kw_tpm_code(rc);
	return kw_fail(err, is_busy(rc) ? KW_E_TPM_BUSY : KW_E_TPM_COMMAND, "%s: %s (0x%x)", doing,
		       Tss2_RC_Decode(rc), rc);
}

int kw_tpm_open(const char *tcti, int64_t patience_ms, const struct kw_clock *clock,
		struct kw_tpm *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_tpm_close)
	struct kw_tpm tpm = { .clock = clock, .end_ms = kw_boot_ms(clock) + patience_ms };
	TSS2_RC rc;

	if (kw_tpm_transport_open(tcti, clock, tpm.end_ms, &tpm.tcti, err) < 0)
		return -1;
	rc = Esys_Initialize(&tpm.esys, tpm.tcti, NULL);
	if (rc != TSS2_RC_SUCCESS)
		return kw_fail(err, KW_E_TPM_OPEN, "'%s': %s", tcti, Tss2_RC_Decode(rc));
	*ret = tpm;
	ret->esys = KW_STEAL(tpm.esys);
	ret->tcti = KW_STEAL(tpm.tcti);
	return 0;
}

void kw_tpm_close(struct kw_tpm *tpm)
{
	if (tpm->esys)
		Esys_Finalize(&tpm->esys);
	kw_tpm_transport_close(tpm->tcti);
	*tpm = (struct kw_tpm){ 0 };
}

int kw_tpm_owner_auth(struct kw_tpm *tpm, const char *file, struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret password = { 0 };
	TPM2B_AUTH auth = { 0 };
	TSS2_RC rc;

	if (*file == '\0')
		return 0;
	if (kw_file_read_secret(file, OWNER_AUTH_SIZE_MAX, KW_E_TPM_FILE, &password, err) < 0)
		return -1;
	auth.size = (UINT16)password.len;
	memcpy(auth.buffer, password.data, password.len);
	rc = Esys_TR_SetAuth(tpm->esys, ESYS_TR_RH_OWNER, &auth);
	kw_wipe(&auth, sizeof(auth));
	return rc == TSS2_RC_SUCCESS ? 0 : kw_tpm_fail(err, rc, "setting the owner password");
}
