/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/unwrap.h"

#include "given.h"

#define KID159                                                                             \
	"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk" \
	"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"

static const struct envelope_row {
	const char *name, *json;
	enum kw_error_name expect;
	enum kw_hash oaep;
	const char *says;
} envelope_rows[] = {
	{ "given CKM_RSA_AES_KEY_WRAP, OAEP takes SHA-1",
	  "{\"schema_version\":\"1.0\",\"header\":{\"kid\":\"k\",\"alg\":\"dir\","
	  "\"enc\":\"CKM_RSA_AES_KEY_WRAP\"},\"ciphertext\":\"AAEC\"}",
	  KW_OK, KW_SHA1, "" },
	{ "given RSA_AES_KEY_WRAP_256, OAEP takes SHA-256",
	  "{\"schema_version\":\"1.0\",\"header\":{\"kid\":\"k\",\"enc\":\"RSA_AES_KEY_WRAP_256\"},"
	  "\"ciphertext\":\"AAEC\"}",
	  KW_OK, KW_SHA256, "" },
	{ "given RSA_AES_KEY_WRAP_384, OAEP takes SHA-384",
	  "{\"schema_version\":\"1.0\",\"header\":{\"kid\":\"k\",\"enc\":\"RSA_AES_KEY_WRAP_384\"},"
	  "\"ciphertext\":\"AAEC\"}",
	  KW_OK, KW_SHA384, "" },
	{ "given a kid of 159 bytes, it is taken",
	  "{\"schema_version\":\"1.0\",\"header\":{\"kid\":\"" KID159
	  "\",\"enc\":\"RSA_AES_KEY_WRAP_256\"},\"ciphertext\":\"AAEC\"}",
	  KW_OK, KW_SHA256, "" },
	{ "given a kid of 160 bytes, it is refused",
	  "{\"schema_version\":\"1.0\",\"header\":{\"kid\":\"k" KID159
	  "\",\"enc\":\"RSA_AES_KEY_WRAP_256\"},\"ciphertext\":\"AAEC\"}",
	  KW_E_REL_JWS_FORM, 0, "has 160 bytes, allowed 159" },
	{ "given another enc, it is named",
	  "{\"schema_version\":\"1.0\",\"header\":{\"kid\":\"k\",\"enc\":\"RSA_AES_KEY_WRAP\"},"
	  "\"ciphertext\":\"AAEC\"}",
	  KW_E_UNW_ENC, 0, "enc is 'RSA_AES_KEY_WRAP', expected one of" },
	{ "given another schema, it is named",
	  "{\"schema_version\":\"1.1\",\"header\":{\"kid\":\"k\",\"enc\":\"RSA_AES_KEY_WRAP_256\"},"
	  "\"ciphertext\":\"AAEC\"}",
	  KW_E_REL_JWS_FORM, 0, "schema_version is '1.1', expected '1.0'" },
	{ "given no schema, it is refused",
	  "{\"header\":{\"kid\":\"k\",\"enc\":\"RSA_AES_KEY_WRAP_256\"},\"ciphertext\":\"AAEC\"}",
	  KW_E_REL_JWS_FORM, 0, "schema_version" },
	{ "given no header, it is refused", "{\"schema_version\":\"1.0\",\"ciphertext\":\"AAEC\"}",
	  KW_E_REL_JWS_FORM, 0, "header" },
	{ "given no kid, it is refused",
	  "{\"schema_version\":\"1.0\",\"header\":{\"enc\":\"RSA_AES_KEY_WRAP_256\"},"
	  "\"ciphertext\":\"AAEC\"}",
	  KW_E_REL_JWS_FORM, 0, "'kid'" },
	{ "given no enc, it is refused",
	  "{\"schema_version\":\"1.0\",\"header\":{\"kid\":\"k\"},\"ciphertext\":\"AAEC\"}",
	  KW_E_REL_JWS_FORM, 0, "'enc'" },
	{ "given no ciphertext, it is refused",
	  "{\"schema_version\":\"1.0\",\"header\":{\"kid\":\"k\",\"enc\":\"RSA_AES_KEY_WRAP_256\"}"
	  "}",
	  KW_E_REL_JWS_FORM, 0, "'ciphertext'" },
	{ "given a ciphertext in the other alphabet, it is refused",
	  "{\"schema_version\":\"1.0\",\"header\":{\"kid\":\"k\",\"enc\":\"RSA_AES_KEY_WRAP_256\"},"
	  "\"ciphertext\":\"++//\"}",
	  KW_E_REL_JWS_FORM, 0, "'ciphertext'" },
	{ "given no JSON, it is refused", "key_hsm", KW_E_REL_JWS_FORM, 0, "key_hsm" },
	{ "given a list, it is refused", "[]", KW_E_REL_JWS_FORM, 0, "key_hsm" },
};

static void reads_envelope(void **state)
{
	const struct envelope_row *row = *state;
	KW_CLEANUP(freep) char *text = kw_base64_encode(KW_BASE64URL, kw_bytes_text(row->json));
	KW_CLEANUP(kw_key_hsm_clear) struct kw_key_hsm key_hsm = { 0 };
	struct kw_error err = { 0 };

	int r = kw_key_hsm_parse(text, &key_hsm, &err);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_int_equal(r, row->expect == KW_OK ? 0 : -1);
	assert_non_null(strstr(err.detail, row->says));
	assert_int_equal(key_hsm.ciphertext.len, r == 0 ? 3 : 0);
	if (r == 0)
		assert_int_equal(key_hsm.oaep, row->oaep);
}

static void refuses_no_base64(void **state)
{
	KW_CLEANUP(kw_key_hsm_clear) struct kw_key_hsm key_hsm = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_key_hsm_parse("e+0=", &key_hsm, &err), -1);
	assert_true(kw_error_is(&err, KW_E_REL_JWS_FORM));
}

static const struct split_row {
	const char *name;
	size_t len, modulus;
	int expect;
} split_rows[] = {
	{ "given the modulus and 16 bytes, it splits", 272, 256, 0 },
	{ "given the modulus and 24 bytes, it splits", 280, 256, 0 },
	{ "given the modulus and 8 bytes, it does not", 264, 256, -1 },
	{ "given the modulus and 15 bytes, it does not", 271, 256, -1 },
	{ "given the modulus and 17 bytes, it does not", 273, 256, -1 },
	{ "given the modulus alone, it does not", 256, 256, -1 },
	{ "given less than the modulus, it does not", 255, 256, -1 },
	{ "given nothing, it does not", 0, 256, -1 },
};

static void splits(void **state)
{
	const struct split_row *row = *state;
	KW_CLEANUP(kw_key_hsm_clear)
	struct kw_key_hsm key_hsm = { .ciphertext = kw_blob_new(row->len) };
	struct kw_bytes rsa = { 0 }, kwp = { 0 };
	struct kw_error err = { 0 };

	assert_int_equal(kw_key_hsm_split(&key_hsm, row->modulus, &rsa, &kwp, &err), row->expect);
	if (row->expect < 0) {
		assert_true(kw_error_is(&err, KW_E_UNW_LENGTH));
		assert_null(rsa.data);
		return;
	}
	assert_ptr_equal(rsa.data, key_hsm.ciphertext.data);
	assert_int_equal(rsa.len, row->modulus);
	assert_ptr_equal(kwp.data, key_hsm.ciphertext.data + row->modulus);
	assert_int_equal(kwp.len, row->len - row->modulus);
}

#define RFC5649_KEY "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8"
#define RFC5649_20 "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a"
#define KEY_128 "000102030405060708090a0b0c0d0e0f"
#define KEY_192 KEY_128 "1011121314151617"
#define KEY_256 KEY_192 "18191a1b1c1d1e1f"

/* RFC 5649 6; the last three by python3-cryptography. */
static const struct kwp_row {
	const char *name, *key, *wrapped, *plain; /* NULL: refused */
} kwp_rows[] = {
	{ "given RFC 5649 with 20 bytes, they come back", RFC5649_KEY, RFC5649_20,
	  "c37b7e6492584340bed12207808941155068f738" },
	{ "given RFC 5649 with 7 bytes, they come back", RFC5649_KEY,
	  "afbeb0f07dfbf5419200f2ccb50bb24f", "466f7250617369" },
	{ "given a key of 128 bits, they come back", KEY_128, "35cbba529f9f32962d615eb96ae70b68",
	  "6b657977617264" },
	{ "given a key of 192 bits, they come back", KEY_192, "dcaedc4f8e51bfc707aeb9e7167fd874",
	  "6b657977617264" },
	{ "given a key of 256 bits, they come back", KEY_256, "f452c06ec6c612ddcb7eb3db68f767d8",
	  "6b657977617264" },
	{ "given a key that differs in one bit, it is refused",
	  "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a9", RFC5649_20, NULL },
	{ "given a changed byte, it is refused", RFC5649_KEY,
	  "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6b", NULL },
	{ "given a key of 31 bytes, it is refused",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e",
	  "f452c06ec6c612ddcb7eb3db68f767d8", NULL },
	{ "given no key, it is refused", "", "f452c06ec6c612ddcb7eb3db68f767d8", NULL },
	{ "given 15 bytes, it is refused", KEY_256, "f452c06ec6c612ddcb7eb3db68f767", NULL },
	{ "given 8 bytes, it is refused", KEY_256, "f452c06ec6c612dd", NULL },
	{ "given 17 bytes, it is refused", KEY_256, "f452c06ec6c612ddcb7eb3db68f767d800", NULL },
	{ "given nothing, it is refused", KEY_256, "", NULL },
	/* RFC 3394 4.6: without padding the integrity check value is another. */
	{ "given key wrap without padding, it is refused", KEY_256,
	  "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21",
	  NULL },
};

static void unwraps(void **state)
{
	const struct kwp_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob key = given_hex(row->key);
	KW_CLEANUP(kw_blob_clear) struct kw_blob wrapped = given_hex(row->wrapped);
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	struct kw_error err = { 0 };

	int r = kw_unwrap_kwp(kw_blob_bytes(&key), kw_blob_bytes(&wrapped), &plain, &err);
	assert_int_equal(r, row->plain ? 0 : -1);
	if (!row->plain) {
		assert_true(kw_error_is(&err, KW_E_UNW_FAILED));
		assert_string_equal(err.detail, "unwrap failed"); /* the same for every cause */
		assert_null(plain.data);
		return;
	}
	KW_CLEANUP(kw_blob_clear) struct kw_blob expect = given_hex(row->plain);
	assert_true(kw_bytes_equal(kw_secret_bytes(&plain), kw_blob_bytes(&expect)));
}

#define IV_12 "000102030405060708090a0b"
#define IV_16 IV_12 "0c0d0e0f"

/* By python3-cryptography: the text "header.payload" with the additional data "Transport Key". */
static const struct gcm_row {
	const char *name, *key, *iv, *aad, *ciphertext, *tag, *plain; /* NULL: does not open */
} gcm_rows[] = {
	{ "given a key of 128 bits, it opens", KEY_128, IV_12, "Transport Key",
	  "fb09c6aa0369d9242aab0de557c7", "eaab7ec817ab58bb6b8e5f406359adeb", "header.payload" },
	{ "given a key of 192 bits, it opens", KEY_192, IV_12, "Transport Key",
	  "8e9c43fffccbe77eb14ab0ed9ecd", "404a1f6e343cd04c460b52c69f21fc8a", "header.payload" },
	{ "given a key of 256 bits, it opens", KEY_256, IV_12, "Transport Key",
	  "2f67b77fa097ec6bec38fbe4d08d", "bdd7015208cef50817520a689070c661", "header.payload" },
	{ "given an IV of 16 bytes, it opens", KEY_256, IV_16, "Transport Key",
	  "0f09c1125c966458fc86b74634c0", "105415e9f0ef20565d152fd851f7e1ef", "header.payload" },
	{ "given no text, it opens to none", KEY_256, IV_12, "Transport Key", "",
	  "d845122719ad41155af0689130671cba", "" },
	{ "given other additional data, it does not", KEY_256, IV_12, "Transport key",
	  "2f67b77fa097ec6bec38fbe4d08d", "bdd7015208cef50817520a689070c661", NULL },
	{ "given none, it does not", KEY_256, IV_12, "", "2f67b77fa097ec6bec38fbe4d08d",
	  "bdd7015208cef50817520a689070c661", NULL },
	{ "given another tag, it does not", KEY_256, IV_12, "Transport Key",
	  "2f67b77fa097ec6bec38fbe4d08d", "bdd7015208cef50817520a689070c660", NULL },
	{ "given a tag of 15 bytes, it does not", KEY_256, IV_12, "Transport Key",
	  "2f67b77fa097ec6bec38fbe4d08d", "bdd7015208cef50817520a689070c6", NULL },
	{ "given no tag, it does not", KEY_256, IV_12, "Transport Key",
	  "2f67b77fa097ec6bec38fbe4d08d", "", NULL },
	{ "given another text, it does not", KEY_256, IV_12, "Transport Key",
	  "2f67b77fa097ec6bec38fbe4d08e", "bdd7015208cef50817520a689070c661", NULL },
	{ "given another IV, it does not", KEY_256, "000102030405060708090a0c", "Transport Key",
	  "2f67b77fa097ec6bec38fbe4d08d", "bdd7015208cef50817520a689070c661", NULL },
	{ "given an IV of 11 bytes, it does not", KEY_256, "000102030405060708090a",
	  "Transport Key", "2f67b77fa097ec6bec38fbe4d08d", "bdd7015208cef50817520a689070c661",
	  NULL },
	{ "given a key of 31 bytes, it does not",
	  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e", IV_12, "Transport Key",
	  "2f67b77fa097ec6bec38fbe4d08d", "bdd7015208cef50817520a689070c661", NULL },
};

static void opens_gcm(void **state)
{
	const struct gcm_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob key = given_hex(row->key);
	KW_CLEANUP(kw_blob_clear) struct kw_blob iv = given_hex(row->iv);
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = given_hex(row->ciphertext);
	KW_CLEANUP(kw_blob_clear) struct kw_blob tag = given_hex(row->tag);
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };

	assert_int_equal(kw_open_gcm(kw_blob_bytes(&key), kw_blob_bytes(&iv),
				     kw_bytes_text(row->aad), kw_blob_bytes(&text),
				     kw_blob_bytes(&tag), &plain),
			 row->plain != NULL);
	if (row->plain)
		assert_string_equal((const char *)plain.data, row->plain);
	else
		assert_null(plain.data);
}

int main(void)
{
	static const struct {
		const char *name;
	} once[] = { { "given no base64url, it is no key_hsm" } };

	return KW_ROWS_RUN(envelope_rows, reads_envelope) + KW_ROWS_RUN(once, refuses_no_base64)
	       + KW_ROWS_RUN(split_rows, splits) + KW_ROWS_RUN(kwp_rows, unwraps)
	       + KW_ROWS_RUN(gcm_rows, opens_gcm);
}
