/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include "evidence/hcl_report.h"
#include "evidence/snp_report.h"

enum { BUFFER_SIZE = KW_SNP_REPORT_SIZE + 16 };

static const struct row {
	const char *name;
	size_t len;
	uint8_t version;
	enum kw_error_name expect;
	const char *says;
} rows[] = {
	{ "given a full v2 report, it parses", 1184, 2, KW_OK, "" },
	{ "given a full v3 report, it parses", 1184, 3, KW_OK, "" },
	{ "given a full v5 report, it parses", 1184, 5, KW_OK, "" },
	{ "given one byte too few, it is refused", 1183, 3, KW_E_SNP_LENGTH,
	  "1183 bytes, expected 1184" },
	{ "given one byte too many, it is refused", 1185, 3, KW_E_SNP_LENGTH,
	  "1185 bytes, expected 1184" },
	{ "given nothing, it is refused", 0, 3, KW_E_SNP_LENGTH, "0 bytes" },
	{ "given version 1, it says which is due", 1184, 1, KW_E_SNP_VERSION,
	  "expected 2 or later" },
	{ "given version 0, it says which is due", 1184, 0, KW_E_SNP_VERSION, "version 0" },
};

static void parses_as_expected(void **state)
{
	const struct row *row = *state;
	uint8_t raw[BUFFER_SIZE] = { row->version };
	struct kw_snp_report report = { 0 };
	struct kw_error err = { 0 };
	int r = kw_snp_report_parse((struct kw_bytes){ raw, row->len }, &report, &err);

	assert_int_equal(r, row->expect == KW_OK ? 0 : -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_non_null(strstr(err.detail, row->says));
	assert_int_equal(report.version, r == 0 ? row->version : 0);
}

/* Where AMD 56860 puts what. */
#define FIELD(name_, at_, member)                                           \
	{                                                                   \
		name_, at_, sizeof(((struct kw_snp_report *)NULL)->member), \
			offsetof(struct kw_snp_report, member)              \
	}
static const struct place {
	const char *name;
	size_t at, size, member;
} places[] = {
	FIELD("guest SVN is at 0x004", 0x004, guest_svn),
	FIELD("policy is at 0x008", 0x008, policy),
	FIELD("family id is at 0x010", 0x010, family_id),
	FIELD("image id is at 0x020", 0x020, image_id),
	FIELD("VMPL is at 0x030", 0x030, vmpl),
	FIELD("signature algorithm is at 0x034", 0x034, signature_algo),
	FIELD("current TCB is at 0x038", 0x038, current_tcb),
	FIELD("platform info is at 0x040", 0x040, platform_info),
	FIELD("report data is at 0x050", 0x050, report_data),
	FIELD("measurement is at 0x090", 0x090, measurement),
	FIELD("host data is at 0x0c0", 0x0c0, host_data),
	FIELD("id key digest is at 0x0e0", 0x0e0, id_key_digest),
	FIELD("author key digest is at 0x110", 0x110, author_key_digest),
	FIELD("report id is at 0x140", 0x140, report_id),
	FIELD("migration agent's report id is at 0x160", 0x160, report_id_ma),
	FIELD("reported TCB is at 0x180", 0x180, reported_tcb),
	FIELD("CPUID family is at 0x188", 0x188, cpuid_family),
	FIELD("CPUID model is at 0x189", 0x189, cpuid_model),
	FIELD("CPUID stepping is at 0x18a", 0x18a, cpuid_stepping),
	FIELD("chip id is at 0x1a0", 0x1a0, chip_id),
	FIELD("committed TCB is at 0x1e0", 0x1e0, committed_tcb),
	FIELD("launch TCB is at 0x1f0", 0x1f0, launch_tcb),
};

static void is_where_the_layout_says(void **state)
{
	const struct place *place = *state;
	uint8_t raw[KW_SNP_REPORT_SIZE];
	struct kw_snp_report report = { 0 };
	struct kw_error err = { 0 };

	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t)(i * 7 + i / 256);
	memcpy(raw, (const uint8_t[]){ 3, 0, 0, 0 }, 4);
	assert_int_equal(kw_snp_report_parse(KW_BYTES(raw), &report, &err), 0);
	/* Integers of the report are little endian, as those of the machine. */
	assert_memory_equal((const uint8_t *)&report + place->member, raw + place->at, place->size);
}

static void bits_are_told_apart(void **state)
{
	static const struct {
		size_t at;
		uint8_t byte;
		bool smt, one, migration, debug, author, masked;
		unsigned key;
	} bits[] = {
		{ 0x00a, 0x01, true, false, false, false, false, false, KW_SNP_VCEK },
		{ 0x00a, 0x02, false, true, false, false, false, false, KW_SNP_VCEK },
		{ 0x00a, 0x04, false, false, true, false, false, false, KW_SNP_VCEK },
		{ 0x00a, 0x08, false, false, false, true, false, false, KW_SNP_VCEK },
		{ 0x048, 0x01, false, false, false, false, true, false, KW_SNP_VCEK },
		{ 0x048, 0x02, false, false, false, false, false, true, KW_SNP_VCEK },
		{ 0x048, 0x04, false, false, false, false, false, false, KW_SNP_VLEK },
		{ 0x048, 0x1c, false, false, false, false, false, false, KW_SNP_NO_KEY },
		{ 0x048, 0x08, false, false, false, false, false, false, 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		uint8_t raw[KW_SNP_REPORT_SIZE] = { 2 };
		struct kw_snp_report r = { 0 };
		struct kw_error err = { 0 };

		raw[bits[i].at] = bits[i].byte;
		assert_int_equal(kw_snp_report_parse(KW_BYTES(raw), &r, &err), 0);
		assert_int_equal(r.policy_smt, bits[i].smt);
		assert_int_equal(r.policy_reserved_one, bits[i].one);
		assert_int_equal(r.policy_migration_agent, bits[i].migration);
		assert_int_equal(r.policy_debug, bits[i].debug);
		assert_int_equal(r.author_key_enabled, bits[i].author);
		assert_int_equal(r.chip_masked, bits[i].masked);
		assert_int_equal(r.signing_key, bits[i].key);
	}
}

static void cpuid_of_version_2_is_not_believed(void **state)
{
	uint8_t raw[KW_SNP_REPORT_SIZE] = { 2 };
	struct kw_snp_report r = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	raw[0x188] = 0x19;
	assert_int_equal(kw_snp_report_parse(KW_BYTES(raw), &r, &err), 0);
	assert_int_equal(r.cpuid_family, 0);
}

static void the_signature_and_its_tail_are_cut_out(void **state)
{
	uint8_t raw[KW_SNP_REPORT_SIZE] = { 2 };
	struct kw_snp_report r = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	raw[0x2a0 + 143] = 1; /* last byte of S */
	assert_int_equal(kw_snp_report_parse(KW_BYTES(raw), &r, &err), 0);
	assert_ptr_equal(r.signed_part.data, raw);
	assert_int_equal(r.signed_part.len, 0x2a0);
	assert_ptr_equal(r.signature.data, raw + 0x2a0);
	assert_int_equal(r.signature.len, 512);
	assert_true(r.unsigned_tail_is_zero);
	raw[0x2a0 + 144] = 1;
	assert_int_equal(kw_snp_report_parse(KW_BYTES(raw), &r, &err), 0);
	assert_false(r.unsigned_tail_is_zero);
}

/* What a later version keeps there is not known here, and the processor has signed it. */
static void reserved_of_a_later_version_is_believed(void **state)
{
	struct kw_snp_report r = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	for (uint8_t version = 5; version <= 6; version++) {
		uint8_t raw[KW_SNP_REPORT_SIZE] = { version, [0x208] = 1 };

		assert_int_equal(kw_snp_report_parse(KW_BYTES(raw), &r, &err), 0);
		assert_int_equal(r.reserved_is_zero, version == 6);
	}
}

static void no_truncation_parses(void **state)
{
	uint8_t raw[KW_SNP_REPORT_SIZE] = { 3 };

	(void)state;
	for (size_t len = 0; len < sizeof(raw); len++) {
		struct kw_snp_report r = { 0 };
		struct kw_error err = { 0 };

		assert_int_equal(kw_snp_report_parse((struct kw_bytes){ raw, len }, &r, &err), -1);
	}
}

static const struct judged {
	const char *name;
	uint16_t at;
	uint8_t byte;
	enum kw_error_name expect;
	struct kw_snp_rules rules;
} judged[] = {
	{ "given VMPL 0, it passes", 0x030, 0, KW_OK, { 0 } },
	{ "given VMPL 1, it is refused", 0x030, 1, KW_E_SNP_VMPL, { 0 } },
	{ "given VMPL 1 where 1 is expected, it passes", 0x030, 1, KW_OK, { .vmpl = 1 } },
	{ "given VMPL 3 where any will do, it passes", 0x030, 3, KW_OK, { .vmpl = -1 } },
	{ "given VMPL 255, which is 2^32-1 in full, it is refused",
	  0x033,
	  255,
	  KW_E_SNP_VMPL,
	  { 0 } },
	{ "given a debug policy, it is refused", 0x00a, 0x0a, KW_E_SNP_DEBUG, { 0 } },
	{ "given a debug policy that is allowed, it passes",
	  0x00a,
	  0x0a,
	  KW_OK,
	  { .allow_debug = true } },
	{ "given a migration agent, it is refused", 0x00a, 0x06, KW_E_SNP_MIGRATION, { 0 } },
	{ "given a migration agent that is allowed, it passes",
	  0x00a,
	  0x06,
	  KW_OK,
	  { .allow_migration = true } },
	{ "given a policy without bit 17, it is refused",
	  0x00a,
	  0x01,
	  KW_E_SNP_POLICY_FORM,
	  { 0 } },
	{ "given bit 25 of the policy, it passes", 0x00b, 0x02, KW_OK, { 0 } },
	{ "given bit 26 of the policy, it is refused", 0x00b, 0x04, KW_E_SNP_POLICY_FORM, { 0 } },
	{ "given bit 63 of the policy, it is refused", 0x00f, 0x80, KW_E_SNP_POLICY_FORM, { 0 } },
	{ "given bit 5 beside the signing key, it is refused",
	  0x048,
	  0x20,
	  KW_E_SNP_POLICY_FORM,
	  { 0 } },
	{ "given a reserved byte at 0x04c, it is refused", 0x04c, 1, KW_E_SNP_POLICY_FORM, { 0 } },
	{ "given a reserved byte at 0x04f, it is refused", 0x04f, 1, KW_E_SNP_POLICY_FORM, { 0 } },
	{ "given a stepping at 0x18a, it passes", 0x18a, 1, KW_OK, { 0 } },
	{ "given a reserved byte at 0x18b, it is refused", 0x18b, 1, KW_E_SNP_POLICY_FORM, { 0 } },
	{ "given a reserved byte at 0x19f, it is refused", 0x19f, 1, KW_E_SNP_POLICY_FORM, { 0 } },
	{ "given a mitigation vector at 0x207, it passes", 0x207, 1, KW_OK, { 0 } },
	{ "given a reserved byte at 0x208, it is refused", 0x208, 1, KW_E_SNP_POLICY_FORM, { 0 } },
	{ "given a reserved byte at 0x29f, it is refused", 0x29f, 1, KW_E_SNP_POLICY_FORM, { 0 } },
	{ "given bytes behind the signature, they are noted", 0x49f, 1, KW_OK, { 0 } },
};

static void is_judged_as_expected(void **state)
{
	const struct judged *row = *state;
	uint8_t raw[KW_SNP_REPORT_SIZE] = { 2, [0x00a] = 0x03 };
	struct kw_snp_report report = { 0 };
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	raw[row->at] = row->byte;
	assert_int_equal(kw_snp_report_parse(KW_BYTES(raw), &report, &err), 0);
	kw_snp_report_judge(&report, &row->rules, &checks);
	assert_int_equal(checks.n_rows, row->at == 0x49f ? 6 : 5); /* every check is made */
	assert_int_equal(kw_checks_result(&checks, 0, &err), row->expect == KW_OK ? 0 : -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bits_are_told_apart),
		cmocka_unit_test(cpuid_of_version_2_is_not_believed),
		cmocka_unit_test(the_signature_and_its_tail_are_cut_out),
		cmocka_unit_test(reserved_of_a_later_version_is_believed),
		cmocka_unit_test(no_truncation_parses),
	};

	return KW_ROWS_RUN(rows, parses_as_expected) + KW_ROWS_RUN(places, is_where_the_layout_says)
	       + KW_ROWS_RUN(judged, is_judged_as_expected)
	       + cmocka_run_group_tests_name("snp report", tests, NULL, NULL);
}
