/* SPDX-License-Identifier: Apache-2.0 */
/* The envelope of the sealed token. What opens was sealed with python3-cryptography. */
#include "azure/maa.h"
#include "bent.h"

/* AES-GCM of "header.payload.signature", AAD "Transport Key", key 00 01 02 .., IV a0 a1 a2 .. */
#define GOOD                                                                                    \
	"{\"Jwt\":\"jn0dSSC5LM8DHOu8Zh7urRnLN3HmwjAJ\",\"EncryptedInnerKey\":\"aW5uZXIga2V5\"," \
	"\"EncryptionParams\":{\"BlockMode\":\"ChainingModeGCM\",\"BlockPadding\":\"PKCS7\","   \
	"\"Cipher\":\"AES\",\"KeySizeInBits\":256,\"Iv\":\"oKGio6Slpqeoqaqr\"},"                \
	"\"AuthenticationData\":\"JLqNeAupjfEwvnChJSvuaw==\"}"
#define JWT "jn0dSSC5LM8DHOu8Zh7urRnLN3HmwjAJ"
#define TAG "JLqNeAupjfEwvnChJSvuaw=="
#define IV "oKGio6Slpqeoqaqr"

static char *answer_of(const char *envelope)
{
	KW_CLEANUP(freep) char *token = base64url(kw_bytes_text(envelope));

	return kw_format("{\"token\":\"%s\"}", token);
}

static const struct answer_row {
	const char *name, *answer;
	enum kw_error_name expect;
} answer_rows[] = {
	{ "given no JSON, it is refused", "token", KW_E_ATT_ANSWER },
	{ "given a text, it is refused", "\"token\"", KW_E_ATT_ANSWER },
	{ "given no token, it is refused", "{}", KW_E_ATT_ANSWER },
	{ "given a number as token, it is refused", "{\"token\":1}", KW_E_ATT_ANSWER },
	{ "given a token in standard base64, it is refused", "{\"token\":\"e30+/w==\"}",
	  KW_E_ATT_ANSWER },
	{ "given a plain JWT, it is refused", "{\"token\":\"e30.e30.e30\"}", KW_E_ATT_ANSWER },
	{ "given two tokens, it is refused", "{\"token\":\"e30\",\"token\":\"e30\"}",
	  KW_E_ATT_ANSWER },
	{ "given bytes behind it, it is refused", "{\"token\":\"e30\"}x", KW_E_ATT_ANSWER },
	{ "given an empty token, it is refused", "{\"token\":\"\"}", KW_E_ATT_SEAL_FORM },
	{ "given an empty envelope, it is refused", "{\"token\":\"e30\"}", KW_E_ATT_SEAL_FORM },
	{ "given a padded token, it is decoded", "{\"token\":\"e30=\"}", KW_E_ATT_SEAL_FORM },
	{ "given a list as envelope, it is refused", "{\"token\":\"W10\"}", KW_E_ATT_SEAL_FORM },
};

static void refuses_the_answer(void **state)
{
	const struct answer_row *row = *state;
	struct kw_sealed_token sealed = { 0 };
	struct kw_error err = { 0 };

	assert_int_equal(kw_sealed_token_parse(kw_bytes_text(row->answer), &sealed, &err), -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_null(sealed.ciphertext.data);
}

static const struct envelope_row {
	const char *name, *from, *to;
	const char *says; /* NULL: it is taken */
} envelope_rows[] = {
	{ "given a further member, it is ignored", "{\"Jwt\"", "{\"Hash\":1,\"Jwt\"", NULL },
	{ "given no BlockPadding, it is taken", "\"BlockPadding\":\"PKCS7\",", "", NULL },
	{ "given 128 bits, it is taken", "256", "128", NULL },
	{ "given 192 bits, it is taken", "256", "192", NULL },
	{ "given 129 bits, it is refused", "256", "129", "KeySizeInBits is 129" },
	{ "given 512 bits, it is refused", "256", "512", "KeySizeInBits is 512" },
	{ "given bits as text, it is refused", "256", "\"256\"", "KeySizeInBits" },
	{ "given no bits, it is refused", ",\"KeySizeInBits\":256", "", "KeySizeInBits" },
	{ "given CBC, it is refused", "ChainingModeGCM", "ChainingModeCBC",
	  "BlockMode is 'ChainingModeCBC', expected 'ChainingModeGCM'" },
	{ "given another cipher, it is refused", "\"AES\"", "\"DES\"", "Cipher is 'DES'" },
	{ "given no parameters, it is refused", "EncryptionParams", "Other", "BlockMode" },
	{ "given names in lower case, it is refused", "\"Jwt\"", "\"jwt\"", "Jwt" },
	{ "given no inner key, it is refused", "aW5uZXIga2V5", "", "EncryptedInnerKey is 0 bytes" },
	{ "given a ciphertext that is not base64, it is refused", JWT, "j_0d", "Jwt" },
	{ "given a ciphertext without padding, it is refused", JWT, "jg", "Jwt" },
	{ "given no tag, it is refused", "\"AuthenticationData\"", "\"Tag\"",
	  "AuthenticationData" },
	{ "given a tag of 15 bytes, it is refused", TAG, "JLqNeAupjfEwvnChJSvu", "15 bytes" },
	{ "given a tag of 17 bytes, it is refused", TAG, "JLqNeAupjfEwvnChJSvuawA=", "17 bytes" },
	{ "given an IV of 11 bytes, it is refused", IV, "oKGio6Slpqeoqao=", "Iv is 11 bytes" },
	{ "given an IV of 64 bytes, it is taken", IV,
	  "oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr/AwcLDxMXGx8jJysvMzc7P0NHS09TV1tfY2drb3N3e"
	  "3w==",
	  NULL },
	{ "given an IV of 65 bytes, it is refused", IV,
	  "oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr/AwcLDxMXGx8jJysvMzc7P0NHS09TV1tfY2drb3N3e"
	  "3+A=",
	  "Iv is 65 bytes" },
};

static void reads_the_envelope(void **state)
{
	const struct envelope_row *row = *state;
	KW_CLEANUP(freep) char *envelope = bent(GOOD, row->from, row->to);
	KW_CLEANUP(freep) char *answer = answer_of(envelope);
	KW_CLEANUP(kw_sealed_token_clear) struct kw_sealed_token sealed = { 0 };
	struct kw_error err = { 0 };
	int result = kw_sealed_token_parse(kw_bytes_text(answer), &sealed, &err);

	assert_int_equal(result, row->says ? -1 : 0);
	assert_ptr_equal(err.def, kw_error_def(row->says ? KW_E_ATT_SEAL_FORM : KW_OK));
	assert_int_equal(sealed.ciphertext.data != NULL, !row->says);
	if (row->says && !strstr(err.detail, row->says))
		fail_msg("'%s' does not say '%s'", err.detail, row->says);
}

static const struct inner_key_row {
	const char *name;
	size_t size;
	int result;
} inner_key_rows[] = {
	{ "given an inner key of 1024 bytes, it is taken", 1024, 0 },
	{ "given an inner key of 1025 bytes, it is refused", 1025, -1 },
};

static void limits_the_inner_key(void **state)
{
	const struct inner_key_row *row = *state;
	KW_CLEANUP(kw_blob_clear) struct kw_blob raw = kw_blob_new(row->size);
	KW_CLEANUP(freep) char *text = kw_base64_encode(KW_BASE64, kw_blob_bytes(&raw));
	KW_CLEANUP(freep) char *envelope = bent(GOOD, "aW5uZXIga2V5", text);
	KW_CLEANUP(freep) char *answer = answer_of(envelope);
	KW_CLEANUP(kw_sealed_token_clear) struct kw_sealed_token sealed = { 0 };
	struct kw_error err = { 0 };

	assert_int_equal(kw_sealed_token_parse(kw_bytes_text(answer), &sealed, &err), row->result);
	assert_ptr_equal(err.def, kw_error_def(row->result < 0 ? KW_E_ATT_SEAL_FORM : KW_OK));
}

#define WITH(bits, jwt, iv, tag)                                                             \
	"{\"Jwt\":\"" jwt "\",\"EncryptedInnerKey\":\"aW5uZXIga2V5\",\"EncryptionParams\":{" \
	"\"BlockMode\":\"ChainingModeGCM\",\"Cipher\":\"AES\",\"KeySizeInBits\":" bits       \
	",\"Iv\":\"" iv "\"},\"AuthenticationData\":\"" tag "\"}"

static const struct open_row {
	const char *name, *envelope;
	size_t key_size;
	uint8_t key_flip;
	enum kw_error_name expect;
} open_rows[] = {
	{ "given a token sealed with AES-256, it opens", GOOD, 32, 0, KW_OK },
	{ "given AES-192, it opens",
	  WITH("192", "UwffBpwhNgOfTNOujrnaCv1wRXPpRzy8", IV, "AjAg0YJbBBQ0ST9xF8Z5xA=="), 24, 0,
	  KW_OK },
	{ "given AES-128, it opens",
	  WITH("128", "wuNZ3xv7HXrrAdlvJ3aeEzqJTWn3Yk/K", IV, "ci4t5oEOMaD/F+Ksu/scWA=="), 16, 0,
	  KW_OK },
	{ "given an IV of 64 bytes, it opens",
	  WITH("256", "qrX1uhbzKMYDLYP//FY2Kj8/sWBEmgaE",
	       "oKGio6SlpqeoqaqrrK2ur7CxsrO0tba3uLm6u7y9vr/"
	       "AwcLDxMXGx8jJysvMzc7P0NHS09TV1tfY2drb3N3e3w==",
	       "yiILQGIr22c12PAsRUWhcA=="),
	  32, 0, KW_OK },
	{ "given other authenticated data, it is refused",
	  WITH("256", JWT, IV, "UWodBDHpc5cca0rzjKEyjA=="), 32, 0, KW_E_ATT_SEAL_TAG },
	{ "given a changed tag, it is refused", WITH("256", JWT, IV, "JLqNeAupjfEwvnChJSvuag=="),
	  32, 0, KW_E_ATT_SEAL_TAG },
	{ "given a changed ciphertext, it is refused",
	  WITH("256", "jn0dSSC5LM8DHOu8Zh7urRnLN3HmwjAI", IV, TAG), 32, 0, KW_E_ATT_SEAL_TAG },
	{ "given a shorter ciphertext, it is refused",
	  WITH("256", "jn0dSSC5LM8DHOu8Zh7urRnLN3Hm", IV, TAG), 32, 0, KW_E_ATT_SEAL_TAG },
	{ "given no ciphertext, it is refused", WITH("256", "", IV, TAG), 32, 0,
	  KW_E_ATT_SEAL_TAG },
	{ "given another IV, it is refused", WITH("256", JWT, "oKGio6Slpqeoqaqq", TAG), 32, 0,
	  KW_E_ATT_SEAL_TAG },
	{ "given another key, it is refused", GOOD, 32, 1, KW_E_ATT_SEAL_TAG },
	{ "given a shorter key than announced, it is refused", GOOD, 16, 0, KW_E_ATT_SEAL_FORM },
	{ "given a longer key than announced, it is refused", WITH("128", JWT, IV, TAG), 32, 0,
	  KW_E_ATT_SEAL_FORM },
	{ "given an empty key, it is refused", GOOD, 0, 0, KW_E_ATT_SEAL_FORM },
};

static void opens(void **state)
{
	const struct open_row *row = *state;
	KW_CLEANUP(freep) char *answer = answer_of(row->envelope);
	KW_CLEANUP(kw_sealed_token_clear) struct kw_sealed_token sealed = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret key = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret jwt = { 0 };
	struct kw_error err = { 0 };

	assert_int_equal(kw_sealed_token_parse(kw_bytes_text(answer), &sealed, &err), 0);
	assert_true(kw_bytes_equal(kw_blob_bytes(&sealed.inner_key), kw_bytes_text("inner key")));
	assert_int_equal(kw_secret_new(row->key_size, &key, &err), 0);
	for (size_t i = 0; i < row->key_size; i++)
		key.data[i] = (uint8_t)i;
	if (row->key_flip)
		key.data[0] ^= row->key_flip;
	int result = kw_sealed_token_open(&sealed, &key, &jwt, &err);
	assert_int_equal(result, row->expect == KW_OK ? 0 : -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	if (result == 0)
		assert_string_equal((const char *)jwt.data, "header.payload.signature");
	else
		assert_null(jwt.data);
}

int main(void)
{
	return KW_ROWS_RUN(answer_rows, refuses_the_answer)
	       + KW_ROWS_RUN(envelope_rows, reads_the_envelope)
	       + KW_ROWS_RUN(inner_key_rows, limits_the_inner_key) + KW_ROWS_RUN(open_rows, opens);
}
