/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed things of Azure and of the RFCs. The facts are those of the primitives, each asked for by
 * itself; the verdict is that of the verifier of the kind. RFC samples have no verifier: there the
 * signature decides. HMAC, which keyward does not offer, is OpenSSL's.
 */
#include "vectors/azure.h"

#include "jose/certificate.h"
#include "util/base64.h"
#include "vectors/jose.h"

#include <ctype.h>
#include <openssl/hmac.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

const char *vec_reason_of(const struct kw_error *err)
{
	static const struct {
		enum kw_error_name row;
		const char *reason;
	} names[] = {
		{ KW_E_TOK_FORM, "bad-jws" },
		{ KW_E_TOK_ALG, "alg-not-allowed" },
		{ KW_E_TOK_ISSUER, "issuer-mismatch" },
		{ KW_E_TOK_JKU, "jku-mismatch" },
		{ KW_E_TOK_KID, "unknown-kid" },
		{ KW_E_TOK_SIGNATURE, "bad-signature" },
		{ KW_E_TOK_KEY_WEAK, "key-cert-name-mismatch" },
		{ KW_E_TOK_EXPIRED, "expired" },
		{ KW_E_TOK_DEBUG, "debug-allowed" },
		{ KW_E_REL_JWS_FORM, "bad-jws" },
		{ KW_E_REL_JWS_ALG, "alg-not-allowed" },
		{ KW_E_REL_JWS_SIGNATURE, "bad-signature" },
		{ KW_E_REL_JWS_CHAIN, "chain-invalid" },
		{ KW_E_REL_JWS_HOST, "hostname-mismatch" },
		{ KW_E_REL_JWS_TIME, "certificate-time" },
		{ KW_E_REL_JWS_X5T, "x5t-mismatch" },
		{ KW_E_REL_ENC, "enc-mismatch" },
		{ KW_E_REL_GRAMMAR, "bad-policy" },
		{ KW_E_UNW_ENC, "unsupported-enc" },
		{ KW_E_UNW_LENGTH, "bad-length" },
		{ KW_E_UNW_FAILED, "unwrap-failed" },
		{ KW_E_UNW_PUBLIC_MISSING, "public-half-missing" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (kw_error_is(err, names[i].row))
			return names[i].reason;
	return err->def->id;
}

const struct kw_json *vec_verify_with(const struct vec_item *item, const char *name)
{
	return kw_json_get(kw_json_get(item->json, "verify_with"), name);
}

/* Claims. */

const struct kw_json *vec_at_path(const struct kw_json *from, const char *path)
{
	char name[128];

	while (from && *path) {
		size_t len = strcspn(path, ".");

		assert_true(len < sizeof(name));
		memcpy(name, path, len);
		name[len] = '\0';
		from = kw_json_get(from, name);
		path += len + (path[len] == '.');
	}
	return from;
}

/* One member per path that is asked for; its name is the whole path. */
static void claims_fact(struct vec_item *item, const struct kw_json *payload)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *claims = kw_json_new_object();
	const struct kw_json *path = kw_json_first(vec_param(item, "claims"));

	for (; path; path = kw_json_next(path)) {
		const struct kw_json *value = vec_at_path(payload, kw_json_string(path));

		if (value)
			kw_json_add(claims, kw_json_string(path), kw_json_copy(value));
		else
			kw_json_add_null(claims, kw_json_string(path));
	}
	vec_fact_json(item, "claims", claims);
}

void vec_claims(struct vec_item *item)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *claims = vec_json(item, "claims");

	claims_fact(item, claims);
	vec_reason(item, NULL);
}

/* The parts of a JWS. */

void vec_jws_parts_clear(struct vec_jws_parts *parts)
{
	kw_json_free(parts->header);
	kw_json_free(parts->payload);
	kw_blob_clear(&parts->payload_bytes);
	kw_blob_clear(&parts->signature);
}

static struct kw_json *parse(struct kw_bytes text)
{
	struct kw_json *json = NULL;
	struct kw_error ignored = { 0 };

	return kw_json_parse(text, KW_JSON_STRICT, KW_E_SYS_DATA, &json, &ignored) == 0 ? json
											: NULL;
}

static bool read_parts(const char *text, struct vec_jws_parts *ret)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob header = { 0 };
	const char *first = strchr(text, '.'), *second = first ? strchr(first + 1, '.') : NULL;
	const uint8_t *bytes = (const uint8_t *)text;

	if (!second || strchr(second + 1, '.'))
		return false;
	size_t payload_at = (size_t)(first - text) + 1, signed_size = (size_t)(second - text);
	ret->signing_input = (struct kw_bytes){ bytes, signed_size };
	if (!kw_base64_decode(KW_BASE64URL, (struct kw_bytes){ bytes, payload_at - 1 }, &header)
	    || !kw_base64_decode(KW_BASE64URL,
				 (struct kw_bytes){ bytes + payload_at, signed_size - payload_at },
				 &ret->payload_bytes)
	    || !kw_base64_decode(KW_BASE64URL, kw_bytes_text(second + 1), &ret->signature))
		return false;
	ret->header = parse(kw_blob_bytes(&header));
	ret->payload = parse(kw_blob_bytes(&ret->payload_bytes));
	return ret->header != NULL;
}

/* The certificates of a header have facts of their own. */
static void header_fact(struct vec_item *item, const struct kw_json *header)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *found = kw_json_new_object();

	for (const struct kw_json *m = kw_json_first(header); m; m = kw_json_next(m))
		if (strcmp(kw_json_name(m), "x5c") != 0)
			kw_json_add(found, kw_json_name(m), kw_json_copy(m));
	vec_fact_json(item, "header", found);
}

static void common_facts(struct vec_item *item, const struct vec_jws_parts *parts)
{
	uint8_t digest[KW_SHA256_SIZE];

	header_fact(item, parts->header);
	kw_digest(KW_SHA256, kw_blob_bytes(&parts->payload_bytes), digest);
	vec_fact_hex(item, "payload_sha256", KW_BYTES(digest));
	claims_fact(item, parts->payload);
}

/* The signature. */

/* The entry with the header's kid, or the first; the role may be a bare key too. */
static const struct kw_json *choose_key(const struct kw_json *jwks, const struct kw_json *header)
{
	const struct kw_json *list = kw_json_get(jwks, "keys"), *kid = kw_json_get(header, "kid");

	if (!list)
		return jwks;
	for (const struct kw_json *at = kw_json_first(list); at; at = kw_json_next(at))
		if (!kid || kw_json_equal(kw_json_get(at, "kid"), kid))
			return at;
	return NULL;
}

static struct kw_public_key *key_of(const struct kw_json *jwk)
{
	KW_CLEANUP(kw_certificate_clear) struct kw_certificate certificate = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob der = { 0 };
	const char *x5c = kw_json_string(kw_json_at(kw_json_get(jwk, "x5c"), 0));
	struct kw_public_key *key = NULL;
	struct kw_error err = { 0 };

	if (!x5c && kw_public_key_from_jwk(jwk, KW_E_TOK_METADATA, &key, &err) < 0)
		fail_msg("%s", err.detail);
	if (!x5c)
		return key;
	if (!kw_base64_decode(KW_BASE64, kw_bytes_text(x5c), &der)
	    || kw_certificate_parse(kw_blob_bytes(&der), false, KW_E_TOK_METADATA, &certificate,
				    &err)
		       < 0)
		fail_msg("x5c[0]: %s", err.detail);
	return KW_STEAL(certificate.key);
}

static bool verify_hmac(const struct kw_json *jwk, const struct vec_jws_parts *parts)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob key = { 0 };
	uint8_t mac[KW_SHA256_SIZE];
	struct kw_error err = { 0 };

	if (kw_json_want_base64(jwk, "k", KW_BASE64URL, KW_E_SYS_DATA, &key, &err) < 0)
		return false;
	HMAC(EVP_sha256(), key.data, (int)key.len, parts->signing_input.data,
	     parts->signing_input.len, mac, NULL);
	return kw_bytes_equal(KW_BYTES(mac), kw_blob_bytes(&parts->signature));
}

/* RFC 7518 3.1 */
static bool verify_with(const char *alg, const struct kw_public_key *key,
			const struct vec_jws_parts *parts)
{
	static const char *const sizes[] = { [KW_SHA256] = "256", "384", "512" };
	struct kw_bytes signature = kw_blob_bytes(&parts->signature);

	for (enum kw_hash hash = KW_SHA256; hash <= KW_SHA512; hash++) {
		if (strlen(alg) != 5 || strcmp(alg + 2, sizes[hash]) != 0)
			continue;
		if (alg[0] == 'R')
			return kw_verify_rsa_pkcs1(key, hash, parts->signing_input, signature);
		if (alg[0] == 'P')
			return kw_verify_rsa_pss(key, hash, (int)kw_hash_size(hash),
						 parts->signing_input, signature);
		if (alg[0] == 'E')
			return kw_verify_ecdsa(key, hash, parts->signing_input, signature);
	}
	return false;
}

/* Facts key_thumbprint and signature_ok, if there is a key. Returns what verifying said. */
static bool signature_facts(struct vec_item *item, const struct kw_json *jwks,
			    const struct vec_jws_parts *parts)
{
	const struct kw_json *jwk = choose_key(jwks, parts->header);
	const char *kty = kw_json_string(kw_json_get(jwk, "kty"));
	const char *alg = kw_json_string(kw_json_get(parts->header, "alg"));
	bool verified = false;

	if (!kty || !alg)
		return false;
	if (strcmp(kty, "oct") == 0) {
		verified = strcmp(alg, "HS256") == 0 && verify_hmac(jwk, parts);
		vec_fact_null(item, "key_thumbprint");
	} else {
		KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = key_of(jwk);
		KW_CLEANUP(freep) char *thumbprint = kw_public_key_thumbprint(key);

		verified = verify_with(alg, key, parts);
		vec_fact_str(item, "key_thumbprint", thumbprint);
	}
	vec_fact_bool(item, "signature_ok", verified);
	return verified;
}

/* Kinds. */

static void rfc_sample(struct vec_item *item, const struct vec_jws_parts *parts)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *jwks = vec_json(item, "jwks");

	vec_reason(item, signature_facts(item, jwks, parts) ? NULL : "bad-signature");
}

static void token(struct vec_item *item, const char *text, const struct vec_jws_parts *parts)
{
	if (parts->header && vec_has(item, "jwks")) {
		KW_CLEANUP(kw_json_freep) struct kw_json *jwks = vec_json(item, "jwks");

		signature_facts(item, jwks, parts);
	} else {
		vec_fact_null(item, "signature_ok");
	}
	vec_token(item, kw_bytes_text(text), parts);
}

void vec_jws(struct vec_item *item)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob file = vec_file(item, "jws");
	KW_CLEANUP(kw_json_freep) struct kw_json *answer = NULL;
	KW_CLEANUP(vec_jws_parts_clear) struct vec_jws_parts parts = { 0 };
	const char *text = (const char *)file.data;

	while (file.len > 0 && isspace(file.data[file.len - 1]))
		file.data[--file.len] = '\0';
	if (vec_has(item, "anchor")) {
		answer = vec_json(item, "jws");
		text = kw_json_string(kw_json_get(answer, "value"));
	}
	if (read_parts(text, &parts))
		common_facts(item, &parts);
	if (answer)
		vec_release_answer(item, kw_blob_bytes(&file), &parts);
	else if (strncmp(vec_id(item), "rfc/", 4) == 0)
		rfc_sample(item, &parts);
	else
		token(item, text, &parts);
}

void vec_opaque(struct vec_item *item)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob file = vec_file(item, "file");
	KW_CLEANUP(kw_blob_clear) struct kw_blob decoded = { 0 };
	uint8_t digest[KW_SHA256_SIZE];

	vec_fact_int(item, "size", (int64_t)file.len);
	kw_digest(KW_SHA256, kw_blob_bytes(&file), digest);
	vec_fact_hex(item, "sha256", KW_BYTES(digest));
	if (vec_param(item, "base64")
	    && vec_check(item, kw_base64_decode(KW_BASE64_EITHER, kw_blob_bytes(&file), &decoded),
			 "the file is not base64")) {
		vec_fact_int(item, "decoded_size", (int64_t)decoded.len);
		kw_digest(KW_SHA256, kw_blob_bytes(&decoded), digest);
		vec_fact_hex(item, "decoded_sha256", KW_BYTES(digest));
	}
	vec_reason(item, NULL);
}
