/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/snp_report.h"

enum { REPORT_DATA_AT = 0x50, REPORTED_TCB_AT = 0x180, CPUID_AT = 0x188, CHIP_ID_AT = 0x1a0 };
enum { KEY_INFO_AT = 0x48, MITIGATIONS_END = 0x208, CPUID_SIZE = 3 };
enum { LAUNCH_TCB_AT = 0x1f0, SCALAR_SIZE = 72 /* R and S each */ };
enum { VERSION_MIN = 2, VERSION_WITH_CPUID = 3, VERSION_KNOWN = 5 };
enum { POLICY_KNOWN_BITS = 26, KEY_KNOWN_BITS = 5 };
enum { POLICY_SMT = 16, POLICY_RESERVED_ONE = 17, POLICY_MIGRATION = 18, POLICY_DEBUG = 19 };
enum { KEY_AUTHOR_ENABLED = 1u << 0, KEY_CHIP_MASKED = 1u << 1 };

static bool bit(uint64_t word, unsigned n)
{
	return (word >> n & 1) != 0;
}

/* 0x000-0x04f */
static bool take_head(struct kw_cursor *c, struct kw_snp_report *r)
{
	uint32_t key_info;

	if (!kw_take_le32(c, &r->version) || !kw_take_le32(c, &r->guest_svn)
	    || !kw_take_le64(c, &r->policy) || !kw_take_into(c, r->family_id, sizeof(r->family_id))
	    || !kw_take_into(c, r->image_id, sizeof(r->image_id)) || !kw_take_le32(c, &r->vmpl)
	    || !kw_take_le32(c, &r->signature_algo)
	    || !kw_take_into(c, r->current_tcb, sizeof(r->current_tcb))
	    || !kw_take_le64(c, &r->platform_info) || !kw_take_le32(c, &key_info))
		return false;
	r->policy_smt = bit(r->policy, POLICY_SMT);
	r->policy_reserved_one = bit(r->policy, POLICY_RESERVED_ONE);
	r->policy_migration_agent = bit(r->policy, POLICY_MIGRATION);
	r->policy_debug = bit(r->policy, POLICY_DEBUG);
	r->author_key_enabled = (key_info & KEY_AUTHOR_ENABLED) != 0;
	r->chip_masked = (key_info & KEY_CHIP_MASKED) != 0;
	r->signing_key = key_info >> 2 & 7;
	return true;
}

static bool is_zero(struct kw_bytes in, size_t from, size_t to)
{
	return kw_bytes_are_zero((struct kw_bytes){ in.data + from, to - from });
}

/* In whole bytes, and in the bits that POLICY and the word at 0x048 leave. */
static bool reserved_is_zero(struct kw_bytes in, uint32_t version, uint64_t policy)
{
	struct kw_cursor c = { .in = in };
	uint32_t key_info;

	if (version > VERSION_KNOWN)
		return true;
	return policy >> POLICY_KNOWN_BITS == 0 && kw_skip_to(&c, KEY_INFO_AT)
	       && kw_take_le32(&c, &key_info) && key_info >> KEY_KNOWN_BITS == 0
	       && is_zero(in, KEY_INFO_AT + sizeof(key_info), REPORT_DATA_AT)
	       && is_zero(in, CPUID_AT + CPUID_SIZE, CHIP_ID_AT)
	       && is_zero(in, MITIGATIONS_END, KW_SNP_SIGNED_SIZE);
}

/* 0x050-0x17f */
static bool take_digests(struct kw_cursor *c, struct kw_snp_report *r)
{
	return kw_skip_to(c, REPORT_DATA_AT)
	       && kw_take_into(c, r->report_data, sizeof(r->report_data))
	       && kw_take_into(c, r->measurement, sizeof(r->measurement))
	       && kw_take_into(c, r->host_data, sizeof(r->host_data))
	       && kw_take_into(c, r->id_key_digest, sizeof(r->id_key_digest))
	       && kw_take_into(c, r->author_key_digest, sizeof(r->author_key_digest))
	       && kw_take_into(c, r->report_id, sizeof(r->report_id))
	       && kw_take_into(c, r->report_id_ma, sizeof(r->report_id_ma));
}

/* 0x180-0x1f7 */
static bool take_platform(struct kw_cursor *c, struct kw_snp_report *r)
{
	uint8_t cpuid[CPUID_SIZE]; /* family, model, stepping */

	if (!kw_skip_to(c, REPORTED_TCB_AT)
	    || !kw_take_into(c, r->reported_tcb, sizeof(r->reported_tcb))
	    || !kw_skip_to(c, CPUID_AT) || !kw_take_into(c, cpuid, sizeof(cpuid))
	    || !kw_skip_to(c, CHIP_ID_AT) || !kw_take_into(c, r->chip_id, sizeof(r->chip_id))
	    || !kw_take_into(c, r->committed_tcb, sizeof(r->committed_tcb))
	    || !kw_skip_to(c, LAUNCH_TCB_AT)
	    || !kw_take_into(c, r->launch_tcb, sizeof(r->launch_tcb)))
		return false;
	if (r->version >= VERSION_WITH_CPUID) {
		r->cpuid_family = cpuid[0];
		r->cpuid_model = cpuid[1];
		r->cpuid_stepping = cpuid[2];
	}
	return true;
}

static bool take_signature(struct kw_cursor *c, struct kw_snp_report *r)
{
	struct kw_cursor behind = { 0 };
	struct kw_bytes tail;

	if (!kw_skip_to(c, KW_SNP_SIGNED_SIZE)
	    || !kw_take(c, KW_SNP_REPORT_SIZE - KW_SNP_SIGNED_SIZE, &r->signature))
		return false;
	behind.in = r->signature;
	if (!kw_skip(&behind, 2 * SCALAR_SIZE) || !kw_take(&behind, kw_cursor_left(&behind), &tail))
		return false;
	r->unsigned_tail_is_zero = kw_bytes_are_zero(tail);
	return true;
}

int kw_snp_report_parse(struct kw_bytes in, struct kw_snp_report *ret, struct kw_error *err)
{
	struct kw_cursor c = { .in = in };
	struct kw_snp_report r = { 0 };

	if (in.len != KW_SNP_REPORT_SIZE || !take_head(&c, &r) || !take_digests(&c, &r)
	    || !take_platform(&c, &r) || !take_signature(&c, &r))
		return kw_fail(err, KW_E_SNP_LENGTH, "SNP report is %zu bytes, expected %d", in.len,
			       KW_SNP_REPORT_SIZE);
	if (r.version < VERSION_MIN)
		return kw_fail(err, KW_E_SNP_VERSION, "SNP report version %u, expected %d or later",
			       r.version, VERSION_MIN);
	r.reserved_is_zero = reserved_is_zero(in, r.version, r.policy);
	r.signed_part = (struct kw_bytes){ in.data, KW_SNP_SIGNED_SIZE };
	*ret = r;
	return 0;
}
