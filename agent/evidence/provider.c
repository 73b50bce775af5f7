/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/provider.h"

#include <stdio.h>

/* In the order in which `auto` asks them. */
static const struct kw_provider *const providers[] = { &kw_provider_azure_vtpm };

void kw_evidence_free(struct kw_evidence *e)
{
	if (!e)
		return;
	kw_hcl_report_clear(&e->report);
	kw_blob_clear(&e->hcl);
	kw_blob_clear(&e->ak_cert);
	kw_blob_clear(&e->ak_public);
	kw_blob_clear(&e->quote);
	kw_blob_clear(&e->quote_signature);
	kw_blob_clear(&e->wrapping_public);
	kw_blob_clear(&e->certify);
	kw_blob_clear(&e->certify_signature);
	kw_blob_clear(&e->event_log);
	kw_public_key_freep(&e->wrapping_key);
	kw_secret_clear(&e->unique);
	free(e);
}

/* A machine without a source says so; a TPM that is there but busy, locked or of another kind of
 * machine says that. */
static int refuse(const struct kw_checks *why, struct kw_error *err)
{
	struct kw_error first = { 0 };

	if (kw_checks_result(why, 0, &first) == 0)
		return kw_fail(err, KW_E_SNP_NO_SOURCE, "no provider is built in");
	if (kw_error_is(&first, KW_E_TPM_OPEN) || kw_error_is(&first, KW_E_TPM_NO_HCL))
		return kw_fail(err, KW_E_SNP_NO_SOURCE, "%s", first.detail);
	*err = first;
	return -1;
}

static int first_present(const struct kw_config *config, const struct kw_provider **ret,
			 struct kw_checks *ret_why, struct kw_error *err)
{
	for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
		if (!providers[i]->probe(config, ret_why))
			continue;
		*ret = providers[i];
		return 0;
	}
	return refuse(ret_why, err);
}

static int unsupported(const char *name, struct kw_error *err)
{
	return kw_fail(err, KW_E_SNP_UNSUPPORTED, "evidence provider '%s'", name);
}

int kw_provider_choose(const struct kw_config *config, const struct kw_provider **ret,
		       struct kw_checks *ret_why, struct kw_error *err)
{
	switch (config->evidence.provider) {
	case KW_EVIDENCE_AUTO:
		return first_present(config, ret, ret_why, err);
	case KW_EVIDENCE_AZURE_VTPM:
		*ret = &kw_provider_azure_vtpm;
		kw_checks_judge(ret_why, "azure-vtpm", KW_E_SNP_NO_SOURCE, true, NULL,
				"named in the configuration");
		return 0;
	case KW_EVIDENCE_TSM:
		return unsupported("tsm", err);
	case KW_EVIDENCE_SEV_GUEST:
		return unsupported("sev-guest", err);
	case KW_EVIDENCE_SEV:
		return unsupported("sev", err);
	}
	return unsupported("unknown", err);
}
