/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/table.h"

#include "rows.h"

enum { ENTRY_SIZE = 24, GUID_SIZE = 16, TABLE_MAX = 4096 };

#define VCEK "63da758de6644564adc5f4b93be8accd"
#define VLEK "a8074bc2a25a483eaae639c045a0b8a1"
#define ASK "4ab7b379bbac4fe4a02f05aef327c782"
#define ARK "c0b406a4a803495297433fb6014cd0ae"
#define UNKNOWN "ecae0c0f950243b1afa20ae2e0d565b6"
/* The same GUID with its first three fields turned round, as another reading would write it. */
#define VCEK_MIXED "8d75da6364e66445adc5f4b93be8accd"

struct entry {
	const char *guid;
	uint32_t offset, length;
};

static const struct row {
	const char *name;
	struct entry entries[4];
	size_t len;
	bool good;
	uint32_t vcek_at, vcek_len;
} rows[] = {
	{ "given one entry, it is found", { { VCEK, 48, 5 } }, 53, true, 48, 5 },
	{ "given a blob to the last byte, it is found", { { VCEK, 60, 40 } }, 100, true, 60, 40 },
	{ "given a blob one byte too long, it is refused", { { VCEK, 60, 41 } }, 100, false, 0, 0 },
	{ "given an offset into the header, it is refused", { { VCEK, 47, 5 } }, 100, false, 0, 0 },
	{ "given an offset that wraps, it is refused",
	  { { VCEK, UINT32_MAX, 5 } },
	  100,
	  false,
	  0,
	  0 },
	{ "given a sum that wraps 32 bits, it is refused",
	  { { VCEK, 48, UINT32_MAX - 40 } },
	  100,
	  false,
	  0,
	  0 },
	{ "given an empty blob, it is refused", { { VCEK, 48, 0 } }, 100, false, 0, 0 },
	{ "given an unknown GUID, it is skipped",
	  { { UNKNOWN, 72, 4 }, { VCEK, 76, 4 } },
	  80,
	  true,
	  76,
	  4 },
	{ "given an unknown GUID out of bounds, it is refused",
	  { { UNKNOWN, 72, 400 }, { VCEK, 76, 4 } },
	  80,
	  false,
	  0,
	  0 },
	{ "given a GUID twice, the first counts",
	  { { VCEK, 72, 3 }, { VCEK, 76, 4 } },
	  80,
	  true,
	  72,
	  3 },
	{ "given the other byte order, it is unknown", { { VCEK_MIXED, 48, 5 } }, 53, true, 0, 0 },
	{ "given no end mark, it is refused", { { VCEK, 24, 5 } }, 29, false, 0, 0 },
	{ "given an empty table, nothing is found", { { 0 } }, 24, true, 0, 0 },
	{ "given a cut end mark, it is refused", { { 0 } }, 23, false, 0, 0 },
	{ "given no bytes, they are refused", { { 0 } }, 0, false, 0, 0 },
};

static void put_le32(uint8_t *to, uint32_t number)
{
	for (int i = 0; i < 4; i++)
		to[i] = (uint8_t)(number >> 8 * i);
}

static void put_entry(uint8_t *to, const struct entry *entry)
{
	assert_true(kw_hex_decode(entry->guid, to, GUID_SIZE));
	put_le32(to + GUID_SIZE, entry->offset);
	put_le32(to + GUID_SIZE + 4, entry->length);
}

static void finds_or_refuses(void **state)
{
	const struct row *row = *state;
	uint8_t *raw =
		calloc(1, TABLE_MAX); /* cut to size, so that the sanitizer sees an overrun */
	struct kw_certificate_table table = { 0 };
	struct kw_error err = { 0 };
	int r;

	for (size_t i = 0; i < 4 && row->entries[i].guid; i++)
		put_entry(raw + i * ENTRY_SIZE, &row->entries[i]);
	raw = realloc(raw, row->len ? row->len : 1);
	r = kw_certificate_table_parse((struct kw_bytes){ raw, row->len }, &table, &err);
	assert_int_equal(r, row->good ? 0 : -1);
	assert_ptr_equal(err.def, row->good ? NULL : kw_error_def(KW_E_COL_ANSWER));
	assert_int_equal(table.vcek.len, row->vcek_len);
	if (row->vcek_len)
		assert_ptr_equal(table.vcek.data, raw + row->vcek_at);
	free(raw);
}

static void tells_the_four_kinds(void **state)
{
	static const struct entry entries[] = {
		{ ARK, 120, 1 }, { ASK, 121, 2 }, { VLEK, 123, 3 }, { VCEK, 126, 4 }
	};
	uint8_t raw[130] = { 0 };
	struct kw_certificate_table table = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	for (size_t i = 0; i < 4; i++)
		put_entry(raw + i * ENTRY_SIZE, &entries[i]);
	assert_int_equal(kw_certificate_table_parse(KW_BYTES(raw), &table, &err), 0);
	assert_int_equal(table.ark.len, 1);
	assert_int_equal(table.ask.len, 2);
	assert_int_equal(table.vlek.len, 3);
	assert_int_equal(table.vcek.len, 4);
}

static int parse_entries(size_t n)
{
	uint8_t raw[TABLE_MAX] = { 0 };
	struct kw_certificate_table table;
	struct kw_error err = { 0 };
	const struct entry entry = { UNKNOWN, TABLE_MAX - 1, 1 };

	for (size_t i = 0; i < n; i++)
		put_entry(raw + i * ENTRY_SIZE, &entry);
	return kw_certificate_table_parse(KW_BYTES(raw), &table, &err);
}

static void reads_no_more_than_the_limit(void **state)
{
	(void)state;
	assert_int_equal(parse_entries(KW_CERTIFICATE_TABLE_ENTRIES_MAX), 0);
	assert_int_equal(parse_entries(KW_CERTIFICATE_TABLE_ENTRIES_MAX + 1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_the_four_kinds),
		cmocka_unit_test(reads_no_more_than_the_limit),
	};

	return KW_ROWS_RUN(rows, finds_or_refuses) + cmocka_run_group_tests(tests, NULL, NULL);
}
