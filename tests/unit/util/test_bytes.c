/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"
#include "util/bytes.h"

static const uint8_t octets[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08 };

static void integers_name_their_order(void **state)
{
	struct kw_cursor le = { .in = KW_BYTES(octets) }, be = le;
	uint64_t u64 = 0;
	uint32_t u32 = 0;
	uint16_t u16 = 0;
	uint8_t u8 = 0;

	(void)state;
	assert_true(kw_take_u8(&le, &u8) && kw_take_le16(&le, &u16) && kw_take_le32(&le, &u32));
	assert_int_equal(u8, 0x01);
	assert_int_equal(u16, 0x0302);
	assert_int_equal(u32, 0x07060504);
	le.at = 0;
	assert_true(kw_take_le64(&le, &u64));
	assert_true(u64 == 0x0807060504030201);

	assert_true(kw_take_be16(&be, &u16) && kw_take_be32(&be, &u32));
	assert_int_equal(u16, 0x0102);
	assert_int_equal(u32, 0x03040506);
	be.at = 0;
	assert_true(kw_take_be64(&be, &u64));
	assert_true(u64 == 0x0102030405060708);
}

static void what_does_not_fit_moves_nothing(void **state)
{
	struct kw_cursor c = { .in = KW_BYTES(octets), .at = 1 };
	struct kw_bytes taken = { 0 };
	uint8_t into[8] = { 0 };
	uint64_t u64 = 7;
	uint32_t u32 = 7;
	uint16_t u16 = 7;
	uint8_t u8 = 7;

	(void)state;
	assert_false(kw_take(&c, 8, &taken));
	assert_false(kw_take(&c, SIZE_MAX, &taken));
	assert_false(kw_take_into(&c, into, 8));
	assert_false(kw_skip(&c, 8));
	assert_false(kw_skip_to(&c, 9));
	assert_false(kw_skip_to(&c, 0)); /* backwards */
	assert_false(kw_take_le64(&c, &u64) || kw_take_be64(&c, &u64));
	assert_int_equal(c.at, 1);
	assert_null(taken.data);
	assert_true(u64 == 7);
	c.at = 5;
	assert_false(kw_take_le32(&c, &u32) || kw_take_be32(&c, &u32));
	c.at = 7;
	assert_false(kw_take_le16(&c, &u16) || kw_take_be16(&c, &u16));
	c.at = 8;
	assert_false(kw_take_u8(&c, &u8));
	assert_true(u32 == 7 && u16 == 7 && u8 == 7);
}

static void a_cursor_takes_to_the_end(void **state)
{
	struct kw_cursor c = { .in = KW_BYTES(octets) };
	struct kw_bytes taken = { 0 };
	uint8_t into[2] = { 0 };

	(void)state;
	assert_true(kw_skip(&c, 1) && kw_take(&c, 2, &taken) && kw_skip_to(&c, 6));
	assert_ptr_equal(taken.data, octets + 1);
	assert_int_equal(taken.len, 2);
	assert_int_equal(kw_cursor_left(&c), 2);
	assert_true(kw_take_into(&c, into, 2));
	assert_memory_equal(into, octets + 6, 2);
	assert_true(kw_skip(&c, 0) && kw_skip_to(&c, 8) && kw_take(&c, 0, &taken));
	assert_int_equal(taken.len, 0);
	assert_int_equal(kw_cursor_left(&c), 0);
}

static void no_bytes_at_all_are_fine(void **state)
{
	struct kw_cursor c = { 0 };
	struct kw_bytes taken = { 0 };

	(void)state;
	assert_true(kw_take(&c, 0, &taken));
	assert_false(kw_take(&c, 1, &taken));
	assert_int_equal(kw_bytes_text(NULL).len, 0);
	assert_true(kw_bytes_equal(kw_bytes_text(NULL), kw_bytes_text("")));
	assert_true(kw_bytes_are_zero(kw_bytes_text(NULL)));
}

static void bytes_compare(void **state)
{
	static const uint8_t zeros[4], last[4] = { 0, 0, 0, 1 };

	(void)state;
	assert_true(kw_bytes_equal(kw_bytes_text("abc"), kw_bytes_text("abc")));
	assert_false(kw_bytes_equal(kw_bytes_text("abc"), kw_bytes_text("abd")));
	assert_false(kw_bytes_equal(kw_bytes_text("abc"), kw_bytes_text("ab")));
	assert_true(kw_bytes_are_zero(KW_BYTES(zeros)));
	assert_false(kw_bytes_are_zero(KW_BYTES(last)));
}

static void blobs_own_their_bytes(void **state)
{
	struct kw_blob blob = kw_blob_copy(kw_bytes_text("key"));

	(void)state;
	assert_string_equal((char *)blob.data, "key"); /* a NUL stands behind */
	kw_blob_append(&blob, kw_bytes_text("ward"));
	assert_int_equal(blob.len, 7);
	assert_string_equal((char *)blob.data, "keyward");
	kw_blob_append(&blob, (struct kw_bytes){ 0 });
	assert_true(kw_bytes_equal(kw_blob_bytes(&blob), kw_bytes_text("keyward")));
	kw_blob_clear(&blob);
	assert_null(blob.data);
	assert_int_equal(blob.len, 0);
	kw_blob_clear(&blob);
	kw_blob_clear(NULL);

	kw_blob_append(&blob, kw_bytes_text("x")); /* an empty one grows as well */
	assert_string_equal((char *)blob.data, "x");
	kw_blob_clear(&blob);
	blob = kw_blob_new(3);
	assert_memory_equal(blob.data, "\0\0\0", 4);
	struct kw_blob stolen = kw_blob_steal(&blob);
	assert_true(blob.data == NULL && blob.len == 0 && stolen.len == 3);
	kw_blob_clear(&stolen);
}

static void hex_goes_both_ways(void **state)
{
	uint8_t raw[4] = { 0 };
	char text[9];

	(void)state;
	kw_hex_encode((struct kw_bytes){ (const uint8_t *)"\x00\x9f\xa0\xff", 4 }, text);
	assert_string_equal(text, "009fa0ff");
	assert_true(kw_hex_decode("009FA0fF", raw, 4));
	assert_memory_equal(raw, "\x00\x9f\xa0\xff", 4);
	assert_true(kw_hex_decode("", raw, 0));
}

static void hex_takes_digits_only_and_all(void **state)
{
	static const char *const refused[] = { "",	   "0",	       "009fa0f",  "009fa0ff0",
					       "009fa0fg", "009fa0f ", "0x9fa0ff", "-09fa0ff" };
	uint8_t raw[4] = { 1, 2, 3, 4 };

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		assert_false(kw_hex_decode(refused[i], raw, 4));
	assert_memory_equal(raw, "\1\2\3\4", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_name_their_order),
		cmocka_unit_test(what_does_not_fit_moves_nothing),
		cmocka_unit_test(a_cursor_takes_to_the_end),
		cmocka_unit_test(no_bytes_at_all_are_fine),
		cmocka_unit_test(bytes_compare),
		cmocka_unit_test(blobs_own_their_bytes),
		cmocka_unit_test(hex_goes_both_ways),
		cmocka_unit_test(hex_takes_digits_only_and_all),
	};
	return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
