/* SPDX-License-Identifier: Apache-2.0 */
#include "ec_data.h"
#include "given.h"
#include "jose/unwrap.h"
#include "rsa_data.h"

static const struct row {
	const char *name, *pkcs8, *wrapped;
	enum kw_hash hash;
	size_t cut;
	bool flip;
	int expect;
} rows[] = {
	{ "given SHA-1, it opens", rsa_pkcs8, rsa_oaep_sha1, KW_SHA1, 0, false, 0 },
	{ "given SHA-256, it opens", rsa_pkcs8, rsa_oaep_sha256, KW_SHA256, 0, false, 0 },
	{ "given SHA-384, it opens", rsa_pkcs8, rsa_oaep_sha384, KW_SHA384, 0, false, 0 },
	{ "given another hash, it does not", rsa_pkcs8, rsa_oaep_sha1, KW_SHA256, 0, false, -1 },
	{ "given MGF1 of another hash, it does not", rsa_pkcs8, rsa_oaep_other_mgf, KW_SHA256, 0,
	  false, -1 },
	{ "given a label, it does not", rsa_pkcs8, rsa_oaep_label, KW_SHA256, 0, false, -1 },
	{ "given a flipped bit, it does not", rsa_pkcs8, rsa_oaep_sha256, KW_SHA256, 0, true, -1 },
	{ "given 255 bytes, it does not", rsa_pkcs8, rsa_oaep_sha256, KW_SHA256, 1, false, -1 },
	{ "given no bytes, it does not", rsa_pkcs8, rsa_oaep_sha256, KW_SHA256, 256, false, -1 },
	{ "given an EC key, it does not", p256_pkcs8, rsa_oaep_sha256, KW_SHA256, 0, false, -1 },
	{ "given a public key, it does not", rsa_spki, rsa_oaep_sha256, KW_SHA256, 0, false, -1 },
};

static void opens(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob pkcs8 = given_base64(row->pkcs8);
	KW_CLEANUP(kw_blob_clear) struct kw_blob wrapped = given_base64(row->wrapped);
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	struct kw_error err = { 0 };

	wrapped.len -= row->cut;
	wrapped.data[100] ^= row->flip;
	assert_int_equal(kw_unwrap_oaep(kw_blob_bytes(&pkcs8), row->hash, kw_blob_bytes(&wrapped),
					&plain, &err),
			 row->expect);
	if (row->expect < 0) {
		assert_true(kw_error_is(&err, KW_E_UNW_FAILED));
		assert_string_equal(err.detail, "unwrap failed"); /* the same for every cause */
		assert_null(plain.data);
		return;
	}
	assert_int_equal(plain.len, 32);
	for (size_t i = 0; i < 32; i++)
		assert_int_equal(plain.data[i], i);
}

/* RFC 8017 7.1.1: k - 2 hLen - 2 bytes at most. */
static const struct length_row {
	const char *name;
	size_t len;
	enum kw_hash hash;
	int expect;
} length_rows[] = {
	{ "given nothing, it comes back", 0, KW_SHA256, 0 },
	{ "given 190 bytes with SHA-256, they come back", 190, KW_SHA256, 0 },
	{ "given 191 bytes with SHA-256, they do not fit", 191, KW_SHA256, -1 },
	{ "given 214 bytes with SHA-1, they come back", 214, KW_SHA1, 0 },
	{ "given 215 bytes with SHA-1, they do not fit", 215, KW_SHA1, -1 },
};

static void encrypts_for_us(void **state)
{
	const struct length_row *row = *state;
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = given_key(rsa_spki);
	KW_CLEANUP(kw_blob_clear) struct kw_blob pkcs8 = given_base64(rsa_pkcs8);
	KW_CLEANUP(kw_blob_clear) struct kw_blob plain = kw_blob_new(row->len);
	KW_CLEANUP(kw_blob_clear) struct kw_blob wrapped = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret back = { 0 };
	struct kw_error err = { 0 };

	memset(plain.data, 'k', plain.len);
	assert_int_equal(kw_encrypt_rsa_oaep(key, row->hash, kw_blob_bytes(&plain), &wrapped, &err),
			 row->expect);
	if (row->expect < 0) {
		assert_true(kw_error_is(&err, KW_E_SYS_CRYPTO));
		return;
	}
	assert_int_equal(wrapped.len, 256);
	assert_int_equal(kw_unwrap_oaep(kw_blob_bytes(&pkcs8), row->hash, kw_blob_bytes(&wrapped),
					&back, &err),
			 0);
	assert_true(kw_bytes_equal(kw_secret_bytes(&back), kw_blob_bytes(&plain)));
}

static void encrypts_for_rsa_alone(void **state)
{
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = given_key(p256_spki);
	KW_CLEANUP(kw_blob_clear) struct kw_blob wrapped = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_encrypt_rsa_oaep(key, KW_SHA256, kw_bytes_text("k"), &wrapped, &err),
			 -1);
	assert_true(kw_error_is(&err, KW_E_SYS_CRYPTO));
}

int main(void)
{
	static const struct {
		const char *name;
	} once[] = { { "given an EC key, nothing is encrypted for it" } };

	return KW_ROWS_RUN(rows, opens) + KW_ROWS_RUN(length_rows, encrypts_for_us)
	       + KW_ROWS_RUN(once, encrypts_for_rsa_alone);
}
