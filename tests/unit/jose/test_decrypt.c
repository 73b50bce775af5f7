/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3394 4.1 to 4.3, and the test cases 4, 10 and 16 of the specification of GCM. */
#include "jose/decrypt.h"

#include "given.h"
#include "rsa_data.h"

#define KW_KEY "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KW_PLAIN "00112233445566778899aabbccddeeff"
#define GCM_KEY_128 "feffe9928665731c6d6a8f9467308308"
#define GCM_KEY_192 GCM_KEY_128 "feffe9928665731c"
#define GCM_KEY_256 GCM_KEY_128 GCM_KEY_128
#define GCM_IV "cafebabefacedbaddecaf888"
#define GCM_AAD "feedfacedeadbeeffeedfacedeadbeefabaddad2"
#define GCM_PLAIN                                                                                  \
	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e24" \
	"49a6b525b16aedf5aa0de657ba637b39"
#define GCM_128                                                                                    \
	"42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5a" \
	"ac84aa051ba30b396a0aac973d58e091"
#define GCM_192                                                                                    \
	"3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c7d773d00c144c525ac619d18" \
	"c84a3f4718e2448b2fe324d9ccda2710"
#define GCM_256                                                                                    \
	"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b10" \
	"56828838c5f61e6393ba7a0abcc9f662"
#define TAG_128 "5bc94fbc3221a5db94fae95ae7121a47"
#define TAG_192 "2519498e80f1478f37ba55bd6d27618c"
#define TAG_256 "76fc6ece0f4e1768cddf8853bb2d551b"
#define KW_128 "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"
#define KW_192 "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d"
#define KW_256 "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"

static const struct row {
	const char *name, *alg;
	enum kw_use use;
	size_t key_len;
	const char *key, *value, *iv, *aad, *tag;
	const char *plain; /* NULL: it does not open */
} rows[] = {
	/* clang-format off */
	{ "given A128KW, it opens", "A128KW", KW_USE_UNWRAP, 16, KW_KEY, KW_128, "", "", "", KW_PLAIN },
	{ "given A192KW, it opens", "A192KW", KW_USE_UNWRAP, 24, KW_KEY, KW_192, "", "", "", KW_PLAIN },
	{ "given A256KW, it opens", "A256KW", KW_USE_UNWRAP, 32, KW_KEY, KW_256, "", "", "", KW_PLAIN },
	{ "given another's wrapping, it does not", "A128KW", KW_USE_UNWRAP, 16, KW_KEY, KW_256, "", "", "", NULL },
	{ "given two semiblocks, it does not", "A128KW", KW_USE_UNWRAP, 16, KW_KEY, "1fa68b0a8112b447aef34bd8fb5a7b82", "", "", "", NULL },
	{ "given a broken semiblock, it does not", "A128KW", KW_USE_UNWRAP, 16, KW_KEY, KW_128 "00", "", "", "", NULL },
	{ "given nothing wrapped, it does not", "A128KW", KW_USE_UNWRAP, 16, KW_KEY, "", "", "", "", NULL },
	{ "given A128GCM, it opens", "A128GCM", KW_USE_DECRYPT, 16, GCM_KEY_128, GCM_128, GCM_IV, GCM_AAD, TAG_128, GCM_PLAIN },
	{ "given A192GCM, it opens", "A192GCM", KW_USE_DECRYPT, 24, GCM_KEY_192, GCM_192, GCM_IV, GCM_AAD, TAG_192, GCM_PLAIN },
	{ "given A256GCM, it opens", "A256GCM", KW_USE_DECRYPT, 32, GCM_KEY_256, GCM_256, GCM_IV, GCM_AAD, TAG_256, GCM_PLAIN },
	{ "given no bytes and no aad, the tag opens", "A128GCM", KW_USE_DECRYPT, 16, GCM_KEY_128, "", GCM_IV, "", "3247184b3c4f69a44dbcd22887bbb418", "" },
	{ "given another aad, it does not", "A128GCM", KW_USE_DECRYPT, 16, GCM_KEY_128, GCM_128, GCM_IV, "00", TAG_128, NULL },
	{ "given another tag, it does not", "A128GCM", KW_USE_DECRYPT, 16, GCM_KEY_128, GCM_128, GCM_IV, GCM_AAD, TAG_192, NULL },
	{ "given a tag of 15 bytes, it does not", "A128GCM", KW_USE_DECRYPT, 16, GCM_KEY_128, GCM_128, GCM_IV, GCM_AAD, "5bc94fbc3221a5db94fae95ae7121a", NULL },
	{ "given an iv of 11 bytes, it does not", "A128GCM", KW_USE_DECRYPT, 16, GCM_KEY_128, GCM_128, "cafebabefacedbaddecaf8", GCM_AAD, TAG_128, NULL },
	{ "given an iv of 13 bytes, it does not", "A128GCM", KW_USE_DECRYPT, 16, GCM_KEY_128, GCM_128, GCM_IV "00", GCM_AAD, TAG_128, NULL },
	/* clang-format on */
};

static void opens(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob key = given_hex(row->key);
	KW_CLEANUP(kw_blob_clear) struct kw_blob value = given_hex(row->value);
	KW_CLEANUP(kw_blob_clear) struct kw_blob iv = given_hex(row->iv);
	KW_CLEANUP(kw_blob_clear) struct kw_blob aad = given_hex(row->aad);
	KW_CLEANUP(kw_blob_clear) struct kw_blob tag = given_hex(row->tag);
	KW_CLEANUP(kw_blob_clear) struct kw_blob plain = given_hex(row->plain ? row->plain : "");
	KW_CLEANUP(kw_secret_clear) struct kw_secret found = { 0 };
	struct kw_sealed sealed = { kw_blob_bytes(&value), kw_blob_bytes(&iv), kw_blob_bytes(&aad),
				    kw_blob_bytes(&tag) };
	struct kw_error err = { 0 };

	key.len = row->key_len;
	assert_int_equal(kw_decrypt(kw_algorithm_find(row->alg, row->use), kw_blob_bytes(&key),
				    &sealed, &found, &err),
			 row->plain ? 0 : -1);
	if (row->plain == NULL) {
		assert_true(kw_error_is(&err, KW_E_UNW_FAILED));
		assert_string_equal(err.detail, "unwrap failed"); /* the same for every cause */
		assert_null(found.data);
		return;
	}
	assert_true(kw_bytes_equal(kw_secret_bytes(&found), kw_blob_bytes(&plain)));
}

static const struct rsa_row {
	const char *name, *alg, *wrapped;
	int expect;
} rsa_rows[] = {
	{ "given RSA-OAEP, it opens", "RSA-OAEP", rsa_oaep_sha1, 0 },
	{ "given RSA-OAEP-256, it opens", "RSA-OAEP-256", rsa_oaep_sha256, 0 },
	{ "given the other hash, it does not", "RSA-OAEP", rsa_oaep_sha256, -1 },
	{ "given a label, it does not", "RSA-OAEP-256", rsa_oaep_label, -1 },
};

static void opens_rsa(void **state)
{
	const struct rsa_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob pkcs8 = given_base64(rsa_pkcs8);
	KW_CLEANUP(kw_blob_clear) struct kw_blob wrapped = given_base64(row->wrapped);
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	struct kw_sealed sealed = { .value = kw_blob_bytes(&wrapped) };
	struct kw_error err = { 0 };

	assert_int_equal(kw_decrypt(kw_algorithm_find(row->alg, KW_USE_DECRYPT),
				    kw_blob_bytes(&pkcs8), &sealed, &plain, &err),
			 row->expect);
	assert_int_equal(plain.len, row->expect == 0 ? 32 : 0);
}

int main(void)
{
	return KW_ROWS_RUN(rows, opens) + KW_ROWS_RUN(rsa_rows, opens_rsa);
}
