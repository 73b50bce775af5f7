/* SPDX-License-Identifier: Apache-2.0 */
/* Collateral that is already here: a file, the security context, the device's certificate table. */
#include "collateral/source.h"

#include "collateral/context.h"
#include "collateral/table.h"
#include "util/text.h"

#include <sys/stat.h>

/* A directory holds one file per chip: <chip id in hex>.json. Owned; NULL with the reason in `err`.
 */
static char *file_path(const char *configured, const struct kw_collateral_wanted *wanted,
		       struct kw_error *err)
{
	char hex[2 * KW_CHIP_ID_SIZE + 1];
	struct stat st;

	if (stat(configured, &st) < 0 || !S_ISDIR(st.st_mode))
		return kw_strdup(configured);
	if (!kw_wanted_has_chip(wanted)) {
		kw_fail(err, KW_E_COL_NONE,
			"directory '%s' is searched by chip id, which is not known", configured);
		return NULL;
	}
	kw_hex_encode(KW_BYTES(wanted->chip_id), hex);
	return kw_format("%s/%s.json", configured, hex);
}

int kw_source_file(const struct kw_source_env *env, const struct kw_collateral_wanted *wanted,
		   struct kw_collateral **ret, struct kw_error *err)
{
	const char *configured = env->config->collateral.file;
	KW_CLEANUP(freep) char *path = NULL;
	KW_CLEANUP(kw_blob_clear) struct kw_blob json = { 0 };

	if (configured[0] == '\0')
		return kw_fail(err, KW_E_COL_NONE, "collateral.file is not set");
	path = file_path(configured, wanted, err);
	if (!path || kw_read_if_there(path, KW_COLLATERAL_ANSWER_MAX, &json, err) < 0)
		return -1;
	return kw_collateral_parse_thim(kw_blob_bytes(&json), kw_source_name(KW_SOURCE_FILE), ret,
					err);
}

int kw_source_security_context(const struct kw_source_env *env,
			       const struct kw_collateral_wanted *wanted,
			       struct kw_collateral **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob json = { 0 };

	(void)env;
	(void)wanted;
	if (kw_context_read(KW_CONTEXT_HOST_CERTIFICATES, &json, err) < 0)
		return -1;
	return kw_collateral_parse_thim(kw_blob_bytes(&json),
					kw_source_name(KW_SOURCE_SECURITY_CONTEXT), ret, err);
}

int kw_source_device(const struct kw_source_env *env, const struct kw_collateral_wanted *wanted,
		     struct kw_collateral **ret, struct kw_error *err)
{
	struct kw_certificate_table table = { 0 };
	struct kw_bytes leaf;
	KW_CLEANUP(kw_blob_clear) struct kw_blob chain = { 0 };

	(void)env;
	if (!wanted || kw_bytes_are_zero(wanted->device_table))
		return kw_fail(err, KW_E_COL_NONE, "the device gave no certificate table");
	if (kw_certificate_table_parse(wanted->device_table, &table, err) < 0)
		return -1;
	leaf = wanted->vlek ? table.vlek : table.vcek;
	if (leaf.len == 0)
		return kw_fail(err, KW_E_COL_NONE, "the certificate table holds no %s",
			       wanted->vlek ? "VLEK" : "VCEK");
	kw_blob_append(&chain, table.ask);
	kw_blob_append(&chain, table.ark);
	return kw_collateral_from_certificates(leaf, kw_blob_bytes(&chain),
					       kw_source_name(KW_SOURCE_DEVICE), ret, err);
}
