/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/pcr_file.h"
#include "rows.h"

#define SHA1_PCR "00112233445566778899aabbccddeeff00112233"
#define SHA256_PCR "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static const struct bad_row {
	const char *name, *text;
} bad_rows[] = {
	{ "given nothing, then it is refused", "" },
	{ "given no bank, then it is refused", "{}" },
	{ "given a list, then it is refused", "[]" },
	{ "given an unknown bank, then it is refused", "{\"md5\":{}}" },
	{ "given a bank that is no object, then it is refused", "{\"sha256\":[]}" },
	{ "given PCR 24, then it is refused", "{\"sha256\":{\"24\":\"" SHA256_PCR "\"}}" },
	{ "given PCR 07, then it is refused", "{\"sha256\":{\"07\":\"" SHA256_PCR "\"}}" },
	{ "given a value of another size, then it is refused",
	  "{\"sha256\":{\"7\":\"" SHA1_PCR "\"}}" },
	{ "given a number, then it is refused", "{\"sha256\":{\"7\":7}}" },
	{ "given a PCR twice, then it is refused",
	  "{\"sha1\":{\"7\":\"" SHA1_PCR "\",\"7\":\"" SHA1_PCR "\"}}" },
	{ "given five banks, then they are refused",
	  "{\"sha1\":{},\"sha256\":{},\"sha384\":{},\"sha512\":{},\"sm3\":{}}" },
};

static void refuses(void **state)
{
	const struct bad_row *row = *state;
	struct kw_pcr_values banks[KW_TPM_BANKS_MAX];
	struct kw_error err = { 0 };
	size_t n = 0;

	assert_int_equal(kw_pcr_file_parse(kw_bytes_text(row->text), banks, &n, &err), -1);
	assert_true(kw_error_is(&err, KW_E_SYS_DATA));
}

static void reads_what_it_writes(void **state)
{
	static const char text[] =
		"{\"sha1\":{\"0\":\"" SHA1_PCR "\"},\"sha256\":{\"7\":\"" SHA256_PCR
		"\",\"23\":\"" SHA256_PCR "\"}}";
	struct kw_pcr_values banks[KW_TPM_BANKS_MAX];
	struct kw_error err = { 0 };
	size_t n = 0;

	(void)state;
	assert_int_equal(kw_pcr_file_parse(kw_bytes_text(text), banks, &n, &err), 0);
	assert_int_equal(n, 2);
	assert_int_equal(banks[0].present, 1);
	assert_int_equal(banks[1].present, 1U << 23 | 1U << 7);
	assert_int_equal(banks[1].value[7][31], 0x1f);
	assert_string_equal(kw_pcr_bank_name(banks[1].hash), "sha256");
	KW_CLEANUP(kw_json_freep) struct kw_json *again = kw_pcr_file_json(banks, n);
	KW_CLEANUP(freep) char *printed = kw_json_print(again);
	assert_string_equal(printed, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(reads_what_it_writes) };

	return KW_ROWS_RUN(bad_rows, refuses)
	       + cmocka_run_group_tests_name("pcr file", tests, NULL, NULL);
}
