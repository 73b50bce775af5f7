/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/provider.h"

#include <stdio.h>

/* In the order in which `auto` asks them. */
static const struct kw_provider *const providers[] = { &kw_provider_azure_vtpm, &kw_provider_tsm,
						       &kw_provider_sev_guest, &kw_provider_sev };

void kw_evidence_free(struct kw_evidence *e)
{
	if (!e)
		return;
	kw_blob_clear(&e->snp_report);
	kw_blob_clear(&e->device_table);
	kw_blob_clear(&e->runtime);
	kw_secret_clear(&e->wrapping_private);
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

/* Not there, or not for us: the next row is asked. Everything else is said aloud. */
static bool is_absent(const struct kw_check *row)
{
	return row->error == KW_E_TPM_OPEN || row->error == KW_E_TPM_NO_HCL
	       || row->error == KW_E_SNP_DEVICE;
}

void kw_provider_tried(const struct kw_checks *why, char *ret, size_t size)
{
	size_t at = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < why->n_rows && at < size; i++)
		at += (size_t)snprintf(ret + at, size - at, "%s%s: %s", i ? "; " : "",
				       why->rows[i].check, why->rows[i].found);
}

static int no_source(const struct kw_checks *why, struct kw_error *err)
{
	char tried[sizeof(err->detail)];

	kw_provider_tried(why, tried, sizeof(tried));
	return kw_fail(err, KW_E_SNP_NO_SOURCE, "%s", tried);
}

static int first_present(const struct kw_config *config, const struct kw_provider **ret,
			 struct kw_checks *ret_why, struct kw_error *err)
{
	for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
		const struct kw_check *row;

		if (providers[i]->probe(config, ret_why)) {
			*ret = providers[i];
			return 0;
		}
		row = &ret_why->rows[ret_why->n_rows - 1];
		if (!is_absent(row))
			return kw_fail(err, row->error, "%s: %s", row->check, row->found);
	}
	return no_source(ret_why, err);
}

static int named(const struct kw_provider *provider, const struct kw_provider **ret,
		 struct kw_checks *ret_why)
{
	kw_checks_judge(ret_why, provider->name, KW_E_SNP_NO_SOURCE, true, NULL,
			"named in the configuration");
	*ret = provider;
	return 0;
}

int kw_provider_choose(const struct kw_config *config, const struct kw_provider **ret,
		       struct kw_checks *ret_why, struct kw_error *err)
{
	switch (config->evidence.provider) {
	case KW_EVIDENCE_AUTO:
		return first_present(config, ret, ret_why, err);
	case KW_EVIDENCE_AZURE_VTPM:
		return named(&kw_provider_azure_vtpm, ret, ret_why);
	case KW_EVIDENCE_TSM:
		return named(&kw_provider_tsm, ret, ret_why);
	case KW_EVIDENCE_SEV_GUEST:
		return named(&kw_provider_sev_guest, ret, ret_why);
	case KW_EVIDENCE_SEV:
		return named(&kw_provider_sev, ret, ret_why);
	}
	return kw_fail(err, KW_E_SYS_INTERNAL, "evidence provider %d",
		       (int)config->evidence.provider);
}
