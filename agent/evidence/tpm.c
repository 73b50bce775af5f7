/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/tpm.h"

#include "util/cleanup.h"
#include "util/file.h"
#include "util/secret.h"

#include <errno.h>
#include <string.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tcti_device.h>
#include <tss2/tss2_tcti_swtpm.h>

enum { OWNER_AUTH_SIZE_MAX = sizeof(((TPM2B_AUTH *)NULL)->buffer) };

static const struct transport {
	const char *prefix;
	TSS2_RC (*init)(TSS2_TCTI_CONTEXT *context, size_t *size, const char *conf);
} transports[] = {
	{ "device:", Tss2_Tcti_Device_Init },
	{ "swtpm:", Tss2_Tcti_Swtpm_Init },
};

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
	return kw_fail(err, is_busy(rc) ? KW_E_TPM_BUSY : KW_E_TPM_COMMAND, "%s: %s (0x%x)", doing,
		       Tss2_RC_Decode(rc), rc);
}

static const struct transport *transport_of(const char *tcti)
{
	for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++)
		if (strncmp(tcti, transports[i].prefix, strlen(transports[i].prefix)) == 0)
			return &transports[i];
	return NULL;
}

static int open_transport(const struct transport *transport, const char *tcti,
			  TSS2_TCTI_CONTEXT **ret, struct kw_error *err)
{
	const char *conf = tcti + strlen(transport->prefix);
	TSS2_TCTI_CONTEXT *context = NULL;
	size_t size = 0;
	TSS2_RC rc = transport->init(NULL, &size, NULL);

	if (rc == TSS2_RC_SUCCESS)
		context = calloc(1, size);
	if (!context)
		return kw_fail(err, KW_E_TPM_OPEN, "'%s': %s", tcti, Tss2_RC_Decode(rc));
	errno = 0;
	rc = transport->init(context, &size, conf);
	if (rc != TSS2_RC_SUCCESS) {
		if (errno != 0) /* the transport's own code says less */
			kw_fail(err, KW_E_TPM_OPEN, "'%s': %m", tcti);
		else
			kw_fail(err, KW_E_TPM_OPEN, "'%s': %s", tcti, Tss2_RC_Decode(rc));
		free(context);
		return -1;
	}
	*ret = context;
	return 0;
}

int kw_tpm_open(const char *tcti, const struct kw_clock *clock, struct kw_tpm *ret,
		struct kw_error *err)
{
	KW_CLEANUP(kw_tpm_close) struct kw_tpm tpm = { .clock = clock };
	const struct transport *transport = transport_of(tcti);
	TSS2_RC rc;

	if (!transport)
		return kw_fail(err, KW_E_TPM_TCTI,
			       "'%s' is neither device:PATH nor swtpm:host=ADDRESS,port=PORT",
			       tcti);
	if (open_transport(transport, tcti, &tpm.tcti, err) < 0)
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
	if (tpm->tcti) {
		Tss2_Tcti_Finalize(tpm->tcti);
		free(tpm->tcti);
	}
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
