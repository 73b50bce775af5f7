/* SPDX-License-Identifier: Apache-2.0 */
/* Collateral that is already here: a file, the security context, the device's certificate table. */
#include "collateral/source.h"

#include "collateral/table.h"
#include "util/base64.h"
#include "util/file.h"
#include "util/text.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define CONTEXT_DIRECTORY_VARIABLE "UVM_SECURITY_CONTEXT_DIR"
#define CONTEXT_VARIABLE "UVM_HOST_AMD_CERTIFICATE"
#define CONTEXT_FILE "host-amd-cert-base64"
#define CONTEXT_MARK "security-context-"
#define KATA_DIRECTORY "/opt/confidential-containers/share/kata-containers"
enum { CONTEXT_MAX = 1 << 20 };

/* Absent (COL_NONE) told from unreadable (COL_ANSWER). */
static int read_if_there(const char *path, size_t max, struct kw_blob *ret, struct kw_error *err)
{
	struct stat st;

	if (stat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return kw_fail(err, KW_E_COL_NONE, "'%s' does not exist", path);
	return kw_file_read(path, max, KW_E_COL_ANSWER, ret, err);
}

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
	if (!path || read_if_there(path, KW_COLLATERAL_ANSWER_MAX, &json, err) < 0)
		return -1;
	return kw_collateral_parse_thim(kw_blob_bytes(&json), kw_source_name(KW_SOURCE_FILE), ret,
					err);
}

static int is_context(const struct dirent *entry)
{
	return strstr(entry->d_name, CONTEXT_MARK) != NULL;
}

char *kw_security_context_directory(void)
{
	const char *named = secure_getenv(CONTEXT_DIRECTORY_VARIABLE);
	struct dirent **found = NULL;
	char *directory;
	int n;

	if (named && named[0] != '\0')
		return kw_strdup(named);
	n = scandir("/", &found, is_context, alphasort);
	directory = n > 0 ? kw_format("/%s", found[0]->d_name) : kw_strdup(KATA_DIRECTORY);
	while (n > 0)
		free(found[--n]);
	free(found);
	return directory;
}

/* The file, else the variable, else nothing (SNP evidence 8.2). */
static int read_context(struct kw_blob *ret, struct kw_error *err)
{
	KW_CLEANUP(freep) char *directory = kw_security_context_directory();
	KW_CLEANUP(freep) char *path = kw_format("%s/" CONTEXT_FILE, directory);
	const char *variable = secure_getenv(CONTEXT_VARIABLE);

	if (read_if_there(path, CONTEXT_MAX, ret, err) == 0)
		return 0;
	if (!kw_error_is(err, KW_E_COL_NONE) || !variable || variable[0] == '\0')
		return -1;
	if (strlen(variable) > CONTEXT_MAX)
		return kw_fail(err, KW_E_COL_ANSWER, CONTEXT_VARIABLE " is %zu bytes, limit %d",
			       strlen(variable), CONTEXT_MAX);
	*err = (struct kw_error){ 0 };
	*ret = kw_blob_copy(kw_bytes_text(variable));
	return 0;
}

int kw_source_security_context(const struct kw_source_env *env,
			       const struct kw_collateral_wanted *wanted,
			       struct kw_collateral **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob json = { 0 };

	(void)env;
	(void)wanted;
	if (read_context(&text, err) < 0)
		return -1;
	while (text.len > 0 && isspace(text.data[text.len - 1]))
		text.len--;
	if (!kw_base64_decode(KW_BASE64, kw_blob_bytes(&text), &json))
		return kw_fail(err, KW_E_COL_ANSWER,
			       "%zu bytes of the security context are not base64", text.len);
	return kw_collateral_parse_thim(kw_blob_bytes(&json),
					kw_source_name(KW_SOURCE_SECURITY_CONTEXT), ret, err);
}

int kw_source_device(const struct kw_source_env *env, const struct kw_collateral_wanted *wanted,
		     struct kw_collateral **ret, struct kw_error *err)
{
	struct kw_bytes in = wanted ? wanted->device_table : (struct kw_bytes){ 0 };
	struct kw_certificate_table table = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob chain = { 0 };

	(void)env;
	if (kw_bytes_are_zero(in))
		return kw_fail(err, KW_E_COL_NONE, "the device gave no certificate table");
	if (kw_certificate_table_parse(in, &table, err) < 0)
		return -1;
	if (table.vcek.len + table.vlek.len == 0)
		return kw_fail(err, KW_E_COL_NONE,
			       "the certificate table holds neither a VCEK nor a VLEK");
	kw_blob_append(&chain, table.ask);
	kw_blob_append(&chain, table.ark);
	/* The firmware signs with the VLEK wherever one is loaded (SNP evidence 2). */
	return kw_collateral_from_certificates(table.vlek.len > 0 ? table.vlek : table.vcek,
					       kw_blob_bytes(&chain),
					       kw_source_name(KW_SOURCE_DEVICE), ret, err);
}
