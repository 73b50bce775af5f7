/* SPDX-License-Identifier: Apache-2.0 */
#include "judge.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool lab_refuse(struct lab_why *why, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why->text, sizeof(why->text), fmt, args);
	va_end(args);
	return false;
}

void lab_evidence_clear(struct lab_evidence *evidence)
{
	free(evidence->os_type);
	free(evidence->os_distro);
	free(evidence->os_build);
	kw_json_free(evidence->payload);
	kw_blob_clear(&evidence->log);
	kw_blob_clear(&evidence->ak_cert);
	kw_blob_clear(&evidence->ak_pub);
	kw_blob_clear(&evidence->quote);
	kw_blob_clear(&evidence->quote_signature);
	kw_blob_clear(&evidence->key_pub);
	kw_blob_clear(&evidence->certify);
	kw_blob_clear(&evidence->certify_signature);
	kw_blob_clear(&evidence->report);
	kw_blob_clear(&evidence->chain);
	kw_blob_clear(&evidence->runtime);
	*evidence = (struct lab_evidence){ 0 };
}

void lab_findings_clear(struct lab_findings *findings)
{
	kw_json_free(findings->runtime);
	EVP_PKEY_free(findings->key);
	*findings = (struct lab_findings){ 0 };
}

bool lab_judge(const struct lab_evidence *evidence, struct lab_findings *findings,
	       struct lab_why *why)
{
	return lab_judge_snp(evidence, findings, why) && lab_judge_hcl(evidence, findings, why)
	       && lab_judge_tpm(evidence, findings, why) && lab_judge_log(evidence, findings, why);
}
