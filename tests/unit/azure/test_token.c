/* SPDX-License-Identifier: Apache-2.0 */
/* Attestation tokens, good but for one thing (key release 2.6). */
#include "azure/maa.h"
#include "token_pki.h"

#define DATA32 "9b6d02e76832f3bbb21ba48c8f89c875e05daf5c83658c7b24e6034ea5e08e2a"
#define DATA DATA32 "0000000000000000000000000000000000000000000000000000000000000000"

static const char header[] = "{\"alg\":\"RS256\",\"jku\":\"https://attest.example/"
			     "certs\",\"kid\":\"k1\",\"typ\":\"JWT\"}";

/* $AK, $WRAP and $FOREIGN are moduli. */
#define RSA_KEY(kid, ops, n) \
	"{\"e\":\"AQAB\",\"key_ops\":[" ops "],\"kid\":\"" kid "\",\"kty\":\"RSA\",\"n\":\"" n "\"}"
#define GUESTS RSA_KEY("HCLAkPub", "\"sign\"", "$AK")
#define OURS RSA_KEY("TpmEphemeralEncryptionKey", "\"encrypt\"", "$WRAP")
#define THEIRS RSA_KEY("theirs", "\"encrypt\"", "$FOREIGN")
static const char payload[] =
	"{\"iss\":\"https://attest.example\",\"iat\":1000,\"nbf\":1001,\"exp\":9000,"
	"\"x-ms-attestation-type\":\"azurevm\",\"x-ms-isolation-tee\":{"
	"\"x-ms-attestation-type\":\"sevsnpvm\",\"x-ms-sevsnpvm-is-debuggable\":false,"
	"\"x-ms-sevsnpvm-reportdata\":\"" DATA "\",\"x-ms-runtime\":{\"keys\":[" GUESTS "]}},"
	"\"x-ms-runtime\":{\"client-payload\":{\"nonce\":\"bm9uY2U=\"},\"keys\":[" OURS "]}}";

static const struct bent_row {
	const char *name, *from, *to; /* in the header if it stands there, else in the payload */
	enum kw_error_name expect;
	size_t n_failed;
} bent_rows[] = {
	{ "given a good token, it passes", NULL, NULL, KW_OK, 0 },

	/* point 2 */
	{ "given alg none, it is refused", "RS256", "none", KW_E_TOK_ALG, 1 },
	{ "given HMAC, it is refused", "RS256", "HS256", KW_E_TOK_ALG, 1 },
	{ "given RS384, it is refused", "RS256", "RS384", KW_E_TOK_ALG, 1 },
	{ "given PS256, it is refused", "RS256", "PS256", KW_E_TOK_ALG, 1 },
	{ "given alg in lower case, it is refused", "RS256", "rs256", KW_E_TOK_ALG, 1 },
	/* point 3 */
	{ "given a slash behind the issuer, it passes", "\"https://attest.example\"",
	  "\"https://attest.example/\"", KW_OK, 0 },
	{ "given the default port, it passes", "\"https://attest.example\"",
	  "\"https://attest.example:443\"", KW_OK, 0 },
	{ "given another case of the host, it passes", "\"https://attest.example\"",
	  "\"https://Attest.Example\"", KW_OK, 0 },
	{ "given another issuer, it is refused", "\"https://attest.example\"",
	  "\"https://evil.example\"", KW_E_TOK_ISSUER, 1 },
	{ "given a longer issuer, it is refused", "\"https://attest.example\"",
	  "\"https://attest.example.evil.example\"", KW_E_TOK_ISSUER, 1 },
	{ "given the issuer as user, it is refused", "\"https://attest.example\"",
	  "\"https://attest.example@evil.example\"", KW_E_TOK_ISSUER, 1 },
	{ "given user information, it is refused", "\"https://attest.example\"",
	  "\"https://me@attest.example\"", KW_E_TOK_ISSUER, 1 },
	{ "given a path, it is refused", "\"https://attest.example\"",
	  "\"https://attest.example/a\"", KW_E_TOK_ISSUER, 1 },
	{ "given two slashes, it is refused", "\"https://attest.example\"",
	  "\"https://attest.example//\"", KW_E_TOK_ISSUER, 1 },
	{ "given a query, it is refused", "\"https://attest.example\"",
	  "\"https://attest.example?a\"", KW_E_TOK_ISSUER, 1 },
	{ "given a fragment, it is refused", "\"https://attest.example\"",
	  "\"https://attest.example#a\"", KW_E_TOK_ISSUER, 1 },
	{ "given another port, it is refused", "\"https://attest.example\"",
	  "\"https://attest.example:8443\"", KW_E_TOK_ISSUER, 1 },
	{ "given http, it is refused", "\"https://attest.example\"", "\"http://attest.example\"",
	  KW_E_TOK_ISSUER, 1 },
	{ "given no issuer, it is refused", "\"iss\"", "\"isss\"", KW_E_TOK_ISSUER, 1 },
	{ "given a list as issuer, it is refused", "\"https://attest.example\"",
	  "[\"https://attest.example\"]", KW_E_TOK_ISSUER, 1 },
	/* point 4 */
	{ "given no jku, it passes", "\"jku\"", "\"x\"", KW_OK, 0 },
	{ "given a jku with port, it passes", "example/certs", "example:443/certs", KW_OK, 0 },
	{ "given a jku elsewhere, it is refused", "attest.example/certs", "evil.example/certs",
	  KW_E_TOK_JKU, 1 },
	{ "given a jku on a longer host, it is refused", "example/certs", "example.evil/certs",
	  KW_E_TOK_JKU, 1 },
	{ "given a jku with a user, it is refused", "//attest", "//me@attest", KW_E_TOK_JKU, 1 },
	{ "given a jku on another path, it is refused", "/certs", "/certs/", KW_E_TOK_JKU, 1 },
	{ "given a jku with a query, it is refused", "/certs", "/certs?a", KW_E_TOK_JKU, 1 },
	{ "given a jku without path, it is refused", "example/certs", "example", KW_E_TOK_JKU, 1 },
	{ "given a jku over http, it is refused", "https://attest.example/c",
	  "http://attest.example/c", KW_E_TOK_JKU, 1 },
	{ "given a number as jku, it is refused", "\"https://attest.example/certs\"", "1",
	  KW_E_TOK_JKU, 1 },
	{ "given another kid, it is refused", "\"k1\"", "\"k3\"", KW_E_TOK_KID, 2 },
	{ "given another case of the kid, it is refused", "\"k1\"", "\"K1\"", KW_E_TOK_KID, 2 },
	{ "given no kid, it is refused", "\"kid\":\"k1\",", "", KW_E_TOK_KID, 2 },
	{ "given a number as kid, it is refused", "\"kid\":\"k1\",", "\"kid\":1,", KW_E_TOK_KID,
	  2 },
	/* point 9; now is 5000, the skew 300 */
	{ "given the last second, it passes", "\"exp\":9000", "\"exp\":4701", KW_OK, 0 },
	{ "given the second behind it, it is refused", "\"exp\":9000", "\"exp\":4700",
	  KW_E_TOK_EXPIRED, 1 },
	{ "given no exp, it is refused", "\"exp\"", "\"expp\"", KW_E_TOK_EXPIRED, 1 },
	{ "given exp as text, it is refused", "\"exp\":9000", "\"exp\":\"9000\"", KW_E_TOK_EXPIRED,
	  1 },
	{ "given a fraction as exp, it is refused", "\"exp\":9000", "\"exp\":9000.5",
	  KW_E_TOK_EXPIRED, 1 },
	{ "given the first second by nbf, it passes", "\"nbf\":1001", "\"nbf\":5300", KW_OK, 0 },
	{ "given the second before nbf, it is refused", "\"nbf\":1001", "\"nbf\":5301",
	  KW_E_TOK_NOT_YET, 1 },
	{ "given the first second by iat, it passes", "\"iat\":1000", "\"iat\":5300", KW_OK, 0 },
	{ "given the second before iat, it is refused", "\"iat\":1000", "\"iat\":5301",
	  KW_E_TOK_NOT_YET, 1 },
	{ "given neither nbf nor iat, it passes", "\"iat\":1000,\"nbf\":1001,", "", KW_OK, 0 },
	{ "given nbf as text, it is refused", "\"nbf\":1001", "\"nbf\":\"1001\"", KW_E_TOK_NOT_YET,
	  1 },
	{ "given iat as null, it is refused", "\"iat\":1000", "\"iat\":null", KW_E_TOK_NOT_YET, 1 },
	/* point 10: the type */
	{ "given another type, it is refused", "\"azurevm\"", "\"sevsnpvm\"", KW_E_TOK_TYPE, 1 },
	{ "given no type, it is refused", "\"x-ms-attestation-type\":\"azurevm\",", "",
	  KW_E_TOK_TYPE, 1 },
	{ "given a guest of another kind, it is refused", "\"sevsnpvm\"", "\"tdxvm\"",
	  KW_E_TOK_TYPE, 1 },
	/* type of the guest, attestation key, report data, debuggable */
	{ "given no guest, it is refused", "\"x-ms-isolation-tee\"", "\"x-ms-other\"",
	  KW_E_TOK_TYPE, 4 },
	/* point 10: the client payload */
	{ "given another nonce, it is refused", "bm9uY2U=", "bm9uY2V4", KW_E_TOK_NONCE, 1 },
	{ "given a nonce without padding, it is refused", "bm9uY2U=", "bm9uY2U", KW_E_TOK_NONCE,
	  1 },
	{ "given the nonce as it was sent, it is refused", "bm9uY2U=", "nonce", KW_E_TOK_NONCE, 1 },
	{ "given an empty nonce, it is refused", "bm9uY2U=", "", KW_E_TOK_NONCE, 1 },
	{ "given another name, it is refused", "\"nonce\"", "\"nonc\"", KW_E_TOK_NONCE, 1 },
	{ "given a member more, it is refused", "{\"nonce\"", "{\"more\":\"\",\"nonce\"",
	  KW_E_TOK_NONCE, 1 },
	{ "given a number as nonce, it is refused", "\"bm9uY2U=\"", "1", KW_E_TOK_NONCE, 1 },
	{ "given no payload, it is refused", "\"client-payload\"", "\"payload\"", KW_E_TOK_NONCE,
	  1 },
	{ "given another wrapping key, it is refused", "$WRAP", "$FOREIGN", KW_E_TOK_WRAPPING_KEY,
	  1 },
	{ "given the attestation key there, it is refused", "$WRAP", "$AK", KW_E_TOK_WRAPPING_KEY,
	  1 },
	{ "given another name of it, it is refused", "TpmEphemeralEncryptionKey", "Tpm",
	  KW_E_TOK_WRAPPING_KEY, 1 },
	{ "given a foreign key in front, it is refused", OURS, THEIRS "," OURS,
	  KW_E_TOK_WRAPPING_KEY, 1 },
	{ "given a foreign key behind, it passes", OURS, OURS "," THEIRS, KW_OK, 0 },
	{ "given a foreign key of our name in front, it is refused", OURS,
	  RSA_KEY("TpmEphemeralEncryptionKey", "\"encrypt\"", "$FOREIGN") "," OURS,
	  KW_E_TOK_WRAPPING_KEY, 1 },
	{ "given an EC key in front, it passes", OURS,
	  "{\"kty\":\"EC\",\"kid\":\"ec\",\"key_ops\":[\"encrypt\"]}," OURS, KW_OK, 0 },
	{ "given a key without kid in front, it passes", OURS,
	  "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"$FOREIGN\",\"key_ops\":[\"encrypt\"]}," OURS,
	  KW_OK, 0 },
	{ "given a key that is not for encryption, it is refused", "[\"encrypt\"]", "[\"sign\"]",
	  KW_E_TOK_WRAPPING_KEY, 1 },
	{ "given two operations, it passes", "[\"encrypt\"]", "[\"wrapKey\",\"encrypt\"]", KW_OK,
	  0 },
	{ "given use enc, it passes", "\"key_ops\":[\"encrypt\"]", "\"use\":\"enc\"", KW_OK, 0 },
	{ "given key_use enc, it passes", "\"key_ops\":[\"encrypt\"]", "\"key_use\":[\"enc\"]",
	  KW_OK, 0 },
	{ "given use sig, it is refused", "\"key_ops\":[\"encrypt\"]", "\"use\":\"sig\"",
	  KW_E_TOK_WRAPPING_KEY, 1 },
	{ "given a broken modulus, it is refused", "$WRAP", "!", KW_E_TOK_WRAPPING_KEY, 1 },
	{ "given no keys, it is refused", OURS, "", KW_E_TOK_WRAPPING_KEY, 1 },
	{ "given no client runtime, it is refused", "\"x-ms-runtime\":{\"client",
	  "\"x-ms-other\":{\"client", KW_E_TOK_NONCE, 2 },
	/* point 10: the machine */
	{ "given another attestation key, it is refused", "$AK", "$FOREIGN", KW_E_TOK_AK, 1 },
	{ "given another name of it, it is refused", "HCLAkPub", "HCLEkPub", KW_E_TOK_AK, 1 },
	{ "given another report, it is refused", "\"9b6d02", "\"9b6d03", KW_E_TOK_REPORT, 1 },
	{ "given a byte in the upper half, it is refused", "00\"", "01\"", KW_E_TOK_REPORT, 1 },
	{ "given half a report data, it is refused", DATA, DATA32, KW_E_TOK_REPORT, 1 },
	{ "given no report data, it is refused", "-reportdata", "-data", KW_E_TOK_REPORT, 1 },
	{ "given report data in upper case, it passes", "\"9b6d02e7", "\"9B6D02E7", KW_OK, 0 },
	/* point 11 */
	{ "given a debuggable guest, it is refused", "able\":false", "able\":true", KW_E_TOK_DEBUG,
	  1 },
	{ "given false as text, it is refused", "able\":false", "able\":\"false\"", KW_E_TOK_DEBUG,
	  1 },
	{ "given nothing about it, it is refused", "is-debuggable", "is-debug", KW_E_TOK_DEBUG, 1 },
};

/* Points 6 to 8. Without a key there is no signature either. */
static const struct key_row {
	const char *name, *jwks; /* "-": not known */
	EVP_PKEY **signer;
	enum kw_error_name expect;
	size_t n_failed;
} key_rows[] = {
	{ "given a certificate as key, it passes", "c", &service_key, KW_OK, 0 },
	{ "given a key in both forms, it passes", "b", &service_key, KW_OK, 0 },
	{ "given an empty key set, it is refused", "", &service_key, KW_E_TOK_KID, 2 },
	{ "given the key under another kid alone, it is refused", "k", &service_key, KW_E_TOK_KID,
	  2 },
	{ "given another signer, it is refused", "n", &other_key, KW_E_TOK_SIGNATURE, 1 },
	{ "given another key under the kid, it is refused", "o", &service_key, KW_E_TOK_SIGNATURE,
	  1 },
	{ "given two keys under the kid, the right one is found", "on", &service_key, KW_OK, 0 },
	{ "given a key and a certificate that differ, it is refused", "m", &service_key,
	  KW_E_TOK_SIGNATURE, 1 },
	{ "given a key of 1024 bits, it is refused", "w", &weak_key, KW_E_TOK_SIGNATURE, 1 },
	{ "given a certificate that has just ended, it is refused", "e", &service_key,
	  KW_E_TOK_KEY_WEAK, 1 },
	{ "given a certificate in its last second, it passes", "l", &service_key, KW_OK, 0 },
	{ "given a certificate that begins later, it is refused", "f", &service_key,
	  KW_E_TOK_KEY_WEAK, 1 },
	{ "given a certificate that has just begun, it passes", "a", &service_key, KW_OK, 0 },
	{ "given a renewed certificate behind the old one, it passes", "ec", &service_key, KW_OK,
	  0 },
	{ "given a renewed certificate before the old one, it passes", "ce", &service_key, KW_OK,
	  0 },
	{ "given old certificates only, it is refused", "ee", &service_key, KW_E_TOK_KEY_WEAK, 1 },
	{ "given a self-issued certificate of another name, it is refused", "s", &service_key,
	  KW_E_TOK_KEY_WEAK, 1 },
	{ "given a certificate of an authority, any name passes", "d", &service_key, KW_OK, 0 },
	{ "given no known keys, the signature is not possible", "-", &service_key, KW_OK, 0 },
};

/* What the rules change. */
enum rules { OFFLINE, ALLOW_DEBUG, SNP_TOKEN };

static const struct rules_row {
	const char *name;
	enum rules rules;
	const char *from, *to;
	enum kw_error_name expect;
	size_t n_failed;
} rules_rows[] = {
	{ "given a debuggable guest and leave to debug, it passes", ALLOW_DEBUG, "able\":false",
	  "able\":true", KW_OK, 0 },
	{ "given a good token offline, it passes", OFFLINE, NULL, NULL, KW_OK, 0 },
	{ "given nothing about debugging offline, it is not possible", OFFLINE, "is-debuggable",
	  "is-debug", KW_OK, 0 },
	{ "given a debuggable guest offline, it is refused", OFFLINE, "able\":false", "able\":true",
	  KW_E_TOK_DEBUG, 1 },
	{ "given an expired token offline, it is refused", OFFLINE, "\"exp\":9000", "\"exp\":1",
	  KW_E_TOK_EXPIRED, 1 },
	/* A bare guest has its claims on top: type, report data, debuggable are not there. */
	{ "given a guest token as SNP token, it is refused", SNP_TOKEN, NULL, NULL, KW_E_TOK_TYPE,
	  3 },
};

static char *token_of(EVP_PKEY *signer, const char *from, const char *to)
{
	bool in_header = from && strstr(header, from);
	KW_CLEANUP(freep) char *first = bent(header, in_header ? from : NULL, to);
	KW_CLEANUP(freep) char *second = bent(payload, in_header ? NULL : from, to);
	KW_CLEANUP(freep) char *wrap = modulus_text(wrapping_key);
	KW_CLEANUP(freep) char *ak = modulus_text(ak_key);
	KW_CLEANUP(freep) char *foreign = modulus_text(foreign_key);

	fill_in(&second, "$WRAP", wrap);
	fill_in(&second, "$AK", ak);
	fill_in(&second, "$FOREIGN", foreign);
	return signed_jws(signer, first, second);
}

/* What we sent and know: the rules of a session. */
struct known {
	struct kw_json *payload;
	struct kw_public_key *wrapping_key, *ak;
	uint8_t report_data[64];
	struct kw_token_rules rules;
};

static void known_make(struct known *known)
{
	known->payload = kw_json_new_object();
	kw_json_add_string(known->payload, "nonce", "nonce");
	known->wrapping_key = public_half(wrapping_key);
	known->ak = public_half(ak_key);
	assert_true(kw_hex_decode(DATA, known->report_data, sizeof(known->report_data)));
	known->rules = (struct kw_token_rules){
		.issuer = ISSUER,
		.now_s = NOW,
		.skew_s = SKEW,
		.attestation_type = "azurevm",
		.payload = known->payload,
		.wrapping_key = known->wrapping_key,
		.wrapping_kid = "TpmEphemeralEncryptionKey",
		.ak = known->ak,
		.report_data = KW_BYTES(known->report_data),
		.guest = true,
	};
}

static void known_clear(struct known *known)
{
	kw_json_free(known->payload);
	kw_public_key_free(known->wrapping_key);
	kw_public_key_free(known->ak);
}

/* Returns the expiry. */
static int64_t judge(const char *token, const char *letters, const struct kw_token_rules *rules,
		     struct kw_checks *checks)
{
	KW_CLEANUP(kw_json_freep)
	struct kw_json *jwks = letters[0] == '-' ? NULL : jwks_of(letters);
	struct kw_error err = { 0 };
	int64_t expiry_s = -1;

	if (kw_token_judge(kw_bytes_text(token), jwks, rules, checks, &expiry_s, &err) < 0)
		fail_msg("%s", err.detail);
	return expiry_s;
}

static void judges_the_token(void **state)
{
	const struct bent_row *row = *state;
	KW_CLEANUP(freep) char *token = token_of(service_key, row->from, row->to);
	KW_CLEANUP(known_clear) struct known known = { 0 };
	struct kw_checks checks = { 0 };

	known_make(&known);
	int64_t expiry_s = judge(token, "n", &known.rules, &checks);
	assert_checks(&checks, row->expect, row->n_failed);
	if (!row->from)
		assert_int_equal(expiry_s, 9000);
}

static void judges_the_key(void **state)
{
	const struct key_row *row = *state;
	KW_CLEANUP(freep) char *token = token_of(*row->signer, NULL, NULL);
	KW_CLEANUP(known_clear) struct known known = { 0 };
	struct kw_checks checks = { 0 };

	known_make(&known);
	judge(token, row->jwks, &known.rules, &checks);
	assert_checks(&checks, row->expect, row->n_failed);
	if (row->jwks[0] == '-')
		assert_int_equal(kw_checks_find(&checks, "token signature")->verdict,
				 KW_VERDICT_NOT_POSSIBLE);
}

static void set_rules(enum rules change, struct kw_token_rules *rules)
{
	switch (change) {
	case OFFLINE:
		*rules = (struct kw_token_rules){
			.issuer = ISSUER, .now_s = NOW, .skew_s = SKEW, .guest = true
		};
		break;
	case ALLOW_DEBUG:
		rules->allow_debug = true;
		break;
	case SNP_TOKEN:
		rules->attestation_type = "sevsnpvm";
		rules->ak = NULL;
		rules->guest = false;
		break;
	}
}

static void judges_by_rules(void **state)
{
	const struct rules_row *row = *state;
	KW_CLEANUP(freep) char *token = token_of(service_key, row->from, row->to);
	KW_CLEANUP(known_clear) struct known known = { 0 };
	struct kw_checks checks = { 0 };

	known_make(&known);
	set_rules(row->rules, &known.rules);
	judge(token, "n", &known.rules, &checks);
	assert_checks(&checks, row->expect, row->n_failed);
	const struct kw_check *debuggable = kw_checks_find(&checks, "debuggable in the token");
	if (row->to && strcmp(row->to, "is-debug") == 0)
		assert_int_equal(debuggable->verdict, KW_VERDICT_NOT_POSSIBLE);
}

int main(void)
{
	token_keys_make();
	int failed = KW_ROWS_RUN(bent_rows, judges_the_token)
		     + KW_ROWS_RUN(key_rows, judges_the_key)
		     + KW_ROWS_RUN(rules_rows, judges_by_rules);
	token_keys_drop();
	return failed;
}
