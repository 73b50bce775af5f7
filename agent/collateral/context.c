/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/context.h"

#include "util/base64.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/text.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define DIRECTORY_VARIABLE "UVM_SECURITY_CONTEXT_DIR"
#define DIRECTORY_MARK "security-context-"
#define KATA_DIRECTORY "/opt/confidential-containers/share/kata-containers"
enum { ITEM_MAX = 1 << 20 };

static const struct {
	const char *file, *variable;
} items[] = {
	[KW_CONTEXT_HOST_CERTIFICATES] = { "host-amd-cert-base64", "UVM_HOST_AMD_CERTIFICATE" },
	[KW_CONTEXT_REFERENCE_INFO] = { "reference-info-base64", "UVM_REFERENCE_INFO" },
	[KW_CONTEXT_SECURITY_POLICY] = { "security-policy-base64", "UVM_SECURITY_POLICY" },
};

int kw_read_if_there(const char *path, size_t max, struct kw_blob *ret, struct kw_error *err)
{
	struct stat st;

	if (stat(path, &st) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return kw_fail(err, KW_E_COL_NONE, "'%s' does not exist", path);
	return kw_file_read(path, max, KW_E_COL_ANSWER, ret, err);
}

static int is_context(const struct dirent *entry)
{
	return strstr(entry->d_name, DIRECTORY_MARK) != NULL;
}

char *kw_security_context_directory(void)
{
	const char *named = secure_getenv(DIRECTORY_VARIABLE);
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

/* 8.2: each item on its own. */
static int read_text(enum kw_context_item item, struct kw_blob *ret, struct kw_error *err)
{
	KW_CLEANUP(freep) char *directory = kw_security_context_directory();
	KW_CLEANUP(freep) char *path = kw_format("%s/%s", directory, items[item].file);
	const char *variable = secure_getenv(items[item].variable);

	if (kw_read_if_there(path, ITEM_MAX, ret, err) == 0)
		return 0;
	if (!kw_error_is(err, KW_E_COL_NONE) || !variable || variable[0] == '\0')
		return -1;
	if (strlen(variable) > ITEM_MAX)
		return kw_fail(err, KW_E_COL_ANSWER, "%s is %zu bytes, limit %d",
			       items[item].variable, strlen(variable), ITEM_MAX);
	*err = (struct kw_error){ 0 };
	*ret = kw_blob_copy(kw_bytes_text(variable));
	return 0;
}

int kw_context_read(enum kw_context_item item, struct kw_blob *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };

	if (read_text(item, &text, err) < 0)
		return -1;
	while (text.len > 0 && isspace(text.data[text.len - 1]))
		text.len--;
	if (!kw_base64_decode(KW_BASE64, kw_blob_bytes(&text), ret))
		return kw_fail(err, KW_E_COL_ANSWER, "%s: %zu bytes are not base64",
			       items[item].file, text.len);
	return 0;
}
