/* SPDX-License-Identifier: Apache-2.0 */
#include "http/roots.h"

#include "util/cleanup.h"
#include "util/file.h"

#include <string.h>

enum { ROOTS_SIZE_MAX = 4 << 20 };

static bool has_certificate(const struct kw_blob *pem)
{
	static const char begin[] = "-----BEGIN CERTIFICATE-----";
	return pem->len > 0 && memmem(pem->data, pem->len, begin, sizeof(begin) - 1) != NULL;
}

int kw_roots_read(const char *system, const char *added, struct kw_roots *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob roots = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob more = { 0 };
	struct kw_error missing = { 0 };

	if (*added == '\0') {
		*ret = (struct kw_roots){ .file = access(system, R_OK) == 0 ? system : NULL };
		return 0;
	}
	if (kw_file_read(added, ROOTS_SIZE_MAX, KW_E_CFG_VALUE, &more, err) < 0)
		return kw_wrap(err, "tls.caFile");
	if (!has_certificate(&more))
		return kw_fail(err, KW_E_CFG_VALUE, "tls.caFile: '%s' has no PEM certificate",
			       added);
	if (kw_file_read(system, ROOTS_SIZE_MAX, KW_E_SYS_FILE, &roots, &missing) < 0)
		roots = kw_blob_new(0);
	kw_blob_append(&roots, kw_bytes_text("\n"));
	kw_blob_append(&roots, kw_blob_bytes(&more));
	*ret = (struct kw_roots){ .pem = roots };
	roots = (struct kw_blob){ 0 };
	return 0;
}

void kw_roots_clear(struct kw_roots *roots)
{
	kw_blob_clear(&roots->pem);
}
