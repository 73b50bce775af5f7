/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/survey.h"

#include "evidence/hcl_report.h"
#include "evidence/tpm_nv.h"
#include "evidence/tpm_quote.h"
#include "evidence/tpm_wire.h"
#include "util/text.h"

#include <stdio.h>
#include <string.h>

enum { CERTIFICATE_MAX = 8192, VENDOR_WORDS = 4, N_PROPERTIES = 16 };

void kw_tpm_survey_clear(struct kw_tpm_survey *survey)
{
	kw_blob_clear(&survey->report);
	kw_blob_clear(&survey->ak_certificate);
	*survey = (struct kw_tpm_survey){ 0 };
}

/* Four characters in a number, the first in its highest byte (TPM 2.0 Part 2, 6.13). */
static void append_characters(char *text, size_t size, uint32_t value)
{
	size_t len = strlen(text);

	for (int shift = 24; shift >= 0 && len + 1 < size; shift -= 8)
		if (value >> shift & 0xff)
			text[len++] = (char)(value >> shift & 0xff);
	text[len] = '\0';
}

static void describe(const TPML_TAGGED_TPM_PROPERTY *list, char *ret, size_t size)
{
	char maker[8] = "", vendor[4 * VENDOR_WORDS + 1] = "", raw[64];
	uint32_t firmware = 0;

	for (uint32_t i = 0; i < list->count; i++) {
		const TPMS_TAGGED_PROPERTY *p = &list->tpmProperty[i];

		if (p->property == TPM2_PT_MANUFACTURER)
			append_characters(maker, sizeof(maker), p->value);
		else if (p->property >= TPM2_PT_VENDOR_STRING_1
			 && p->property < TPM2_PT_VENDOR_STRING_1 + VENDOR_WORDS)
			append_characters(vendor, sizeof(vendor), p->value);
		else if (p->property == TPM2_PT_FIRMWARE_VERSION_1)
			firmware = p->value;
	}
	(void)snprintf(raw, sizeof(raw), "%s '%s', firmware 0x%08x", maker, vendor, firmware);
	kw_text_clean(kw_bytes_text(raw), ret, size);
}

static int ask_maker(struct kw_tpm *tpm, char *ret, size_t size, struct kw_error *err)
{
	TPMS_CAPABILITY_DATA *data = NULL;
	unsigned tries = 0;
	TSS2_RC rc;

	do
		rc = Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
					TPM2_CAP_TPM_PROPERTIES, TPM2_PT_FIXED, N_PROPERTIES, NULL,
					&data);
	while (kw_tpm_again(tpm, rc, &tries));
	if (rc != TSS2_RC_SUCCESS)
		return kw_tpm_fail(err, rc, "asking for the TPM's maker");
	describe(&data->data.tpmProperties, ret, size);
	Esys_Free(data);
	return 0;
}

static int look_for_ak(struct kw_tpm *tpm, bool *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob public = { 0 };
	struct kw_error absent = { 0 };
	ESYS_TR ak;

	*ret = kw_tpm_ak_open(tpm, &ak, &public, &absent) == 0;
	if (*ret || kw_error_is(&absent, KW_E_TPM_NO_AK))
		return 0;
	*err = absent;
	return -1;
}

int kw_tpm_survey(const struct kw_config *config, int64_t patience_ms, struct kw_tpm_survey *ret,
		  struct kw_error *err)
{
	KW_CLEANUP(kw_tpm_close) struct kw_tpm tpm = { 0 };
	KW_CLEANUP(kw_tpm_survey_clear) struct kw_tpm_survey survey = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob user_data = { 0 };
	bool present = false;

	if (kw_tpm_open(config->evidence.tcti, patience_ms, &kw_clock_system, &tpm, err) < 0
	    || kw_tpm_owner_auth(&tpm, config->evidence.owner_auth_file, err) < 0
	    || ask_maker(&tpm, survey.maker, sizeof(survey.maker), err) < 0
	    || kw_tpm_nv_read(&tpm, KW_NV_HCL_REPORT, KW_HCL_SIZE_MAX, &present, &survey.report,
			      err)
		       < 0
	    || kw_tpm_nv_read(&tpm, KW_NV_AK_CERTIFICATE, CERTIFICATE_MAX, &present,
			      &survey.ak_certificate, err)
		       < 0
	    || kw_tpm_nv_read(&tpm, KW_NV_USER_DATA, KW_HCL_USER_DATA_SIZE, &survey.has_user_data,
			      &user_data, err)
		       < 0
	    || look_for_ak(&tpm, &survey.has_ak, err) < 0)
		return -1;
	*ret = survey;
	ret->report = kw_blob_steal(&survey.report);
	ret->ak_certificate = kw_blob_steal(&survey.ak_certificate);
	return 0;
}
