/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/policy.h"
#include "jose/jws.h"
#include "util/file.h"

enum { FILE_MAX = 1 << 20 };

int kw_policy_file_read(const char *path, struct kw_policy **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob file = { 0 };
	KW_CLEANUP(kw_policy_document_clear) struct kw_policy_document document = { 0 };

	if (kw_file_read(path, FILE_MAX, KW_E_SYS_FILE, &file, err) < 0)
		return -1;
	if (kw_policy_document_read(kw_blob_bytes(&file), &document, err) < 0)
		return kw_wrap(err, "'%s'", path);
	if (!document.policy.data)
		return kw_fail(err, KW_E_REL_NO_POLICY, "'%s' has no release policy", path);
	if (kw_policy_parse(kw_blob_bytes(&document.policy), ret, err) < 0)
		return kw_wrap(err, "'%s'", path);
	return 0;
}

static struct kw_bytes trimmed(struct kw_bytes text)
{
	while (text.len > 0 && text.data[text.len - 1] <= ' ')
		text.len--;
	while (text.len > 0 && text.data[0] <= ' ') {
		text.data++;
		text.len--;
	}
	return text;
}

int kw_claims_file_read(const char *path, struct kw_json **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob file = { 0 };
	KW_CLEANUP(kw_jws_clear) struct kw_jws jws = { 0 };
	struct kw_bytes text;

	if (kw_file_read(path, FILE_MAX, KW_E_SYS_FILE, &file, err) < 0)
		return -1;
	text = trimmed(kw_blob_bytes(&file));
	if (text.len > 0 && text.data[0] == '{') {
		if (kw_json_parse(text, KW_JSON_STRICT, KW_E_TOK_FORM, ret, err) < 0)
			return kw_wrap(err, "'%s'", path);
		return 0;
	}
	if (kw_jws_parse(text, KW_E_TOK_FORM, &jws, err) < 0)
		return kw_wrap(err, "'%s'", path);
	*ret = KW_STEAL(jws.payload);
	return 0;
}
