/* SPDX-License-Identifier: Apache-2.0 */
/* What jose and python3-cryptography make and open is judged by tests/integration/test_secrets;
 * here is what must be refused, and the derivation of RFC 7518 appendix C. */
#include "rows.h"

#include "jose/ecdh.h"
#include "jose/jwe.h"
#include "jose/private_key.h"
#include "util/base64.h"
#include "util/text.h"

#define DIR_A128 "{\"alg\":\"dir\",\"enc\":\"A128GCM\"}"

static const struct row {
	const char *name, *header, *rest; /* header NULL: `rest` is the whole */
	enum kw_error_name expect;
	const char *says;
} rows[] = {
	{ "given direct encryption, it parses", DIR_A128, "..AAAA.AAAA.AAAA", KW_OK, "" },
	{ "given a line end, it parses", DIR_A128, "..AAAA.AAAA.AAAA\n", KW_OK, "" },
	{ "given four parts, it is refused", DIR_A128, "..AAAA.AAAA", KW_E_UNW_JWE_FORM,
	  "4 parts" },
	{ "given six parts, it is refused", DIR_A128, "..A.A.A.A", KW_E_UNW_JWE_FORM, "6 parts" },
	{ "given nothing, it is refused", NULL, "", KW_E_UNW_JWE_FORM, "1 parts" },
	{ "given padding, it is refused", DIR_A128, "..AA==.AAAA.AAAA", KW_E_UNW_JWE_FORM,
	  "base64url" },
	{ "given no JSON in the header, it is refused", "alg", "....", KW_E_UNW_JWE_FORM,
	  "protected header" },
	{ "given no enc, it is refused", "{\"alg\":\"dir\"}", "....", KW_E_UNW_JWE_FORM, "'enc'" },
	{ "given alg twice, it is refused", "{\"alg\":\"dir\",\"alg\":\"dir\",\"enc\":\"A128GCM\"}",
	  "....", KW_E_UNW_JWE_FORM, "protected header" },
	{ "given compression, it is refused",
	  "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"zip\":\"DEF\"}", "....", KW_E_UNW_JWE_FORM,
	  "'zip' is not allowed" },
	{ "given crit, it is refused", "{\"alg\":\"dir\",\"enc\":\"A128GCM\",\"crit\":[\"exp\"]}",
	  "....", KW_E_UNW_JWE_FORM, "'crit' is not allowed" },
	{ "given RSA1_5, it is refused", "{\"alg\":\"RSA1_5\",\"enc\":\"A128GCM\"}", "....",
	  KW_E_UNW_JWE_FORM, "'alg' is not allowed" },
	{ "given a password, it is refused", "{\"alg\":\"PBES2-HS256+A128KW\",\"enc\":\"A128GCM\"}",
	  "....", KW_E_UNW_JWE_FORM, "'alg' is not allowed" },
	{ "given CBC, it is refused", "{\"alg\":\"dir\",\"enc\":\"A128CBC-HS256\"}", "....",
	  KW_E_UNW_JWE_FORM, "'enc' is not allowed" },
	{ "given none, it is refused", "{\"alg\":\"none\",\"enc\":\"A128GCM\"}", "....",
	  KW_E_UNW_JWE_FORM, "'alg' is not allowed" },
	{ "given a header that is not protected, it is refused", NULL,
	  "{\"protected\":\"e30\",\"header\":{\"alg\":\"dir\"}}", KW_E_UNW_JWE_FORM,
	  "'alg' is not allowed" },
	{ "given several recipients, it is refused", NULL,
	  "{\"protected\":\"e30\",\"recipients\":[]}", KW_E_UNW_JWE_FORM,
	  "'recipients' is not allowed" },
	{ "given aad, it is refused", NULL, "{\"protected\":\"e30\",\"aad\":\"\"}",
	  KW_E_UNW_JWE_FORM, "'aad' is not allowed" },
};

static char *text_of(const char *header, const char *rest)
{
	KW_CLEANUP(freep) char *encoded = NULL;

	if (header == NULL)
		return kw_strdup(rest);
	encoded = kw_base64_encode(KW_BASE64URL, kw_bytes_text(header));
	return kw_format("%s%s", encoded, rest);
}

static void parses_as_expected(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(freep) char *text = text_of(row->header, row->rest);
	KW_CLEANUP(kw_jwe_clear) struct kw_jwe jwe = { 0 };
	struct kw_error err = { 0 };
	int r = kw_jwe_parse(kw_bytes_text(text), &jwe, &err);

	assert_int_equal(r, row->expect == KW_OK ? 0 : -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_non_null(strstr(err.detail, row->says));
}

static void limits_the_size(void **state)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = kw_blob_new(KW_JWE_TEXT_MAX + 1);
	KW_CLEANUP(kw_jwe_clear) struct kw_jwe jwe = { 0 };
	struct kw_error err = { 0 };

	(void)state;
	memset(text.data, 'A', text.len);
	assert_int_equal(kw_jwe_parse(kw_blob_bytes(&text), &jwe, &err), -1);
	assert_non_null(strstr(err.detail, "at most 262144"));
}

/* What the tests seal and open with. */
static struct kw_public_key *ec_key(struct kw_secret *ret_pkcs8)
{
	static const char p256[] = "{\"kty\":\"EC\",\"crv\":\"P-256\","
				   "\"x\":\"weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ\","
				   "\"y\":\"e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck\"}";
	KW_CLEANUP(kw_json_freep) struct kw_json *jwk = NULL;
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *like = NULL;
	struct kw_public_key *made = NULL;
	struct kw_error err = { 0 };

	assert_int_equal(
		kw_json_parse(kw_bytes_text(p256), KW_JSON_STRICT, KW_E_SYS_DATA, &jwk, &err), 0);
	assert_int_equal(kw_public_key_from_jwk(jwk, KW_E_SYS_DATA, &like, &err), 0);
	assert_int_equal(kw_ecdh_ephemeral(like, ret_pkcs8, &made, &err), 0);
	return made;
}

/* Every character of the text changed, one after the other: none opens. */
static void opens_nothing_else(void **state)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret pkcs8 = { 0 };
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = ec_key(&pkcs8);
	KW_CLEANUP(kw_json_freep) struct kw_json *header = kw_json_new_object();
	KW_CLEANUP(freep) char *text = NULL;
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_jwe_seal(key, header, kw_bytes_text("secret"), &text, &err), 0);
	for (size_t i = 0; i <= strlen(text); i++) {
		KW_CLEANUP(kw_jwe_clear) struct kw_jwe jwe = { 0 };
		KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
		char was = text[i];
		int r;

		err = (struct kw_error){ 0 };
		if (i < strlen(text))
			text[i] = was == 'A' ? 'B' : 'A';
		r = kw_jwe_parse(kw_bytes_text(text), &jwe, &err);
		if (r == 0)
			r = kw_jwe_open(&jwe, KW_KTY_EC, kw_secret_bytes(&pkcs8), &plain, &err);
		text[i] = was;
		if (was == '\0') {
			assert_int_equal(r, 0);
			assert_true(
				kw_bytes_equal(kw_secret_bytes(&plain), kw_bytes_text("secret")));
		} else {
			assert_int_equal(r, -1);
		}
	}
}

static void opens_with_no_other_key(void **state)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret own = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret other = { 0 };
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = ec_key(&own);
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *other_key = ec_key(&other);
	KW_CLEANUP(kw_json_freep) struct kw_json *header = kw_json_new_object();
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	KW_CLEANUP(kw_jwe_clear) struct kw_jwe jwe = { 0 };
	KW_CLEANUP(freep) char *text = NULL;
	struct kw_error err = { 0 };

	(void)state;
	assert_non_null(other_key);
	assert_int_equal(kw_jwe_seal(key, header, kw_bytes_text(""), &text, &err), 0);
	assert_int_equal(kw_jwe_parse(kw_bytes_text(text), &jwe, &err), 0);
	assert_int_equal(kw_jwe_open(&jwe, KW_KTY_EC, kw_secret_bytes(&other), &plain, &err), -1);
	assert_true(kw_error_is(&err, KW_E_UNW_JWE_OPEN));
	assert_int_equal(kw_jwe_open(&jwe, KW_KTY_OCT, kw_secret_bytes(&own), &plain, &err), -1);
	assert_true(kw_error_is(&err, KW_E_UNW_JWE_OPEN));
	assert_int_equal(kw_jwe_open(&jwe, KW_KTY_EC, kw_secret_bytes(&own), &plain, &err), 0);
	assert_int_equal(plain.len, 0);
}

/* RFC 7518 appendix C: Bob's private key as PKCS#8, Alice's ephemeral key, A128GCM, 16 bytes. */
static void agrees_as_rfc_7518(void **state)
{
	static const char alice[] = "{\"kty\":\"EC\",\"crv\":\"P-256\","
				    "\"x\":\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\","
				    "\"y\":\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps\"}";
	static const char bob[] =
		"-----BEGIN PRIVATE KEY-----\n"
		"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVEmDZpDXXK8p8N0C\n"
		"ndsxs924q6nS1RXFASRl6BfUqdyhRANCAATB40nLYexwJIzoAQNMODThuI6+EWHL\n"
		"Ja84dB94X8/ExHvJZwjvgJUrU/jSVV/nK4Qe0EWIYosdN4pZSTlQDsnJ\n"
		"-----END PRIVATE KEY-----\n";
	const struct kw_ecdh_info info = { "A128GCM", 16, kw_bytes_text("Alice"),
					   kw_bytes_text("Bob") };
	KW_CLEANUP(kw_json_freep) struct kw_json *jwk = NULL;
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *epk = NULL;
	KW_CLEANUP(kw_secret_clear) struct kw_secret pkcs8 = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret agreed = { 0 };
	KW_CLEANUP(freep) char *text = NULL;
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_private_key_from_pem(kw_bytes_text(bob), &pkcs8, &err), 0);
	assert_int_equal(
		kw_json_parse(kw_bytes_text(alice), KW_JSON_STRICT, KW_E_SYS_DATA, &jwk, &err), 0);
	assert_int_equal(kw_public_key_from_jwk(jwk, KW_E_SYS_DATA, &epk, &err), 0);
	assert_int_equal(kw_ecdh_agree(kw_secret_bytes(&pkcs8), epk, &info, &agreed, &err), 0);
	text = kw_base64_encode(KW_BASE64URL, kw_secret_bytes(&agreed));
	assert_string_equal(text, "VqqN6vgjbSBcIijNcacQGg");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_the_size),
		cmocka_unit_test(opens_nothing_else),
		cmocka_unit_test(opens_with_no_other_key),
		cmocka_unit_test(agrees_as_rfc_7518),
	};

	return KW_ROWS_RUN(rows, parses_as_expected)
	       + cmocka_run_group_tests_name("jwe", tests, NULL, NULL);
}
