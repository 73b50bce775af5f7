/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look at the TPM that changes nothing and makes no key: who made it, which of the objects of an
 * Azure vTPM are there, and the report and certificate as they lie. Nothing is judged here. One
 * thread; a survey belongs to its caller.
 */
#pragma once

#include "config/config.h"
#include "util/bytes.h"

struct kw_tpm_survey {
	char maker[64];		       /* "IBM 'SW TPM', firmware 0x20191023" */
	struct kw_blob report;	       /* NV 0x01400001; none: no data */
	struct kw_blob ak_certificate; /* NV 0x01c101d0, with its padding */
	bool has_user_data;	       /* NV 0x01400002 is defined */
	bool has_ak;		       /* 0x81000003 */
};
void kw_tpm_survey_clear(struct kw_tpm_survey *survey);

/* TPM_OPEN, TPM_TCTI, TPM_SILENT, TPM_OWNER_AUTH, TPM_COMMAND, TPM_BUSY. */
int kw_tpm_survey(const struct kw_config *config, int64_t patience_ms, struct kw_tpm_survey *ret,
		  struct kw_error *err) KW_MUST_USE;
