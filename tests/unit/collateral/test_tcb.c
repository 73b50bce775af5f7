/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/amd.h"

#include "rows.h"

static const struct cpu_row {
	const char *name;
	uint8_t family, model;
	enum kw_product expect;
} cpu_rows[] = {
	{ "given 19h/00h, it is Milan", 0x19, 0x00, KW_MILAN },
	{ "given 19h/0Fh, it is Milan", 0x19, 0x0f, KW_MILAN },
	{ "given 19h/10h, it is Genoa", 0x19, 0x10, KW_GENOA },
	{ "given 19h/1Fh, it is Genoa", 0x19, 0x1f, KW_GENOA },
	{ "given 19h/20h, it is unknown", 0x19, 0x20, KW_PRODUCT_UNKNOWN },
	{ "given 19h/9Fh, it is unknown", 0x19, 0x9f, KW_PRODUCT_UNKNOWN },
	{ "given 19h/A0h, it is Genoa", 0x19, 0xa0, KW_GENOA },
	{ "given 19h/AFh, it is Genoa", 0x19, 0xaf, KW_GENOA },
	{ "given 19h/B0h, it is unknown", 0x19, 0xb0, KW_PRODUCT_UNKNOWN },
	{ "given 1Ah/00h, it is Turin", 0x1a, 0x00, KW_TURIN },
	{ "given 1Ah/11h, it is Turin", 0x1a, 0x11, KW_TURIN },
	{ "given 1Ah/12h, it is unknown", 0x1a, 0x12, KW_PRODUCT_UNKNOWN },
	{ "given 17h/01h, it is unknown", 0x17, 0x01, KW_PRODUCT_UNKNOWN },
	{ "given zeros, it is unknown", 0x00, 0x00, KW_PRODUCT_UNKNOWN },
};

static void tells_the_product(void **state)
{
	const struct cpu_row *row = *state;

	assert_int_equal(kw_product_from_cpuid(row->family, row->model), row->expect);
}

static const struct name_row {
	const char *name, *text;
	enum kw_product expect;
} name_rows[] = {
	{ "given Milan, it is known", "Milan", KW_MILAN },
	{ "given Genoa, it is known", "Genoa", KW_GENOA },
	{ "given Turin, it is known", "Turin", KW_TURIN },
	{ "given lower case, it is unknown", "milan", KW_PRODUCT_UNKNOWN },
	{ "given a stepping, it is unknown", "Milan-B0", KW_PRODUCT_UNKNOWN },
	{ "given a part of a name, it is unknown", "Mil", KW_PRODUCT_UNKNOWN },
	{ "given the word unknown, it is unknown", "unknown", KW_PRODUCT_UNKNOWN },
	{ "given nothing, it is unknown", "", KW_PRODUCT_UNKNOWN },
};

static void reads_names(void **state)
{
	const struct name_row *row = *state;

	assert_int_equal(kw_product_parse(row->text, strlen(row->text)), row->expect);
	if (row->expect != KW_PRODUCT_UNKNOWN)
		assert_string_equal(kw_product_name(row->expect), row->text);
}

static const uint8_t raw[KW_TCB_SIZE] = { 1, 2, 3, 4, 0, 0, 7, 8 };

static void lays_out_milan_and_genoa(void **state)
{
	struct kw_tcb tcb = kw_tcb_from_bytes(raw, KW_GENOA);

	(void)state;
	assert_int_equal(tcb.bootloader, 1);
	assert_int_equal(tcb.tee, 2);
	assert_int_equal(tcb.snp, 7);
	assert_int_equal(tcb.microcode, 8);
	assert_int_equal(tcb.fmc, 0);
}

static void lays_out_turin(void **state)
{
	struct kw_tcb tcb = kw_tcb_from_bytes(raw, KW_TURIN);

	(void)state;
	assert_int_equal(tcb.fmc, 1);
	assert_int_equal(tcb.bootloader, 2);
	assert_int_equal(tcb.tee, 3);
	assert_int_equal(tcb.snp, 4);
	assert_int_equal(tcb.microcode, 8);
}

/* The example of key release 1.1. */
static void reads_the_integer_as_little_endian(void **state)
{
	static const uint8_t reported[KW_TCB_SIZE] = { 0x03, 0, 0, 0, 0, 0, 0x08, 0x73 };
	struct kw_tcb tcb = kw_tcb_from_value(8288875114175397891u, KW_MILAN);
	uint8_t back[KW_TCB_SIZE];
	char text[KW_TCB_TEXT_SIZE];

	(void)state;
	assert_true(kw_tcb_value(reported) == 0x7308000000000003);
	assert_true(kw_tcb_equal(tcb, kw_tcb_from_bytes(reported, KW_MILAN), KW_MILAN));
	kw_tcb_to_bytes(tcb, KW_MILAN, back);
	assert_memory_equal(back, reported, sizeof(back));
	kw_tcb_text(tcb, KW_MILAN, text);
	assert_string_equal(text, "7308000000000003 (bootloader 3, tee 0, snp 8, microcode 115)");
}

static void compares_component_by_component(void **state)
{
	const struct kw_tcb tcb = { 1, 2, 3, 4, 5 };
	struct kw_tcb others[] = {
		{ 9, 2, 3, 4, 5 },
		{ 1, 9, 3, 4, 5 },
		{ 1, 2, 9, 4, 5 },
		{ 1, 2, 3, 9, 5 },
	};
	const struct kw_tcb other_fmc = { 1, 2, 3, 4, 9 };

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_false(kw_tcb_equal(tcb, others[i], KW_MILAN));
		assert_false(kw_tcb_equal(tcb, others[i], KW_TURIN));
	}
	assert_true(kw_tcb_equal(tcb, other_fmc, KW_MILAN));
	assert_false(kw_tcb_equal(tcb, other_fmc, KW_TURIN));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lays_out_milan_and_genoa),
		cmocka_unit_test(lays_out_turin),
		cmocka_unit_test(reads_the_integer_as_little_endian),
		cmocka_unit_test(compares_component_by_component),
	};

	return KW_ROWS_RUN(cpu_rows, tells_the_product) + KW_ROWS_RUN(name_rows, reads_names)
	       + cmocka_run_group_tests(tests, NULL, NULL);
}
