/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JWK and PEM of a released key. Secret numbers go from OpenSSL into the arena and stay there: a
 * JSON library would leave copies of them all over the heap.
 */
#include "jose/openssl.h"
#include "jose/private_key.h"
#include "jose/rsa_numbers.h"
#include "util/base64.h"

#include <openssl/core_names.h>
#include <string.h>

#define PEM_BEGIN "-----BEGIN PRIVATE KEY-----"
#define PEM_END "-----END PRIVATE KEY-----"

/* The longest is RSA: eight numbers, each with a name before and a quote behind, kty and key_ops.
 */
enum { PARTS_MAX = 32, TEXTS_MAX = KW_RSA_N_NUMBERS, PEM_COLUMNS = 64 };

/* A JWK in the making: its text in pieces, and the encoded numbers that some pieces point to. */
struct jwk {
	struct kw_bytes parts[PARTS_MAX];
	size_t n_parts;
	struct kw_secret texts[TEXTS_MAX];
	size_t n_texts;
	char *key_ops;
};

static void clear_jwk(struct jwk *jwk)
{
	for (size_t i = 0; i < jwk->n_texts; i++)
		kw_secret_clear(&jwk->texts[i]);
	free(jwk->key_ops);
}

static void put(struct jwk *jwk, const char *text)
{
	jwk->parts[jwk->n_parts++] = kw_bytes_text(text);
}

static int encode(enum kw_base64 flavour, struct kw_bytes raw, struct kw_secret *ret,
		  struct kw_error *err)
{
	if (!kw_base64_encode_secret(flavour, raw, ret))
		return kw_fail(err, KW_E_SEC_FULL, "no room to encode a key of %zu bytes", raw.len);
	return 0;
}

/* `lead` is the member's name with all that stands before its value: `,"dp":"`. */
static int put_bytes(struct jwk *jwk, const char *lead, struct kw_bytes raw, struct kw_error *err)
{
	struct kw_secret *text = &jwk->texts[jwk->n_texts++];

	if (encode(KW_BASE64URL, raw, text, err) < 0)
		return -1;
	put(jwk, lead);
	jwk->parts[jwk->n_parts++] = kw_secret_bytes(text);
	put(jwk, "\"");
	return 0;
}

/* RFC 7518 6: RSA numbers are minimal (`width` 0), those of EC have the size of the field. */
static int put_number(struct jwk *jwk, const char *lead, const BIGNUM *number, size_t width,
		      struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret raw = { 0 };

	if (kw_secret_new(width ? width : (size_t)BN_num_bytes(number), &raw, err) < 0)
		return -1;
	if (BN_bn2binpad(number, raw.data, (int)raw.len) != (int)raw.len)
		return kw_fail(err, KW_E_SYS_CRYPTO, "a number of the key has no %zu bytes",
			       raw.len);
	return put_bytes(jwk, lead, kw_secret_bytes(&raw), err);
}

static void put_key_ops(struct jwk *jwk, const struct kw_json *key_ops)
{
	if (kw_json_type(key_ops) != KW_JSON_ARRAY || kw_json_count(key_ops) == 0)
		return;
	jwk->key_ops = kw_json_print(key_ops);
	put(jwk, ",\"key_ops\":");
	put(jwk, jwk->key_ops);
}

static int write_rsa(const EVP_PKEY *pkey, const struct kw_json *key_ops, struct jwk *jwk,
		     struct kw_error *err)
{
	KW_CLEANUP(kw_rsa_numbers_clear) struct kw_rsa_numbers k = { 0 };

	if (!kw_rsa_numbers_read(pkey, &k))
		return kw_fail(err, KW_E_SYS_INTERNAL, "a parsed RSA key lacks a number");
	if (put_number(jwk, "{\"d\":\"", k.at[KW_RSA_D], 0, err) < 0
	    || put_number(jwk, ",\"dp\":\"", k.at[KW_RSA_DP], 0, err) < 0
	    || put_number(jwk, ",\"dq\":\"", k.at[KW_RSA_DQ], 0, err) < 0
	    || put_number(jwk, ",\"e\":\"", k.at[KW_RSA_E], 0, err) < 0)
		return -1;
	put_key_ops(jwk, key_ops);
	put(jwk, ",\"kty\":\"RSA\"");
	if (put_number(jwk, ",\"n\":\"", k.at[KW_RSA_N], 0, err) < 0
	    || put_number(jwk, ",\"p\":\"", k.at[KW_RSA_P], 0, err) < 0
	    || put_number(jwk, ",\"q\":\"", k.at[KW_RSA_Q], 0, err) < 0
	    || put_number(jwk, ",\"qi\":\"", k.at[KW_RSA_QI], 0, err) < 0)
		return -1;
	put(jwk, "}");
	return 0;
}

static int write_ec(const EVP_PKEY *pkey, const struct kw_curve_row *row,
		    const struct kw_json *key_ops, struct jwk *jwk, struct kw_error *err)
{
	KW_CLEANUP(BN_clear_freep) BIGNUM *d = kw_pkey_number(pkey, OSSL_PKEY_PARAM_PRIV_KEY);
	KW_CLEANUP(BN_clear_freep) BIGNUM *x = kw_pkey_number(pkey, OSSL_PKEY_PARAM_EC_PUB_X);
	KW_CLEANUP(BN_clear_freep) BIGNUM *y = kw_pkey_number(pkey, OSSL_PKEY_PARAM_EC_PUB_Y);
	size_t width = kw_curve_field_size(row);

	if (!d || !x || !y)
		return kw_fail(err, KW_E_SYS_INTERNAL, "a parsed EC key lacks a number");
	put(jwk, "{\"crv\":\"");
	put(jwk, row->jwk);
	if (put_number(jwk, "\",\"d\":\"", d, width, err) < 0)
		return -1;
	put_key_ops(jwk, key_ops);
	put(jwk, ",\"kty\":\"EC\"");
	if (put_number(jwk, ",\"x\":\"", x, width, err) < 0
	    || put_number(jwk, ",\"y\":\"", y, width, err) < 0)
		return -1;
	put(jwk, "}");
	return 0;
}

static int write_oct(struct kw_bytes k, const struct kw_json *key_ops, struct jwk *jwk,
		     struct kw_error *err)
{
	if (put_bytes(jwk, "{\"k\":\"", k, err) < 0)
		return -1;
	put_key_ops(jwk, key_ops);
	put(jwk, ",\"kty\":\"oct\"}");
	return 0;
}

static int write_members(const struct kw_private_key *key, const struct kw_json *key_ops,
			 struct jwk *jwk, struct kw_error *err)
{
	KW_CLEANUP(EVP_PKEY_freep) EVP_PKEY *pkey = NULL;

	if (key->kty == KW_KTY_OCT)
		return write_oct(kw_secret_bytes(&key->der), key_ops, jwk, err);
	pkey = kw_pkcs8_open(kw_secret_bytes(&key->der));
	if (!pkey)
		return kw_fail(err, KW_E_SYS_INTERNAL, "a parsed key cannot be opened again");
	return key->kty == KW_KTY_RSA ? write_rsa(pkey, key_ops, jwk, err)
				      : write_ec(pkey, kw_curve_row(key->curve), key_ops, jwk, err);
}

int kw_private_key_jwk(const struct kw_private_key *key, const struct kw_json *key_ops,
		       struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(clear_jwk) struct jwk jwk = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret text = { 0 };

	if (write_members(key, key_ops, &jwk, err) < 0
	    || kw_secret_join(jwk.parts, jwk.n_parts, &text, err) < 0)
		return -1;
	kw_secret_move(ret, &text);
	return 0;
}

/* RFC 7468 2: lines of 64 columns. */
static void write_lines(struct kw_bytes text, uint8_t *to)
{
	for (size_t at = 0; at < text.len; at += PEM_COLUMNS) {
		size_t left = text.len - at;
		to = mempcpy(to, text.data + at, left < PEM_COLUMNS ? left : PEM_COLUMNS);
		*to++ = '\n';
	}
}

int kw_private_key_pem(const struct kw_private_key *key, struct kw_secret *ret,
		       struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret text = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret body = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret pem = { 0 };

	if (key->kty == KW_KTY_OCT)
		return kw_fail(err, KW_E_UNW_FORMAT, "an oct key has no PEM form");
	if (encode(KW_BASE64, kw_secret_bytes(&key->der), &text, err) < 0)
		return -1;
	size_t n_lines = (text.len + PEM_COLUMNS - 1) / PEM_COLUMNS;
	if (kw_secret_new(text.len + n_lines, &body, err) < 0)
		return -1;
	write_lines(kw_secret_bytes(&text), body.data);
	struct kw_bytes parts[] = { kw_bytes_text(PEM_BEGIN "\n"), kw_secret_bytes(&body),
				    kw_bytes_text(PEM_END "\n") };
	if (kw_secret_join(parts, 3, &pem, err) < 0)
		return -1;
	kw_secret_move(ret, &pem);
	return 0;
}

int kw_private_key_from_pem(struct kw_bytes pem, struct kw_secret *ret_pkcs8, struct kw_error *err)
{
	const uint8_t *begin = memmem(pem.data, pem.len, PEM_BEGIN, strlen(PEM_BEGIN));
	const uint8_t *body = begin ? begin + strlen(PEM_BEGIN) : NULL;
	const uint8_t *end =
		body ? memmem(body, pem.len - (size_t)(body - pem.data), PEM_END, strlen(PEM_END))
		     : NULL;

	if (!end)
		return kw_fail(err, KW_E_SYS_DATA, "no PEM block PRIVATE KEY in %zu bytes",
			       pem.len);
	if (!kw_base64_decode_secret(KW_BASE64_EITHER,
				     (struct kw_bytes){ body, (size_t)(end - body) }, ret_pkcs8))
		return kw_fail(err, KW_E_SYS_DATA, "the PEM block PRIVATE KEY is not base64");
	return 0;
}
