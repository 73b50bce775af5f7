/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/hcl_report.h"

#include "util/text.h"

#include <string.h>
#include <strings.h>

enum { MAGIC_SIZE = 4, RESERVED_SIZE = 12, RUNTIME_HEADER_SIZE = 20, RUNTIME_HEADER_AT = 1216 };
enum { VERSION_OLD_HCL = 1, VERSION_OPENHCL = 2, RUNTIME_VERSION = 1 };
#define MAGIC "HCLA"
#define AK_KID "HCLAkPub"

static bool take_header(struct kw_cursor *c, struct kw_hcl_layout *l)
{
	struct kw_bytes magic;

	if (!kw_take(c, MAGIC_SIZE, &magic))
		return false;
	kw_text_clean(magic, l->magic, sizeof(l->magic));
	return kw_take_le32(c, &l->version) && kw_take_le32(c, &l->report_size)
	       && kw_take_le32(c, &l->request_type) && kw_take_le32(c, &l->status)
	       && kw_skip(c, RESERVED_SIZE);
}

static bool take_runtime_header(struct kw_cursor *c, struct kw_hcl_layout *l)
{
	return kw_take(c, KW_SNP_REPORT_SIZE, &l->hardware_report) && kw_take_le32(c, &l->data_size)
	       && kw_take_le32(c, &l->runtime_version) && kw_take_le32(c, &l->report_type)
	       && kw_take_le32(c, &l->hash_type) && kw_take_le32(c, &l->claims_size);
}

bool kw_hcl_layout_read(struct kw_bytes in, struct kw_hcl_layout *ret)
{
	struct kw_cursor c = { .in = in };
	struct kw_hcl_layout l = { 0 };

	if (!take_header(&c, &l))
		return false;
	l.has_runtime = take_runtime_header(&c, &l);
	if (l.has_runtime && kw_take(&c, l.claims_size, &l.claims)
	    && !kw_take(&c, kw_cursor_left(&c), &l.rest))
		return false;
	*ret = l;
	return true;
}

static const char *type_name(uint32_t type)
{
	switch ((enum kw_hcl_type)type) {
	case KW_HCL_INVALID:
		return "no hardware report";
	case KW_HCL_VBS:
		return "virtualization-based security (VBS)";
	case KW_HCL_SNP:
		return "SEV-SNP";
	case KW_HCL_TVM:
		return "Trusted Launch";
	case KW_HCL_TDX:
		return "Intel TDX";
	}
	return "unknown";
}

static int check_sizes(const struct kw_hcl_layout *l, size_t len, struct kw_error *err)
{
	if (l->claims_size > len - KW_HCL_CLAIMS_AT)
		return kw_fail(err, KW_E_HCL_HEADER,
			       "runtime claims of %u bytes, %zu are there behind the headers",
			       l->claims_size, len - KW_HCL_CLAIMS_AT);
	if (l->data_size < RUNTIME_HEADER_SIZE
	    || l->data_size - RUNTIME_HEADER_SIZE != l->claims_size)
		return kw_fail(err, KW_E_HCL_HEADER,
			       "runtime data of %u bytes, expected %d more than claims of %u",
			       l->data_size, RUNTIME_HEADER_SIZE, l->claims_size);
	if (l->report_size < KW_HCL_CLAIMS_AT
	    || l->report_size - KW_HCL_CLAIMS_AT != l->claims_size)
		return kw_fail(err, KW_E_HCL_HEADER,
			       "report size %u bytes, expected %d more than claims of %u",
			       l->report_size, KW_HCL_CLAIMS_AT, l->claims_size);
	return 0;
}

static bool hash_of(uint32_t hash_type, enum kw_hash *ret)
{
	static const enum kw_hash hashes[] = { [1] = KW_SHA256, [2] = KW_SHA384, [3] = KW_SHA512 };

	if (hash_type < 1 || hash_type >= sizeof(hashes) / sizeof(hashes[0]))
		return false;
	*ret = hashes[hash_type];
	return true;
}

/* guest attestation 2.3: what stands in the headers, before anything behind them is believed. */
static int check_layout(const struct kw_hcl_layout *l, size_t len, enum kw_hash *ret_hash,
			struct kw_error *err)
{
	if (strcmp(l->magic, MAGIC) != 0)
		return kw_fail(err, KW_E_HCL_MAGIC, "HCL report starts with '%s', expected '%s'",
			       l->magic, MAGIC);
	if (!l->has_runtime)
		return kw_fail(err, KW_E_HCL_TRUNCATED,
			       "HCL report is %zu bytes, its headers alone take %d", len,
			       KW_HCL_CLAIMS_AT);
	if (l->version != VERSION_OLD_HCL && l->version != VERSION_OPENHCL)
		return kw_fail(err, KW_E_HCL_HEADER, "HCL report version %u, expected %d or %d",
			       l->version, VERSION_OLD_HCL, VERSION_OPENHCL);
	if (l->runtime_version != RUNTIME_VERSION)
		return kw_fail(err, KW_E_HCL_HEADER, "runtime data version %u, expected %d",
			       l->runtime_version, RUNTIME_VERSION);
	if (check_sizes(l, len, err) < 0)
		return -1;
	if (l->report_type != KW_HCL_SNP)
		return kw_fail(err, KW_E_HCL_TYPE, "report type %u is %s, expected %d, SEV-SNP",
			       l->report_type, type_name(l->report_type), KW_HCL_SNP);
	if (!hash_of(l->hash_type, ret_hash))
		return kw_fail(err, KW_E_HCL_HASH_TYPE,
			       "hash type %u, expected 1 (SHA-256), 2 (SHA-384) or 3 (SHA-512)",
			       l->hash_type);
	return 0;
}

int kw_hcl_claims_parse(struct kw_bytes claims, struct kw_json **ret, struct kw_public_key **ret_ak,
			struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *json = NULL;
	const struct kw_json *keys, *found = NULL;

	if (kw_json_parse(claims, KW_JSON_STRICT, KW_E_HCL_CLAIMS, &json, err) < 0)
		return kw_wrap(err, "runtime claims");
	keys = kw_json_get(json, "keys");
	if (kw_json_type(keys) != KW_JSON_ARRAY)
		return kw_fail(err, KW_E_HCL_CLAIMS, "runtime claims have no list 'keys'");
	for (const struct kw_json *key = kw_json_first(keys); key; key = kw_json_next(key)) {
		const char *kid = kw_json_string(kw_json_get(key, "kid"));

		if (!kid || strcmp(kid, AK_KID) != 0)
			continue;
		if (found)
			return kw_fail(err, KW_E_HCL_CLAIMS, "runtime claims have two keys '%s'",
				       AK_KID);
		found = key;
	}
	if (!found)
		return kw_fail(err, KW_E_HCL_CLAIMS, "runtime claims have no key '%s'", AK_KID);
	if (kw_public_key_from_jwk(found, KW_E_HCL_CLAIMS, ret_ak, err) < 0)
		return kw_wrap(err, "runtime claims: key '%s'", AK_KID);
	*ret = KW_STEAL(json);
	return 0;
}

/* Members that a report may lack; those of the wrong kind are refused, unknown ones ignored. */
static int read_members(struct kw_hcl_report *r, struct kw_error *err)
{
	const struct kw_json *vm = kw_json_get(r->claims, "vm-configuration");
	const struct kw_json *user_data = kw_json_get(r->claims, "user-data");
	const char *vm_id = kw_json_string(kw_json_get(vm, "vmUniqueId"));
	bool secure_boot;

	r->secure_boot = -1;
	if (kw_json_bool(kw_json_get(vm, "secure-boot"), &secure_boot))
		r->secure_boot = secure_boot;
	kw_text_clean(kw_bytes_text(vm_id), r->vm_id, sizeof(r->vm_id));
	if (!user_data)
		return 0;
	if (!kw_json_string(user_data)
	    || !kw_hex_decode(kw_json_string(user_data), r->user_data, sizeof(r->user_data)))
		return kw_fail(err, KW_E_HCL_CLAIMS, "'user-data' is not %zu hex digits",
			       2 * sizeof(r->user_data));
	r->has_user_data = true;
	return 0;
}

int kw_hcl_report_parse(struct kw_bytes in, struct kw_hcl_report *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_hcl_report_clear) struct kw_hcl_report r = { 0 };

	if (!kw_hcl_layout_read(in, &r.layout))
		return kw_fail(err, KW_E_HCL_TRUNCATED,
			       "HCL report is %zu bytes, expected %d or more", in.len,
			       KW_HCL_CLAIMS_AT);
	if (check_layout(&r.layout, in.len, &r.hash, err) < 0
	    || kw_snp_report_parse(r.layout.hardware_report, &r.snp, err) < 0
	    || kw_hcl_claims_parse(r.layout.claims, &r.claims, &r.ak, err) < 0
	    || read_members(&r, err) < 0)
		return -1;
	kw_hcl_report_move(ret, &r);
	return 0;
}

void kw_hcl_report_move(struct kw_hcl_report *to, struct kw_hcl_report *from)
{
	*to = *from;
	*from = (struct kw_hcl_report){ 0 };
}

void kw_hcl_report_clear(struct kw_hcl_report *report)
{
	kw_json_freep(&report->claims);
	kw_public_key_freep(&report->ak);
	*report = (struct kw_hcl_report){ 0 };
}
