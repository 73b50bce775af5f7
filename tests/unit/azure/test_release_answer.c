/* SPDX-License-Identifier: Apache-2.0 */
/* Release answers, good but for one thing (key release 4.4 and 4.5). */
#include "azure/vault.h"
#include "bent.h"
#include "jose/x5c_pki.h"
#include "test_keys.h"

/* Filled in: $T the leaf's SHA-256, $X the certificates, $H the key_hsm, $N a modulus. */
static const char header[] =
	"{\"alg\":\"RS256\",\"kid\":\"F00\",\"typ\":\"JWT\",\"x5t#S256\":\"$T\",\"x5c\":$X}";
static const char payload[] =
	"{\"request\":{\"api-version\":\"7.4\",\"enc\":\"RSA_AES_KEY_WRAP_256\","
	"\"kid\":\"https://vault.example.test/keys/disk\",\"nonce\":\"n0nce\"},"
	"\"response\":{\"key\":{\"key\":{\"kid\":\"https://vault.example.test/keys/disk/v1\","
	"\"kty\":\"RSA-HSM\",\"key_ops\":[\"decrypt\"],\"n\":\"$N\",\"e\":\"AQAB\","
	"\"key_hsm\":\"$H\"},\"attributes\":{\"enabled\":true,\"nbf\":11,\"exp\":22},"
	"\"tags\":{},\"release_policy\":{}}}}";
static const char wrapped[] =
	"{\"schema_version\":\"1.0\",\"header\":{\"kid\":\"TpmEphemeralEncryptionKey\","
	"\"alg\":\"dir\",\"enc\":\"RSA_AES_KEY_WRAP_256\"},\"ciphertext\":\"Zm9v\"}";

static const char *text_of(const char *from)
{
	if (!from || strstr(payload, from))
		return payload;
	return strstr(header, from) ? header : wrapped;
}

static char *header_of(const char *letters, const char *from, const char *to)
{
	char *text = bent(header, text_of(from) == header ? from : NULL, to);
	KW_CLEANUP(kw_blob_clear) struct kw_blob leaf = x5c_der(letters[0]);
	KW_CLEANUP(kw_json_freep) struct kw_json *x5c = x5c_json(letters);
	KW_CLEANUP(freep) char *x5c_text = kw_json_print(x5c);
	uint8_t digest[KW_SHA256_SIZE];

	kw_digest(KW_SHA256, kw_blob_bytes(&leaf), digest);
	KW_CLEANUP(freep) char *thumbprint = base64url(KW_BYTES(digest));
	fill_in(&text, "$T", thumbprint);
	fill_in(&text, "$X", x5c_text);
	return text;
}

static char *payload_of(const char *from, const char *to)
{
	char *text = bent(payload, text_of(from) == payload ? from : NULL, to);
	KW_CLEANUP(freep) char *inner = bent(wrapped, text_of(from) == wrapped ? from : NULL, to);
	KW_CLEANUP(freep) char *key_hsm = base64url(kw_bytes_text(inner));
	KW_CLEANUP(freep) char *n = modulus_text(leaf_key);

	fill_in(&text, "$H", key_hsm);
	fill_in(&text, "$N", n);
	return text;
}

/* The HTTP answer: signed with the key of the leaf, or with `signer`. */
static char *answer_of(const char *letters, EVP_PKEY *signer, const char *from, const char *to)
{
	KW_CLEANUP(freep) char *first = header_of(letters, from, to);
	KW_CLEANUP(freep) char *second = payload_of(from, to);
	KW_CLEANUP(freep) char *jws = signed_jws(signer, first, second);

	return kw_format("{\"value\":\"%s\"}", jws);
}

struct known {
	struct kw_key_id key;
	struct kw_signer_roots *roots;
	struct kw_release_rules rules;
};

static void known_make(struct known *known, const char *url)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob pem = x5c_pem("R");
	struct kw_error err = { 0 };

	assert_true(kw_key_id_parse(url, &known->key));
	assert_int_equal(kw_signer_roots_parse(kw_blob_bytes(&pem), &known->roots, &err), 0);
	known->rules = (struct kw_release_rules){
		.key = &known->key,
		.enc = "RSA_AES_KEY_WRAP_256",
		.nonce = "n0nce",
		.wrapping_kid = "TpmEphemeralEncryptionKey",
		.roots = known->roots,
		.now_s = Y2026,
		.require_nonce_echo = true,
	};
}

static void known_clear(struct known *known)
{
	kw_signer_roots_free(known->roots);
}

static void judge(const char *body, const struct kw_release_rules *rules, struct kw_checks *checks,
		  struct kw_release_answer *ret)
{
	struct kw_error err = { 0 };

	if (kw_release_answer_judge(kw_bytes_text(body), rules, checks, ret, &err) < 0)
		fail_msg("%s", err.detail);
}

static const struct bent_row {
	const char *name, *from, *to; /* in payload, header or key_hsm, where it stands */
	enum kw_error_name expect;
	size_t n_failed;
} bent_rows[] = {
	{ "given a good answer, it passes", NULL, NULL, KW_OK, 0 },

	/* point 2: nothing of the signature is looked at */
	{ "given alg none, it is refused", "RS256", "none", KW_E_REL_JWS_ALG, 1 },
	{ "given HMAC, it is refused", "RS256", "HS256", KW_E_REL_JWS_ALG, 1 },
	{ "given RS512, it is refused", "RS256", "RS512", KW_E_REL_JWS_ALG, 1 },
	/* point 4 */
	{ "given no x5t#S256, it passes", "\"x5t#S256\"", "\"x5t\"", KW_OK, 0 },
	{ "given another x5t#S256, it is refused", "$T",
	  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", KW_E_REL_JWS_X5T, 1 },
	{ "given a number as x5t#S256, it is refused", "\"$T\"", "1", KW_E_REL_JWS_X5T, 1 },
	{ "given null as x5t#S256, it is refused", "\"$T\"", "null", KW_E_REL_JWS_X5T, 1 },

	/* point 7 */
	{ "given another enc in the request, it is refused",
	  "7.4\",\"enc\":\"RSA_AES_KEY_WRAP_256\"", "7.4\",\"enc\":\"RSA_AES_KEY_WRAP_384\"",
	  KW_E_REL_ENC, 2 },
	{ "given no enc in the request, it is refused", "\"enc\":\"RSA_AES_KEY_WRAP_256\",\"kid\"",
	  "\"kid\"", KW_E_REL_ENC, 2 },
	{ "given another nonce, it is refused", "n0nce", "n0nc", KW_E_REL_NONCE, 1 },
	{ "given a number as nonce, it is refused", "\"n0nce\"", "0", KW_E_REL_NONCE, 1 },
	{ "given no nonce, it is refused", ",\"nonce\":\"n0nce\"", "", KW_E_REL_NONCE, 1 },
	{ "given another key asked for, it is refused", "/keys/disk\"", "/keys/disc\"",
	  KW_E_REL_KID, 1 },
	{ "given a version that was not asked for, it is refused", "/keys/disk\"",
	  "/keys/disk/v1\"", KW_E_REL_KID, 1 },
	{ "given another vault asked, it is refused",
	  "\"kid\":\"https://vault.example.test/keys/disk\"",
	  "\"kid\":\"https://evil.example.test/keys/disk\"", KW_E_REL_KID, 1 },
	{ "given no key asked for, it is refused",
	  "\"kid\":\"https://vault.example.test/keys/disk\"", "\"k\":1", KW_E_REL_KID, 1 },
	{ "given no request, it is refused", "\"request\"", "\"r\"", KW_E_REL_ENC, 4 },

	/* point 8 */
	{ "given another version in the answer, it passes", "disk/v1", "disk/v2", KW_OK, 0 },
	{ "given another key in the answer, it is refused", "disk/v1", "disc/v1", KW_E_REL_KID, 1 },
	{ "given a key without version, it is refused", "disk/v1", "disk", KW_E_REL_KID, 1 },
	{ "given a key of another vault, it is refused", "vault.example.test/keys/disk/v1",
	  "evil.example.test/keys/disk/v1", KW_E_REL_KID, 1 },
	{ "given a key of another port, it is refused", "test/keys/disk/v1",
	  "test:8443/keys/disk/v1", KW_E_REL_KID, 1 },
	{ "given a key over http, it is refused", "https://vault.example.test/keys/disk/v1",
	  "http://vault.example.test/keys/disk/v1", KW_E_REL_KID, 1 },
	{ "given no identifier of the key, it is refused",
	  "\"kid\":\"https://vault.example.test/keys/disk/v1\",", "", KW_E_REL_KID, 1 },
	/* key, type, wrapped key */
	{ "given no answer, it is refused", "\"response\"", "\"r\"", KW_E_REL_KID, 3 },

	/* point 9 */
	{ "given a disabled key, it is refused", "\"enabled\":true", "\"enabled\":false",
	  KW_E_REL_DISABLED, 1 },
	{ "given false as text, it is refused", "\"enabled\":true", "\"enabled\":\"false\"",
	  KW_E_REL_DISABLED, 1 },
	{ "given nothing about it, it passes", "\"enabled\":true,", "", KW_OK, 0 },
	{ "given no attributes, it passes", "\"attributes\"", "\"a\"", KW_OK, 0 },

	/* the type and the public half */
	{ "given another type of key, it is refused", "RSA-HSM", "OKP", KW_E_REL_ANSWER, 1 },
	{ "given a type in lower case, it is refused", "RSA-HSM", "rsa-hsm", KW_E_REL_ANSWER, 1 },
	{ "given no type, it is refused", "\"kty\":\"RSA-HSM\",", "", KW_E_REL_ANSWER, 1 },
	{ "given a broken modulus, it is refused", "$N", "!", KW_E_REL_ANSWER, 1 },
	{ "given a modulus of 8 bits, it is refused", "$N", "_w", KW_E_REL_ANSWER, 1 },
	{ "given a point off its curve, it is refused", "RSA-HSM\"",
	  "EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"", KW_E_REL_ANSWER, 1 },
	{ "given one coordinate alone, it is refused", "RSA-HSM\"",
	  "EC\",\"crv\":\"P-256\",\"y\":\"AA\"", KW_E_REL_ANSWER, 1 },

	/* point 10 and 4.5 */
	{ "given no key_hsm, it is refused", "\"key_hsm\"", "\"k\"", KW_E_REL_JWS_FORM, 1 },
	{ "given a key_hsm that is not base64url, it is refused", "$H", "+", KW_E_REL_JWS_FORM, 1 },
	{ "given a key_hsm that is not JSON, it is refused", "$H", "Zm9v", KW_E_REL_JWS_FORM, 1 },
	{ "given another schema, it is refused", "\"1.0\"", "\"2.0\"", KW_E_REL_JWS_FORM, 1 },
	{ "given no ciphertext, it is refused", "\"ciphertext\"", "\"c\"", KW_E_REL_JWS_FORM, 1 },
	{ "given an unknown wrapping, it is refused", "\"dir\",\"enc\":\"RSA_AES_KEY_WRAP_256\"",
	  "\"dir\",\"enc\":\"dir\"", KW_E_UNW_ENC, 1 },
	{ "given another wrapping than in the request, it is refused",
	  "\"dir\",\"enc\":\"RSA_AES_KEY_WRAP_256\"", "\"dir\",\"enc\":\"CKM_RSA_AES_KEY_WRAP\"",
	  KW_E_REL_ENC, 1 },
	{ "given another wrapping key, it is refused", "TpmEphemeralEncryptionKey", "HCLAkPub",
	  KW_E_REL_WRAPPING_KID, 1 },
};

static void judges_the_answer(void **state)
{
	const struct bent_row *row = *state;
	KW_CLEANUP(freep) char *body = answer_of("LI", leaf_key, row->from, row->to);
	KW_CLEANUP(known_clear) struct known known = { 0 };
	KW_CLEANUP(kw_release_answer_clear) struct kw_release_answer answer = { 0 };
	struct kw_checks checks = { 0 };

	known_make(&known, "https://vault.example.test/keys/disk");
	judge(body, &known.rules, &checks, &answer);
	assert_checks(&checks, row->expect, row->n_failed);
}

static EVP_PKEY *other_signer;

/* Points 3 to 6. */
static const struct chain_row {
	const char *name, *x5c;
	EVP_PKEY **signer;
	enum kw_error_name expect;
	size_t n_failed;
} chain_rows[] = {
	{ "given the root too, it passes", "LIR", &leaf_key, KW_OK, 0 },
	{ "given another signer, it is refused", "LI", &other_signer, KW_E_REL_JWS_SIGNATURE, 1 },
	{ "given no intermediate, it is refused", "L", &leaf_key, KW_E_REL_JWS_CHAIN, 1 },
	{ "given a certificate for clients, it is refused", "CI", &leaf_key, KW_E_REL_JWS_CHAIN,
	  1 },
	{ "given an ended intermediate, it is refused", "LJ", &leaf_key, KW_E_REL_JWS_TIME, 1 },
	{ "given the name as common name alone, it is refused", "NI", &leaf_key, KW_E_REL_JWS_HOST,
	  1 },
	/* The leaf's key is refused, so that nothing can verify; OpenSSL calls the chain weak. */
	{ "given a key of 1024 bits, it is refused", "WI", &weak_key, KW_E_REL_JWS_FORM, 3 },
	{ "given a certificate that is none, it is refused", "Lx", &leaf_key, KW_E_REL_JWS_FORM,
	  1 },
};

static void judges_the_chain(void **state)
{
	const struct chain_row *row = *state;
	KW_CLEANUP(freep) char *body = answer_of(row->x5c, *row->signer, NULL, NULL);
	KW_CLEANUP(known_clear) struct known known = { 0 };
	KW_CLEANUP(kw_release_answer_clear) struct kw_release_answer answer = { 0 };
	struct kw_checks checks = { 0 };

	known_make(&known, "https://vault.example.test/keys/disk");
	judge(body, &known.rules, &checks, &answer);
	assert_checks(&checks, row->expect, row->n_failed);
}

/* What the rules ask for. */
static const struct rules_row {
	const char *name, *url; /* NULL: the key is not known */
	const char *vault, *from, *to;
	bool nonce_needed;
	enum kw_error_name expect;
	size_t n_failed;
} rules_rows[] = {
	{ "given a version asked for and echoed, it passes",
	  "https://vault.example.test/keys/disk/v1", NULL, "/keys/disk\"", "/keys/disk/v1\"", true,
	  KW_OK, 0 },
	{ "given a version that is not echoed, it is refused",
	  "https://vault.example.test/keys/disk/v1", NULL, NULL, NULL, true, KW_E_REL_KID, 1 },
	{ "given another version than asked for, it is refused twice",
	  "https://vault.example.test/keys/disk/v2", NULL, NULL, NULL, true, KW_E_REL_KID, 2 },
	{ "given no nonce where none is needed, it is not possible",
	  "https://vault.example.test/keys/disk", NULL, ",\"nonce\":\"n0nce\"", "", false, KW_OK,
	  0 },
	{ "given another nonce where none is needed, it is refused",
	  "https://vault.example.test/keys/disk", NULL, "n0nce", "n0nc", false, KW_E_REL_NONCE, 1 },
	{ "given another host, certificate and identifiers are refused",
	  "https://a.vault.example.test/keys/disk", NULL, NULL, NULL, true, KW_E_REL_JWS_HOST, 3 },
	{ "given the vault alone, any key of it passes", NULL, "https://vault.example.test",
	  "disk/v1", "other/v7", true, KW_OK, 0 },
	{ "given the vault alone, a key without version is refused", NULL,
	  "https://vault.example.test", "disk/v1", "disk", true, KW_E_REL_KID, 1 },
	{ "given the vault alone, a key of another is refused", NULL, "https://vault.example.test",
	  "vault.example.test/keys/disk/v1", "evil.example.test/keys/disk/v1", true, KW_E_REL_KID,
	  1 },
	{ "given another vault alone, it is refused", NULL, "https://evil.example.test", NULL, NULL,
	  true, KW_E_REL_JWS_HOST, 3 },
	{ "given neither, the host is not possible", NULL, NULL, NULL, NULL, true, KW_OK, 0 },
};

static void judges_by_rules(void **state)
{
	const struct rules_row *row = *state;
	KW_CLEANUP(freep) char *body = answer_of("LI", leaf_key, row->from, row->to);
	KW_CLEANUP(known_clear) struct known known = { 0 };
	KW_CLEANUP(kw_release_answer_clear) struct kw_release_answer answer = { 0 };
	struct kw_origin vault = { 0 };
	struct kw_checks checks = { 0 };

	known_make(&known, row->url ? row->url : "https://vault.example.test/keys/disk");
	known.rules.require_nonce_echo = row->nonce_needed;
	if (!row->url)
		known.rules.key = NULL;
	if (row->vault) {
		assert_true(kw_origin_parse(row->vault, &vault, NULL));
		known.rules.vault = &vault;
	}
	judge(body, &known.rules, &checks, &answer);
	assert_checks(&checks, row->expect, row->n_failed);
	assert_int_equal(kw_checks_find(&checks, "x5c host")->verdict == KW_VERDICT_NOT_POSSIBLE,
			 !row->url && !row->vault);
	assert_int_equal(kw_checks_find(&checks, "nonce of the release")->verdict
				 == KW_VERDICT_NOT_POSSIBLE,
			 !row->nonce_needed && row->expect == KW_OK);
}

static const struct type_row {
	const char *name, *kty; /* with what follows it */
	const char *found, *crv;
	bool has_public, public_missing;
} type_rows[] = {
	{ "given an RSA key, its public half is read", "RSA-HSM\"", "RSA-HSM", "", true, false },
	{ "given an RSA key without its modulus, that is noted", "RSA\",\"x-n\":1", "RSA", "",
	  false, true },
	{ "given an EC key, its public half is read",
	  "EC-HSM\",\"crv\":\"P-256\",\"x\":\"axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY\","
	  "\"y\":\"T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU\"",
	  "EC-HSM", "P-256", true, false },
	{ "given an EC key without its point, that is noted", "EC\",\"crv\":\"P-256\"", "EC",
	  "P-256", false, true },
	{ "given an oct key, it has no public half", "oct\"", "oct", "", false, false },
	{ "given an oct key of an HSM, it has no public half", "oct-HSM\"", "oct-HSM", "", false,
	  false },
};

static void reads_the_key(void **state)
{
	const struct type_row *row = *state;
	bool no_modulus = strstr(row->kty, "x-n") != NULL;
	KW_CLEANUP(freep)
	char *body = answer_of("LI", leaf_key,
			       no_modulus ? "RSA-HSM\",\"key_ops\":[\"decrypt\"],\"n\":\"$N\""
					  : "RSA-HSM\"",
			       row->kty);
	KW_CLEANUP(known_clear) struct known known = { 0 };
	KW_CLEANUP(kw_release_answer_clear) struct kw_release_answer answer = { 0 };
	struct kw_checks checks = { 0 };

	known_make(&known, "https://vault.example.test/keys/disk");
	judge(body, &known.rules, &checks, &answer);
	assert_checks(&checks, KW_OK, 0);
	assert_string_equal(answer.kty, row->found);
	assert_string_equal(answer.crv, row->crv);
	assert_int_equal(answer.public != NULL, row->has_public);
	assert_int_equal(answer.public_missing, row->public_missing);
	assert_string_equal(answer.kid, "https://vault.example.test/keys/disk/v1");
	assert_string_equal(answer.version, "v1");
	assert_int_equal(answer.nbf_s, 11);
	assert_int_equal(answer.exp_s, 22);
	assert_int_equal(kw_json_count(answer.key_ops), no_modulus ? 0 : 1);
	assert_string_equal(answer.wrapped.kid, "TpmEphemeralEncryptionKey");
	assert_int_equal(answer.wrapped.oaep, KW_SHA256);
	assert_true(
		kw_bytes_equal(kw_blob_bytes(&answer.wrapped.ciphertext), kw_bytes_text("foo")));
}

static const struct body_row {
	const char *name, *body;
	enum kw_error_name expect;
} body_rows[] = {
	{ "given no JSON, there is nothing to judge", "value", KW_E_REL_ANSWER },
	{ "given no value, there is nothing to judge", "{}", KW_E_REL_ANSWER },
	{ "given a number as value, there is nothing to judge", "{\"value\":1}", KW_E_REL_ANSWER },
	{ "given two values, there is nothing to judge", "{\"value\":\"\",\"value\":\"\"}",
	  KW_E_REL_ANSWER },
	{ "given no JWS, there is nothing to judge", "{\"value\":\"e30.e30\"}", KW_E_REL_JWS_FORM },
	{ "given no certificate, there is nothing to judge",
	  "{\"value\":\"eyJhbGciOiJSUzI1NiJ9.e30.AA\"}", KW_E_REL_JWS_FORM },
};

static void refuses_the_body(void **state)
{
	const struct body_row *row = *state;
	KW_CLEANUP(known_clear) struct known known = { 0 };
	struct kw_release_answer answer = { 0 };
	struct kw_checks checks = { 0 };
	struct kw_error err = { 0 };

	known_make(&known, "https://vault.example.test/keys/disk");
	assert_int_equal(kw_release_answer_judge(kw_bytes_text(row->body), &known.rules, &checks,
						 &answer, &err),
			 -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_null(answer.payload);
}

int main(void)
{
	x5c_pki_make();
	other_signer = test_rsa_key(2048, 1);
	int failed = KW_ROWS_RUN(bent_rows, judges_the_answer)
		     + KW_ROWS_RUN(chain_rows, judges_the_chain)
		     + KW_ROWS_RUN(rules_rows, judges_by_rules)
		     + KW_ROWS_RUN(type_rows, reads_the_key)
		     + KW_ROWS_RUN(body_rows, refuses_the_body);
	EVP_PKEY_free(other_signer);
	x5c_pki_free();
	return failed;
}
