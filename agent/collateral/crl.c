/* SPDX-License-Identifier: Apache-2.0 */
/* Where a revocation list comes from. */
#include "collateral/crl.h"

#include "collateral/context.h"
#include "collateral/table.h"

enum { CRL_FILE_MAX = 1 << 20 };

static int from_file(const struct kw_source_env *env, struct kw_blob *ret, struct kw_error *err)
{
	const char *path = env->config->collateral.crl_file;
	KW_CLEANUP(kw_blob_clear) struct kw_blob content = { 0 };

	if (*path == '\0')
		return kw_fail(err, KW_E_COL_NONE, "collateral.crlFile is not set");
	if (kw_read_if_there(path, CRL_FILE_MAX, &content, err) < 0
	    || kw_crl_read(kw_blob_bytes(&content), ret, err) < 0)
		return kw_wrap(err, "collateral.crlFile");
	return 0;
}

static int from_device(const struct kw_collateral_wanted *wanted, struct kw_blob *ret,
		       struct kw_error *err)
{
	struct kw_certificate_table table = { 0 };

	if (!wanted || kw_bytes_are_zero(wanted->device_table))
		return kw_fail(err, KW_E_COL_NONE, "the device gave no certificate table");
	if (kw_certificate_table_parse(wanted->device_table, &table, err) < 0)
		return -1;
	if (table.crl.len == 0)
		return kw_fail(err, KW_E_COL_NONE, "the certificate table holds no CRL");
	*ret = kw_blob_copy(table.crl);
	return 0;
}

static int from_source(const struct kw_source_env *env, enum kw_collateral_source source,
		       const struct kw_collateral_wanted *wanted, struct kw_collateral *taken,
		       struct kw_error *err)
{
	switch (source) {
	case KW_SOURCE_FILE:
		return from_file(env, &taken->crl, err);
	case KW_SOURCE_DEVICE:
		return from_device(wanted, &taken->crl, err);
	case KW_SOURCE_KDS:
		return kw_source_kds_crl(env, taken, &taken->crl, err);
	case KW_SOURCE_SECURITY_CONTEXT:
	case KW_SOURCE_THIM:
	case KW_SOURCE_AZURE_CACHE:
		break;
	}
	return kw_fail(err, KW_E_COL_NONE, "this source has no CRL");
}

/* A list that is there and cannot be read is an error whatever the mode; that nobody could be asked
 * is one only where it is required, and then an outage. */
int kw_crl_attach(const struct kw_source_env *env, const struct kw_collateral_wanted *wanted,
		  struct kw_collateral *taken, struct kw_error *err)
{
	const struct kw_config *config = env->config;
	struct kw_error outage = { 0 };

	if (config->collateral.crl == KW_CRL_OFF)
		return 0;
	taken->crl_wanted = true;
	taken->crl_required = config->collateral.crl == KW_CRL_REQUIRED;
	for (size_t i = 0; i < config->collateral.n_sources && taken->crl.len == 0; i++) {
		struct kw_error failed = { 0 };

		if (from_source(env, config->collateral.sources[i], wanted, taken, &failed) == 0
		    || kw_error_is(&failed, KW_E_COL_NONE))
			continue;
		if (!kw_error_is_outage(&failed) || kw_error_is(&failed, KW_E_COL_ANSWER)) {
			*err = failed;
			return kw_wrap(err, "revocation list");
		}
		outage = failed;
	}
	if (taken->crl.len > 0 || outage.def == NULL || config->collateral.crl != KW_CRL_REQUIRED)
		return 0;
	*err = outage;
	return kw_wrap(err, "revocation list");
}
