/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/table.h"

#include <string.h>

enum { GUID_SIZE = 16, ENTRY_SIZE = 24 };

/* The bytes of a GUID in the order of its printed text, and no other order. */
static const struct {
	uint8_t guid[GUID_SIZE];
	size_t member;
} known[] = {
	{ { 0x63, 0xda, 0x75, 0x8d, 0xe6, 0x64, 0x45, 0x64, 0xad, 0xc5, 0xf4, 0xb9, 0x3b, 0xe8,
	    0xac, 0xcd },
	  offsetof(struct kw_certificate_table, vcek) },
	{ { 0xa8, 0x07, 0x4b, 0xc2, 0xa2, 0x5a, 0x48, 0x3e, 0xaa, 0xe6, 0x39, 0xc0, 0x45, 0xa0,
	    0xb8, 0xa1 },
	  offsetof(struct kw_certificate_table, vlek) },
	{ { 0x4a, 0xb7, 0xb3, 0x79, 0xbb, 0xac, 0x4f, 0xe4, 0xa0, 0x2f, 0x05, 0xae, 0xf3, 0x27,
	    0xc7, 0x82 },
	  offsetof(struct kw_certificate_table, ask) },
	{ { 0xc0, 0xb4, 0x06, 0xa4, 0xa8, 0x03, 0x49, 0x52, 0x97, 0x43, 0x3f, 0xb6, 0x01, 0x4c,
	    0xd0, 0xae },
	  offsetof(struct kw_certificate_table, ark) },
	{ { 0x92, 0xf8, 0x1b, 0xc3, 0x58, 0x11, 0x4d, 0x3d, 0x97, 0xff, 0xd1, 0x9f, 0x88, 0xdc,
	    0x67, 0xea },
	  offsetof(struct kw_certificate_table, crl) },
};

/* How many entries stand before the all-zero one. */
static int count_entries(struct kw_bytes in, size_t *ret, struct kw_error *err)
{
	struct kw_cursor c = { .in = in };
	struct kw_bytes entry;
	size_t n = 0;

	while (kw_take(&c, ENTRY_SIZE, &entry)) {
		if (kw_bytes_are_zero(entry)) {
			*ret = n;
			return 0;
		}
		if (++n > KW_CERTIFICATE_TABLE_ENTRIES_MAX)
			return kw_fail(err, KW_E_COL_ANSWER,
				       "certificate table has more than %d entries",
				       KW_CERTIFICATE_TABLE_ENTRIES_MAX);
	}
	return kw_fail(err, KW_E_COL_ANSWER,
		       "certificate table of %zu bytes ends after %zu entries without its end mark",
		       in.len, n);
}

static void take_known(struct kw_certificate_table *table, struct kw_bytes guid,
		       struct kw_bytes blob)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct kw_bytes *member = (void *)((char *)table + known[i].member);

		if (kw_bytes_equal(guid, KW_BYTES(known[i].guid)) && member->len == 0)
			*member = blob;
	}
}

int kw_certificate_table_parse(struct kw_bytes in, struct kw_certificate_table *ret,
			       struct kw_error *err)
{
	struct kw_certificate_table table = { 0 };
	struct kw_cursor c = { .in = in };
	size_t n = 0;

	if (count_entries(in, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct kw_bytes guid, blob;
		uint32_t offset, length;
		struct kw_cursor at = { .in = in };

		if (!kw_take(&c, GUID_SIZE, &guid) || !kw_take_le32(&c, &offset)
		    || !kw_take_le32(&c, &length) || length == 0 || offset < (n + 1) * ENTRY_SIZE
		    || !kw_skip_to(&at, offset) || !kw_take(&at, length, &blob))
			return kw_fail(err, KW_E_COL_ANSWER,
				       "entry %zu of %zu of the certificate table does not lie in "
				       "its %zu bytes",
				       i + 1, n, in.len);
		take_known(&table, guid, blob);
	}
	*ret = table;
	return 0;
}
