/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar of key identifiers (key release 4.1). */
#include "config/key_id.h"
#include "rows.h"

#define HOST "https://vault.example.test"
#define X10 "abcdefghi0"
#define X60 X10 X10 X10 X10 X10 X10
#define X64 X60 "ABCD"
#define X127 X60 X60 "ABC-EFG"

static const struct row {
	const char *name, *url;
	const char *key, *version; /* NULL: not of the grammar */
} rows[] = {
	{ "given a name, there is no version", HOST "/keys/disk", "disk", "" },
	{ "given a version, it is taken", HOST "/keys/disk/0123456789abcdef", "disk",
	  "0123456789abcdef" },
	{ "given every kind of character, they are taken", HOST "/keys/aZ09-/aZ09", "aZ09-",
	  "aZ09" },
	{ "given one character each, they are taken", HOST "/keys/-/0", "-", "0" },
	{ "given a port, it belongs to the origin", HOST ":8443/keys/disk", "disk", "" },
	{ "given an address, it is taken", "https://[::1]:8443/keys/disk", "disk", "" },
	{ "given a name of 127 characters, it is taken", HOST "/keys/" X127, X127, "" },
	{ "given a name of 128 characters, it is refused", HOST "/keys/" X127 "a", NULL, NULL },
	{ "given a version of 64 characters, it is taken", HOST "/keys/disk/" X64, "disk", X64 },
	{ "given a version of 65 characters, it is refused", HOST "/keys/disk/" X64 "a", NULL,
	  NULL },

	{ "given no name, it is refused", HOST "/keys/", NULL, NULL },
	{ "given no name but a version, it is refused", HOST "/keys//v1", NULL, NULL },
	{ "given a slash behind the name, it is refused", HOST "/keys/disk/", NULL, NULL },
	{ "given a slash behind the version, it is refused", HOST "/keys/disk/v1/", NULL, NULL },
	{ "given a third part, it is refused", HOST "/keys/disk/v1/release", NULL, NULL },
	{ "given two slashes in front, it is refused", HOST "//keys/disk", NULL, NULL },
	{ "given a dot in the name, it is refused", HOST "/keys/di.sk", NULL, NULL },
	{ "given dots as name, it is refused", HOST "/keys/..", NULL, NULL },
	{ "given a dot in the version, it is refused", HOST "/keys/disk/v.1", NULL, NULL },
	{ "given a dash in the version, it is refused", HOST "/keys/disk/v-1", NULL, NULL },
	{ "given an escape, it is refused", HOST "/keys/di%73k", NULL, NULL },
	{ "given an escaped slash, it is refused", HOST "/keys/disk%2fv1", NULL, NULL },
	{ "given a query, it is refused", HOST "/keys/disk?a=b", NULL, NULL },
	{ "given an empty query, it is refused", HOST "/keys/disk/v1?", NULL, NULL },
	{ "given a fragment, it is refused", HOST "/keys/disk#a", NULL, NULL },
	{ "given an underscore, it is refused", HOST "/keys/di_sk", NULL, NULL },
	{ "given a blank, it is refused", HOST "/keys/di sk", NULL, NULL },
	{ "given a line end, it is refused", HOST "/keys/disk\n", NULL, NULL },
	{ "given a letter that is not ASCII, it is refused", HOST "/keys/d\xc3\xacsk", NULL, NULL },
	{ "given a backslash, it is refused", HOST "\\keys\\disk", NULL, NULL },
	{ "given another collection, it is refused", HOST "/secrets/disk", NULL, NULL },
	{ "given the collection in upper case, it is refused", HOST "/Keys/disk", NULL, NULL },
	{ "given the collection alone, it is refused", HOST "/keys", NULL, NULL },
	{ "given the host alone, it is refused", HOST, NULL, NULL },
	{ "given user information, it is refused", "https://me@vault.example.test/keys/disk", NULL,
	  NULL },
	{ "given a password, it is refused", "https://me:pw@vault.example.test/keys/disk", NULL,
	  NULL },
	{ "given http, it is refused", "http://vault.example.test/keys/disk", NULL, NULL },
	{ "given another scheme, it is refused", "file://vault.example.test/keys/disk", NULL,
	  NULL },
	{ "given no scheme, it is refused", "vault.example.test/keys/disk", NULL, NULL },
	{ "given no host, it is refused", "https:///keys/disk", NULL, NULL },
	{ "given a name alone, it is refused", "disk", NULL, NULL },
	{ "given nothing, it is refused", "", NULL, NULL },
};

static void parses(void **state)
{
	const struct row *row = *state;
	struct kw_key_id id = { .name = "before" };

	assert_int_equal(kw_key_id_parse(row->url, &id), row->key != NULL);
	if (!row->key) {
		assert_string_equal(id.name, "before"); /* untouched on failure */
		return;
	}
	assert_string_equal(id.name, row->key);
	assert_string_equal(id.version, row->version);
	assert_true(id.origin.tls);
	assert_int_equal(id.origin.port, strstr(row->url, ":8443") ? 8443 : 443);
}
KW_TEST_ROWS(rows, parses)
