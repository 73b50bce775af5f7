/* SPDX-License-Identifier: Apache-2.0 */
#include "rows.h"

#include "server/accept.h"

static const struct row {
	const char *name, *header;
	enum kw_material_kind kind;
	const char *type; /* NULL: nothing fits */
} rows[] = {
	{ "given no header, JWK", NULL, KW_MATERIAL_RSA, "application/jwk+json" },
	{ "given an empty header, JWK", " , ", KW_MATERIAL_OCT, "application/jwk+json" },
	{ "given anything, JWK", "*/*", KW_MATERIAL_EC, "application/jwk+json" },
	{ "given application/*, JWK", "application/*", KW_MATERIAL_EC, "application/jwk+json" },
	{ "given PEM, PEM", "application/x-pem-file", KW_MATERIAL_RSA, "application/x-pem-file" },
	{ "given DER in capitals, DER", "APPLICATION/PKCS8", KW_MATERIAL_EC, "application/pkcs8" },
	{ "given raw for oct, raw", "application/octet-stream", KW_MATERIAL_OCT,
	  "application/octet-stream" },
	{ "given raw for RSA, nothing", "application/octet-stream", KW_MATERIAL_RSA, NULL },
	{ "given PEM for oct, nothing", "application/x-pem-file", KW_MATERIAL_OCT, NULL },
	{ "given another type, nothing", "text/html", KW_MATERIAL_RSA, NULL },
	{ "given two, the higher q wins",
	  "application/jwk+json;q=0.1, application/x-pem-file;q=0.9", KW_MATERIAL_RSA,
	  "application/x-pem-file" },
	{ "given equal q, JWK comes first", "application/x-pem-file, application/jwk+json",
	  KW_MATERIAL_RSA, "application/jwk+json" },
	{ "given q=0, the type is refused", "application/jwk+json;q=0", KW_MATERIAL_RSA, NULL },
	{ "given q=0 beside anything, the others stay", "*/*, application/jwk+json;q=0",
	  KW_MATERIAL_RSA, "application/x-pem-file" },
	{ "given a q over 1, it is no wish", "application/jwk+json;q=7", KW_MATERIAL_RSA, NULL },
	{ "given the closer range, its q counts", "application/*;q=0.2, application/pkcs8;q=0.8",
	  KW_MATERIAL_EC, "application/pkcs8" },
	{ "given commas alone behind a type, it still counts", "application/pkcs8,,,",
	  KW_MATERIAL_EC, "application/pkcs8" },
};

static void chooses_as_expected(void **state)
{
	const struct row *row = *state;
	const struct kw_media *media = kw_accept(row->header, row->kind);

	if (row->type == NULL) {
		assert_null(media);
		return;
	}
	assert_non_null(media);
	assert_string_equal(media->type, row->type);
}

KW_TEST_ROWS(rows, chooses_as_expected)
