/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JWKs, key wraps and key_hsm envelopes. What keyward does not offer (oct thumbprints, wrapping,
 * RFC 3394) is done with OpenSSL here.
 */
#include "vectors/jose.h"
#include "jose/private_key.h"
#include "jose/unwrap.h"
#include "util/base64.h"
#include "util/text.h"
#include "vectors/vectors.h"

#include <ctype.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct kw_json *vec_json(struct vec_item *item, const char *role)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = vec_file(item, role);
	struct kw_json *json = NULL;
	struct kw_error err = { 0 };

	if (kw_json_parse(kw_blob_bytes(&text), KW_JSON_STRICT, KW_E_SYS_DATA, &json, &err) < 0)
		fail_msg("%s: role '%s': %s", vec_id(item), role, err.detail);
	return json;
}

struct kw_blob vec_hex(const struct kw_json *object, const char *name)
{
	const char *text = kw_json_string(kw_json_get(object, name));
	struct kw_blob raw = kw_blob_new(text ? strlen(text) / 2 : 0);

	if (!text || !kw_hex_decode(text, raw.data, raw.len))
		fail_msg("member '%s' is not hex", name);
	return raw;
}

static struct kw_blob pkcs8_of(const EVP_PKEY *pkey)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
	uint8_t *der = NULL;

	assert_non_null(info);
	int len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	assert_true(len > 0);
	struct kw_blob pkcs8 = kw_blob_copy((struct kw_bytes){ der, (size_t)len });
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(info);
	return pkcs8;
}

/* The RSA numbers of a private JWK as PKCS#8. */
static struct kw_blob pkcs8_of_jwk(const struct kw_json *jwk)
{
	static const char *const members[][2] = {
		{ "n", OSSL_PKEY_PARAM_RSA_N },		 { "e", OSSL_PKEY_PARAM_RSA_E },
		{ "d", OSSL_PKEY_PARAM_RSA_D },		 { "p", OSSL_PKEY_PARAM_RSA_FACTOR1 },
		{ "q", OSSL_PKEY_PARAM_RSA_FACTOR2 },	 { "dp", OSSL_PKEY_PARAM_RSA_EXPONENT1 },
		{ "dq", OSSL_PKEY_PARAM_RSA_EXPONENT2 }, { "qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1 },
	};
	enum { N_MEMBERS = sizeof(members) / sizeof(members[0]) };
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	BIGNUM *numbers[N_MEMBERS];
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *pkey = NULL;
	struct kw_error err = { 0 };

	for (size_t i = 0; i < N_MEMBERS; i++) {
		KW_CLEANUP(kw_blob_clear) struct kw_blob raw = { 0 };
		assert_int_equal(kw_json_want_base64(jwk, members[i][0], KW_BASE64URL,
						     KW_E_SYS_DATA, &raw, &err),
				 0);
		numbers[i] = BN_bin2bn(raw.data, (int)raw.len, NULL);
		OSSL_PARAM_BLD_push_BN(builder, members[i][1], numbers[i]);
	}
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params), 1);
	struct kw_blob pkcs8 = pkcs8_of(pkey);
	for (size_t i = 0; i < N_MEMBERS; i++)
		BN_free(numbers[i]);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return pkcs8;
}

/* Its numbers as PKCS#8 are taken as a released key, and written as JWK they are the same again. */
static bool private_is_consistent(struct vec_item *item, const struct kw_json *jwk)
{
	static const char *const members[] = { "d", "dp", "dq", "e", "n", "p", "q", "qi" };
	KW_CLEANUP(kw_blob_clear) struct kw_blob pkcs8 = pkcs8_of_jwk(jwk);
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	KW_CLEANUP(kw_private_key_clear) struct kw_private_key key = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret text = { 0 };
	KW_CLEANUP(kw_json_freep) struct kw_json *again = NULL;
	struct kw_error err = { 0 };

	assert_int_equal(kw_secret_take(kw_blob_bytes(&pkcs8), &plain, &err), 0);
	if (kw_private_key_parse("RSA", &plain, &key, &err) < 0)
		return false;
	assert_int_equal(kw_private_key_jwk(&key, NULL, &text, &err), 0);
	assert_int_equal(
		kw_json_parse(kw_secret_bytes(&text), KW_JSON_STRICT, KW_E_SYS_DATA, &again, &err),
		0);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		vec_check(
			item,
			kw_json_equal(kw_json_get(again, members[i]), kw_json_get(jwk, members[i])),
			"member '%s' is another in our JWK", members[i]);
	return true;
}

/* RFC 7638 3.2: `k` and `kty`. */
static char *oct_thumbprint(const struct kw_json *jwk)
{
	KW_CLEANUP(freep)
	char *text =
		kw_format("{\"k\":\"%s\",\"kty\":\"oct\"}", kw_json_string(kw_json_get(jwk, "k")));
	uint8_t digest[KW_SHA256_SIZE];

	kw_digest(KW_SHA256, kw_bytes_text(text), digest);
	return kw_base64_encode(KW_BASE64URL, KW_BYTES(digest));
}

static void public_facts(struct vec_item *item, const struct kw_json *jwk, struct kw_json *fact)
{
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = NULL;
	KW_CLEANUP(freep) char *thumbprint = NULL;
	struct kw_error err = { 0 };

	if (!vec_check(item, kw_public_key_from_jwk(jwk, KW_E_TOK_METADATA, &key, &err) == 0, "%s",
		       err.detail))
		return;
	thumbprint = kw_public_key_thumbprint(key);
	kw_json_add_string(fact, "thumbprint", thumbprint);
	if (kw_public_key_type(key) != KW_KTY_RSA)
		return;
	kw_json_add_int(fact, "bits", kw_public_key_bits(key));
	if (kw_json_get(jwk, "d"))
		kw_json_add_bool(fact, "private_consistent", private_is_consistent(item, jwk));
}

static void add_jwk_facts(struct vec_item *item, const struct kw_json *jwk, struct kw_json *list)
{
	struct kw_json *fact = kw_json_add_object(list, NULL);
	const char *kty = kw_json_string(kw_json_get(jwk, "kty"));

	kw_json_add_string(fact, "kty", kty);
	kw_json_add_string(fact, "kid", kw_json_string(kw_json_get(jwk, "kid")));
	if (kty && strcmp(kty, "oct") == 0) {
		KW_CLEANUP(freep) char *thumbprint = oct_thumbprint(jwk);
		kw_json_add_string(fact, "thumbprint", thumbprint);
	} else {
		public_facts(item, jwk, fact);
	}
}

void vec_jwk(struct vec_item *item)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *json = vec_json(item, "jwk");
	KW_CLEANUP(kw_json_freep) struct kw_json *facts = kw_json_new_array();
	const struct kw_json *set = kw_json_get(json, "keys");

	if (set)
		for (const struct kw_json *jwk = kw_json_first(set); jwk; jwk = kw_json_next(jwk))
			add_jwk_facts(item, jwk, facts);
	else
		add_jwk_facts(item, json, facts);
	vec_fact_json(item, "keys", facts);
	vec_reason(item, NULL);
}

/* OpenSSL's key wrap; `suffix` is "WRAP" or "WRAP-PAD". Empty: refused. */
static struct kw_blob wrap(struct kw_bytes kek, const char *suffix, bool encrypt,
			   struct kw_bytes in)
{
	KW_CLEANUP(freep) char *name = kw_format("AES-%zu-%s", kek.len * 8, suffix);
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	struct kw_blob out = kw_blob_new(in.len + 16);
	int len = 0;

	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (EVP_CipherInit_ex2(ctx, cipher, kek.data, NULL, encrypt, NULL) != 1
	    || EVP_CipherUpdate(ctx, out.data, &len, in.data, (int)in.len) != 1)
		len = 0;
	out.len = (size_t)len;
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return out;
}

static struct kw_blob unwrap(struct kw_bytes kek, bool padded, struct kw_bytes in)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	struct kw_error err = { 0 };

	if (!padded)
		return wrap(kek, "WRAP", false, in);
	if (kw_unwrap_kwp(kek, in, &plain, &err) < 0)
		return (struct kw_blob){ 0 };
	return kw_blob_copy(kw_secret_bytes(&plain));
}

static bool agrees_both_ways(const struct kw_json *vector)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob kek = vec_hex(vector, "kek");
	KW_CLEANUP(kw_blob_clear) struct kw_blob plain = vec_hex(vector, "plaintext");
	KW_CLEANUP(kw_blob_clear) struct kw_blob wrapped = vec_hex(vector, "ciphertext");
	bool padded = strcmp(kw_json_string(kw_json_get(vector, "algorithm")), "aes-kwp") == 0;
	KW_CLEANUP(kw_blob_clear)
	struct kw_blob there = wrap(kw_blob_bytes(&kek), padded ? "WRAP-PAD" : "WRAP", true,
				    kw_blob_bytes(&plain));
	KW_CLEANUP(kw_blob_clear)
	struct kw_blob back = unwrap(kw_blob_bytes(&kek), padded, kw_blob_bytes(&wrapped));

	return kw_bytes_equal(kw_blob_bytes(&there), kw_blob_bytes(&wrapped))
	       && kw_bytes_equal(kw_blob_bytes(&back), kw_blob_bytes(&plain));
}

void vec_keywrap(struct vec_item *item)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *json = vec_json(item, "file");
	const struct kw_json *vectors = kw_json_get(json, "vectors");
	int64_t n = 0, n_ok = 0;

	for (const struct kw_json *at = kw_json_first(vectors); at; at = kw_json_next(at), n++)
		n_ok += agrees_both_ways(at);
	vec_fact_int(item, "vectors", n);
	vec_fact_int(item, "ok", n_ok);
	vec_reason(item, NULL);
}

struct kw_blob vec_kek_pkcs8(struct vec_item *item, size_t *ret_modulus_size)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob pem = vec_file(item, "kek");
	BIO *in = BIO_new_mem_buf(pem.data, (int)pem.len);
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);

	assert_non_null(pkey);
	struct kw_blob pkcs8 = pkcs8_of(pkey);
	*ret_modulus_size = (size_t)EVP_PKEY_get_size(pkey);
	EVP_PKEY_free(pkey);
	BIO_free(in);
	return pkcs8;
}

static const char *reason_of(const struct kw_error *err)
{
	if (kw_error_is(err, KW_E_UNW_ENC))
		return "unsupported-enc";
	if (kw_error_is(err, KW_E_UNW_LENGTH))
		return "bad-length";
	if (kw_error_is(err, KW_E_UNW_FAILED))
		return "unwrap-failed";
	return err->def->id; /* the set has no name for it */
}

/* The length of the AES key is not the unwrap's business but its caller's. */
static int open_key(const struct kw_key_hsm *key_hsm, struct kw_bytes pkcs8, size_t modulus_size,
		    struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret aes = { 0 };
	struct kw_bytes rsa, kwp;

	if (kw_key_hsm_split(key_hsm, modulus_size, &rsa, &kwp, err) < 0
	    || kw_unwrap_oaep(pkcs8, key_hsm->oaep, rsa, &aes, err) < 0)
		return -1;
	if (aes.len != KW_WRAPPED_AES_KEY_SIZE)
		return kw_fail(err, KW_E_UNW_FAILED, "unwrap failed");
	return kw_unwrap_kwp(kw_secret_bytes(&aes), kwp, ret, err);
}

const char *vec_key_hsm_facts(struct vec_item *item, const char *text, struct kw_secret *ret)
{
	KW_CLEANUP(kw_key_hsm_clear) struct kw_key_hsm key_hsm = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob pkcs8 = { 0 };
	struct kw_error err = { 0 };
	size_t modulus_size = 0;
	uint8_t digest[KW_SHA256_SIZE];

	if (kw_key_hsm_parse(text, &key_hsm, &err) < 0)
		return reason_of(&err);
	pkcs8 = vec_kek_pkcs8(item, &modulus_size);
	vec_fact_str(item, "oaep_hash", kw_hash_name(key_hsm.oaep));
	vec_fact_int(item, "wrapped_aes_key_bytes", (int64_t)modulus_size);
	if (open_key(&key_hsm, kw_blob_bytes(&pkcs8), modulus_size, ret, &err) < 0)
		return reason_of(&err);
	kw_digest(KW_SHA256, kw_secret_bytes(ret), digest);
	vec_fact_int(item, "plaintext_bytes", (int64_t)ret->len);
	vec_fact_hex(item, "plaintext_sha256", KW_BYTES(digest));
	return NULL;
}

/* The role holds the key itself, or its hex. */
static bool is_plaintext(struct kw_blob *role, struct kw_bytes plain)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob raw = kw_blob_new(plain.len);

	if (kw_bytes_equal(kw_blob_bytes(role), plain))
		return true;
	while (role->len > 0 && isspace(role->data[role->len - 1]))
		role->data[--role->len] = '\0';
	return kw_hex_decode((const char *)role->data, raw.data, raw.len)
	       && kw_bytes_equal(kw_blob_bytes(&raw), plain);
}

void vec_key_hsm(struct vec_item *item)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob json = vec_file(item, "keyhsm");
	KW_CLEANUP(freep) char *text = kw_base64_encode(KW_BASE64URL, kw_blob_bytes(&json));
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	const char *reason = vec_key_hsm_facts(item, text, &plain);

	if (!reason && vec_has(item, "plaintext")) {
		KW_CLEANUP(kw_blob_clear) struct kw_blob role = vec_file(item, "plaintext");
		vec_fact_bool(item, "plaintext_ok", is_plaintext(&role, kw_secret_bytes(&plain)));
	}
	vec_reason(item, reason);
}
