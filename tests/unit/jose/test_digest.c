/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/digest.h"

#include "rows.h"

/* FIPS 180-4 examples: the message "abc". */
static const struct row {
	const char *name;
	enum kw_hash hash;
	const char *hash_name, *expect;
} rows[] = {
	{ "given sha1, abc digests as in the standard", KW_SHA1, "sha1",
	  "a9993e364706816aba3e25717850c26c9cd0d89d" },
	{ "given sha256, abc digests as in the standard", KW_SHA256, "sha256",
	  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
	{ "given sha384, abc digests as in the standard", KW_SHA384, "sha384",
	  "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
	  "8086072ba1e7cc2358baeca134c825a7" },
	{ "given sha512, abc digests as in the standard", KW_SHA512, "sha512",
	  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
	  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
};

static void digests(void **state)
{
	const struct row *row = *state;
	struct kw_bytes parts[] = { kw_bytes_text("a"), kw_bytes_text(NULL), kw_bytes_text("bc") };
	uint8_t whole[KW_DIGEST_MAX], in_parts[KW_DIGEST_MAX];
	char hex[2 * KW_DIGEST_MAX + 1];
	size_t size = kw_hash_size(row->hash);

	kw_digest(row->hash, kw_bytes_text("abc"), whole);
	kw_digest_parts(row->hash, parts, 3, in_parts);
	kw_hex_encode((struct kw_bytes){ whole, size }, hex);
	assert_string_equal(hex, row->expect);
	assert_memory_equal(in_parts, whole, size);
	assert_string_equal(kw_hash_name(row->hash), row->hash_name);
}
KW_TEST_ROWS(rows, digests)
