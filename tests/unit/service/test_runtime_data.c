/* SPDX-License-Identifier: Apache-2.0 */
#include "service/runtime_data.h"

#include "rows.h"

static const struct row {
	const char *name, *data;
	size_t len; /* 0: that of the text */
	bool may;
} rows[] = {
	{ "given text, no", "test", 0, false },
	{ "given nothing, no", "", 0, false },
	{ "given an object without keys, no", "{\"nonce\":\"keys\"}", 0, false },
	{ "given keys further down, no", "{\"a\":{\"keys\":[]}}", 0, false },
	{ "given a list, no", "[\"keys\"]", 0, false },
	{ "given random bytes with a brace, no", "\x01{\xff\x80k\x00\\", 7, false },
	{ "given a key set, yes", "{\"keys\":[]}", 0, true },
	{ "given capitals, yes", "{\"KEYS\":[]}", 0, true },
	{ "given an escape, yes", "{\"k\\u0065ys\":[]}", 0, true },
	{ "given bytes behind the object, yes", "{\"keys\":[]} x", 0, true },
	{ "given a repeated member, yes", "{\"keys\":1,\"keys\":[]}", 0, true },
	{ "given a comment before it, yes", "/* */{\"keys\":[]}", 0, true },
	{ "given a byte order mark, yes", "\xef\xbb\xbf{\"keys\":[]}", 0, true },
	{ "given single quotes, yes", "{'keys':[]}", 0, true },
	{ "given no quotes, yes", "{keys:[]}", 0, true },
	{ "given an escape in lenient JSON, yes", "{'\\u006beys':[]}", 0, true },
	{ "given UTF-16 little endian, yes", "{\0\"\0k\0e\0y\0s\0\"\0:\0[\0]\0}\0", 22, true },
	{ "given UTF-16 big endian, yes", "\0{\0\"\0k\0e\0y\0s\0\"\0:\0[\0]\0}", 22, true },
	{ "given UTF-32, yes", "{\0\0\0k\0\0\0e\0\0\0y\0\0\0s\0\0\0:\0\0\0", 24, true },
};

static void finds_keys(void **state)
{
	const struct row *row = *state;
	size_t len = row->len > 0 ? row->len : strlen(row->data);

	assert_int_equal(kw_runtime_data_may_carry_keys(
				 (struct kw_bytes){ (const uint8_t *)row->data, len }),
			 row->may);
}
KW_TEST_ROWS(rows, finds_keys)
