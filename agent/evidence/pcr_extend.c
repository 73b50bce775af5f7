/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/pcr_extend.h"

#include "evidence/tpm.h"
#include "evidence/tpm_quote.h"

#include <string.h>

static int extend(struct kw_tpm *tpm, unsigned pcr, const uint8_t digest[KW_SHA256_SIZE],
		  struct kw_error *err)
{
	TPML_DIGEST_VALUES values = { .count = 1, .digests = { { .hashAlg = TPM2_ALG_SHA256 } } };
	unsigned tries = 0;
	TSS2_RC rc;

	memcpy(values.digests[0].digest.sha256, digest, KW_SHA256_SIZE);
	do
		rc = Esys_PCR_Extend(tpm->esys, ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE,
				     ESYS_TR_NONE, &values);
	while (kw_tpm_again(tpm, rc, &tries));
	return rc == TSS2_RC_SUCCESS ? 0 : kw_tpm_fail(err, rc, "extending a PCR");
}

int kw_pcr_extend(const struct kw_config *config, unsigned pcr,
		  const uint8_t digest[KW_SHA256_SIZE], uint8_t ret_value[KW_SHA256_SIZE],
		  struct kw_error *err)
{
	KW_CLEANUP(kw_tpm_close) struct kw_tpm tpm = { 0 };
	struct kw_pcr_values values;

	if (kw_tpm_open(config->evidence.tcti, config->retry.deadline_ms, &kw_clock_system, &tpm,
			err)
		    < 0
	    || extend(&tpm, pcr, digest, err) < 0
	    || kw_tpm_pcr_read(&tpm, 1u << pcr, &values, err) < 0)
		return kw_wrap(err, "PCR %u", pcr);
	memcpy(ret_value, values.value[pcr], KW_SHA256_SIZE);
	return 0;
}
