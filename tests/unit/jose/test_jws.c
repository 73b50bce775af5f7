/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/jws.h"

#include "certificate_data.h"
#include "ec_data.h"
#include "given.h"
#include "rfc7515_a2.h"
#include "rsa_data.h"
#include "util/text.h"

#define OBJECT "e30" /* {} */

static const struct form_row {
	const char *name, *header, *rest; /* the header in clear */
	int expect;
	const char *says;
} form_rows[] = {
	{ "given three parts, it parses", "{\"alg\":\"RS256\"}", "." OBJECT ".AAAA", 0, "" },
	{ "given another alg, it parses: its judge is the caller", "{\"alg\":\"none\"}",
	  "." OBJECT ".AAAA", 0, "" },
	{ "given two parts, it is refused", "{\"alg\":\"RS256\"}", "." OBJECT, -1,
	  "exactly three parts" },
	{ "given one part, it is refused", "{\"alg\":\"RS256\"}", "", -1, "exactly three parts" },
	{ "given four parts, it is refused", "{\"alg\":\"RS256\"}", "." OBJECT ".AAAA.AAAA", -1,
	  "exactly three parts" },
	{ "given a dot too many at the end, it is refused", "{\"alg\":\"RS256\"}",
	  "." OBJECT ".AAAA.", -1, "exactly three parts" },
	{ "given an empty header, it is refused", "", "." OBJECT ".AAAA", -1, "header is empty" },
	{ "given an empty payload, it is refused", "{\"alg\":\"RS256\"}", "..AAAA", -1,
	  "payload is empty" },
	{ "given an empty signature, it is refused", "{\"alg\":\"RS256\"}", "." OBJECT ".", -1,
	  "signature is empty" },
	{ "given padding in the signature, it is refused", "{\"alg\":\"RS256\"}",
	  "." OBJECT ".AA==", -1, "signature is not unpadded base64url" },
	{ "given standard base64, it is refused", "{\"alg\":\"RS256\"}", "." OBJECT ".ab+/", -1,
	  "signature is not unpadded base64url" },
	{ "given a blank behind, it is refused", "{\"alg\":\"RS256\"}", "." OBJECT ".AAAA\n", -1,
	  "signature is not unpadded base64url" },
	{ "given a header that is no JSON, it is refused", "alg", "." OBJECT ".AAAA", -1,
	  "JWS header" },
	{ "given a header that is a list, it is refused", "[]", "." OBJECT ".AAAA", -1,
	  "header is not a JSON object" },
	{ "given a payload that is a list, it is refused", "{\"alg\":\"RS256\"}", ".W10.AAAA", -1,
	  "payload is not a JSON object" },
	{ "given a member twice, it is refused", "{\"alg\":\"none\",\"alg\":\"RS256\"}",
	  "." OBJECT ".AAAA", -1, "JWS header" },
	{ "given no alg, it is refused", "{\"typ\":\"JWT\"}", "." OBJECT ".AAAA", -1, "'alg'" },
	{ "given an alg that is no text, it is refused", "{\"alg\":1}", "." OBJECT ".AAAA", -1,
	  "'alg'" },
	{ "given crit, it is refused", "{\"alg\":\"RS256\",\"b64\":false,\"crit\":[\"b64\"]}",
	  "." OBJECT ".AAAA", -1, "crit" },
};

static void judges_form(void **state)
{
	const struct form_row *row = *state;
	KW_CLEANUP(freep)
	char *header = kw_base64_encode(KW_BASE64URL, kw_bytes_text(row->header));
	KW_CLEANUP(freep) char *text = kw_format("%s%s", header, row->rest);
	KW_CLEANUP(kw_jws_clear) struct kw_jws jws = { 0 };
	struct kw_error err = { 0 };

	assert_int_equal(kw_jws_parse(kw_bytes_text(text), KW_E_TOK_FORM, &jws, &err), row->expect);
	assert_ptr_equal(err.def, kw_error_def(row->expect ? KW_E_TOK_FORM : KW_OK));
	assert_non_null(strstr(err.detail, row->says));
	assert_int_equal(jws.alg != NULL, row->expect == 0);
}

static const struct size_row {
	const char *name;
	size_t len;
	int expect;
} size_rows[] = {
	{ "given 256 KiB, it parses", KW_JWS_SIZE_MAX, 0 },
	{ "given 256 KiB and four bytes, it is refused", KW_JWS_SIZE_MAX + 4, -1 },
};

static void judges_size(void **state)
{
	const struct size_row *row = *state;
	static const char lead[] = "eyJhbGciOiJSUzI1NiJ9." OBJECT ".";
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = kw_blob_new(row->len);
	KW_CLEANUP(kw_jws_clear) struct kw_jws jws = { 0 };
	struct kw_error err = { 0 };

	memset(text.data, 'A', text.len);
	memcpy(text.data, lead, strlen(lead));
	assert_int_equal(kw_jws_parse(kw_blob_bytes(&text), KW_E_TOK_FORM, &jws, &err),
			 row->expect);
}

static const struct verify_row {
	const char *name, *payload, *n;
	bool expect;
} verify_rows[] = {
	{ "given RFC 7515 A.2, it verifies", a2_payload, a2_n, true },
	{ "given another payload, it does not", OBJECT, a2_n, false },
	{ "given another key, it does not", a2_payload, "", false },
};

static void verifies(void **state)
{
	const struct verify_row *row = *state;
	KW_CLEANUP(freep)
	char *text = kw_format("%s.%s.%s", a2_header, row->payload, a2_signature);
	KW_CLEANUP(freep)
	char *jwk_text = kw_format("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}", row->n);
	KW_CLEANUP(kw_json_freep) struct kw_json *jwk = given_json(row->n[0] ? jwk_text : rsa_jwk);
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = NULL;
	KW_CLEANUP(kw_jws_clear) struct kw_jws jws = { 0 };
	struct kw_error err = { 0 };

	assert_int_equal(kw_public_key_from_jwk(jwk, KW_E_TOK_METADATA, &key, &err), 0);
	assert_int_equal(kw_jws_parse(kw_bytes_text(text), KW_E_TOK_FORM, &jws, &err), 0);
	assert_string_equal(jws.alg, "RS256");
	assert_int_equal(kw_jws_verify_rs256(&jws, key), row->expect);
}

/* RSA of 2047 bits: the modulus of A.2 with its highest bit gone. */
static void refuses_weak_and_foreign_keys(void **state)
{
	KW_CLEANUP(freep)
	char *text = kw_format("%s.%s.%s", a2_header, a2_payload, a2_signature);
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *ec = given_key(p256_spki);
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *weak = NULL;
	KW_CLEANUP(kw_jws_clear) struct kw_jws jws = { 0 };
	uint8_t n[256] = { [0] = 0x7f, [255] = 1 };
	struct kw_error err = { 0 };

	(void)state;
	assert_int_equal(kw_public_key_from_rsa(KW_BYTES(n), 65537, KW_E_SYS_DATA, &weak, &err), 0);
	assert_int_equal(kw_public_key_bits(weak), 2047);
	assert_int_equal(kw_jws_parse(kw_bytes_text(text), KW_E_TOK_FORM, &jws, &err), 0);
	assert_false(kw_jws_verify_rs256(&jws, weak));
	assert_false(kw_jws_verify_rs256(&jws, ec));
}

/* The key of cert_rsa and cert_self is that of rsa_data.h. */
#define RSA_NUMBERS "\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\""

static const struct jwks_row {
	const char *name, *entries; /* `@N` and `@X`: the members n and e, an x5c with cert_self */
	size_t says_yes_at;	    /* to which offered key; 0: to none */
	size_t n_kid, n_offered;
} jwks_rows[] = {
	{ "given numbers, they are offered", "{\"kid\":\"a\",@N}", 0, 1, 1 },
	{ "given x5c alone, its key is offered", "{\"kid\":\"a\",\"kty\":\"RSA\",@X}", 0, 1, 1 },
	{ "given both and they agree, it is offered", "{\"kid\":\"a\",@N,@X}", 0, 1, 1 },
	{ "given both and they differ, it is not",
	  "{\"kid\":\"a\",\"kty\":\"RSA\",\"n\":\"@A\",\"e\":\"AQAB\",@X}", 0, 1, 0 },
	{ "given neither, it is not offered", "{\"kid\":\"a\",\"kty\":\"RSA\"}", 0, 1, 0 },
	{ "given an x5c that is no certificate, it is not", "{\"kid\":\"a\",@N,\"x5c\":[\"AAAA\"]}",
	  0, 1, 0 },
	{ "given an empty x5c, it is not", "{\"kid\":\"a\",@N,\"x5c\":[]}", 0, 1, 0 },
	{ "given another kid, it is not", "{\"kid\":\"A\",@N}", 0, 0, 0 },
	{ "given no kid, it is not", "{@N}", 0, 0, 0 },
	{ "given no entry, none is", "", 0, 0, 0 },
	{ "given three with the kid and a no, all are offered",
	  "{\"kid\":\"a\",@N},{\"kid\":\"b\",@N},{\"kid\":\"a\",@X},{\"kid\":\"a\",@N}", 0, 3, 3 },
	{ "given three with the kid and a yes, the rest is not",
	  "{\"kid\":\"a\",@N},{\"kid\":\"a\",@X},{\"kid\":\"a\",@N}", 2, 3, 2 },
};

struct offers {
	struct kw_public_key *expect;
	size_t says_yes_at, n;
};

static bool take_offer(void *ctx, const struct kw_public_key *key, struct kw_bytes leaf)
{
	struct offers *offers = ctx;
	KW_CLEANUP(kw_blob_clear) struct kw_blob expect_leaf = given_base64(cert_self);

	assert_true(kw_public_key_equal(key, offers->expect));
	assert_true(leaf.len == 0 || kw_bytes_equal(leaf, kw_blob_bytes(&expect_leaf)));
	return ++offers->n == offers->says_yes_at;
}

/* `@N`, `@X`, `@A` replaced. */
static char *fill_in(const char *entries, const char *n)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };
	KW_CLEANUP(freep) char *numbers = kw_format(RSA_NUMBERS, n);
	KW_CLEANUP(freep) char *x5c = kw_format("\"x5c\":[\"%s\"]", cert_self);

	kw_blob_append(&text, kw_bytes_text("{\"keys\":["));
	for (const char *at = entries; *at; at++) {
		if (*at != '@') {
			kw_blob_append(&text, (struct kw_bytes){ (const uint8_t *)at, 1 });
			continue;
		}
		at++;
		kw_blob_append(&text, kw_bytes_text(*at == 'N'	 ? numbers
						    : *at == 'X' ? x5c
								 : a2_n));
	}
	kw_blob_append(&text, kw_bytes_text("]}"));
	return kw_strdup((const char *)text.data);
}

static void finds_keys(void **state)
{
	const struct jwks_row *row = *state;
	KW_CLEANUP(kw_json_freep) struct kw_json *private = given_json(rsa_jwk);
	KW_CLEANUP(freep)
	char *text = fill_in(row->entries, kw_json_string(kw_json_get(private, "n")));
	KW_CLEANUP(kw_json_freep) struct kw_json *jwks = given_json(text);
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = given_key(rsa_spki);
	struct offers offers = { key, row->says_yes_at, 0 };

	assert_int_equal(kw_jwks_try(jwks, "a", take_offer, &offers), row->n_kid);
	assert_int_equal(offers.n, row->n_offered);
}

int main(void)
{
	static const struct {
		const char *name;
	} once[] = { { "given RSA of 2047 bits or an EC key, RS256 does not verify" } };

	return KW_ROWS_RUN(form_rows, judges_form) + KW_ROWS_RUN(size_rows, judges_size)
	       + KW_ROWS_RUN(verify_rows, verifies)
	       + KW_ROWS_RUN(once, refuses_weak_and_foreign_keys)
	       + KW_ROWS_RUN(jwks_rows, finds_keys);
}
