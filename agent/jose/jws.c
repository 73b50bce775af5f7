/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/jws.h"

#include "jose/certificate.h"
#include "util/base64.h"

#include <string.h>

/* RFC 7518 3.3 */
enum { RS256_BITS_MIN = 2048 };

/* Up to the next dot, or to the end for the last part. False: there is no such part. */
static bool take_part(struct kw_cursor *c, bool last, struct kw_bytes *ret)
{
	struct kw_bytes rest = { c->in.data + c->at, kw_cursor_left(c) };
	const uint8_t *dot = rest.len ? memchr(rest.data, '.', rest.len) : NULL;

	if (last)
		return !dot && kw_take(c, rest.len, ret);
	return dot && kw_take(c, (size_t)(dot - rest.data), ret) && kw_skip(c, 1);
}

static int decode(struct kw_bytes part, const char *what, enum kw_error_name error,
		  struct kw_blob *ret, struct kw_error *err)
{
	if (part.len == 0)
		return kw_fail(err, error, "JWS %s is empty", what);
	if (!kw_base64_decode(KW_BASE64URL, part, ret))
		return kw_fail(err, error, "JWS %s is not unpadded base64url", what);
	return 0;
}

static int read_object(struct kw_bytes text, const char *what, enum kw_error_name error,
		       struct kw_json **ret, struct kw_error *err)
{
	if (kw_json_parse(text, KW_JSON_STRICT, error, ret, err) < 0)
		return kw_wrap(err, "JWS %s", what);
	if (kw_json_type(*ret) != KW_JSON_OBJECT)
		return kw_fail(err, error, "JWS %s is not a JSON object", what);
	return 0;
}

static int read_header(struct kw_bytes text, enum kw_error_name error, struct kw_jws *jws,
		       struct kw_error *err)
{
	if (read_object(text, "header", error, &jws->header, err) < 0)
		return -1;
	if (kw_json_want_string(jws->header, "alg", error, &jws->alg, err) < 0)
		return kw_wrap(err, "JWS header");
	/* RFC 7515 4.1.11: whoever does not know a critical extension must refuse; we know none. */
	if (kw_json_get(jws->header, "crit"))
		return kw_fail(err, error, "JWS header has 'crit', which is not supported");
	return 0;
}

static int split(struct kw_bytes text, enum kw_error_name error, struct kw_bytes parts[3],
		 struct kw_error *err)
{
	struct kw_cursor c = { .in = text };

	if (text.len > KW_JWS_SIZE_MAX)
		return kw_fail(err, error, "JWS has %zu bytes, allowed %d", text.len,
			       KW_JWS_SIZE_MAX);
	for (size_t i = 0; i < 3; i++)
		if (!take_part(&c, i == 2, &parts[i]))
			return kw_fail(err, error, "JWS does not have exactly three parts");
	return 0;
}

int kw_jws_parse(struct kw_bytes text, enum kw_error_name error, struct kw_jws *ret,
		 struct kw_error *err)
{
	KW_CLEANUP(kw_jws_clear) struct kw_jws jws = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob header = { 0 };
	struct kw_bytes parts[3] = { 0 };

	if (split(text, error, parts, err) < 0
	    || decode(parts[0], "header", error, &header, err) < 0
	    || decode(parts[1], "payload", error, &jws.payload_bytes, err) < 0
	    || decode(parts[2], "signature", error, &jws.signature, err) < 0
	    || read_header(kw_blob_bytes(&header), error, &jws, err) < 0
	    || read_object(kw_blob_bytes(&jws.payload_bytes), "payload", error, &jws.payload, err)
		       < 0)
		return -1;
	jws.signing_input = (struct kw_bytes){ text.data, parts[0].len + 1 + parts[1].len };
	*ret = jws;
	jws = (struct kw_jws){ 0 };
	return 0;
}

void kw_jws_clear(struct kw_jws *jws)
{
	kw_json_free(jws->header);
	kw_json_free(jws->payload);
	kw_blob_clear(&jws->payload_bytes);
	kw_blob_clear(&jws->signature);
	*jws = (struct kw_jws){ 0 };
}

bool kw_jws_verify_rs256(const struct kw_jws *jws, const struct kw_public_key *key)
{
	return kw_public_key_type(key) == KW_KTY_RSA && kw_public_key_bits(key) >= RS256_BITS_MIN
	       && kw_verify_rsa_pkcs1(key, KW_SHA256, jws->signing_input,
				      kw_blob_bytes(&jws->signature));
}

struct jwks_entry {
	struct kw_public_key *key;
	struct kw_blob leaf; /* DER of x5c[0]; empty if there is no x5c */
};

static void clear_entry(struct jwks_entry *entry)
{
	kw_public_key_free(entry->key);
	kw_blob_clear(&entry->leaf);
}

/* The key of x5c[0]; `entry->key`, if n and e gave one, must be the same. */
static bool read_x5c(const struct kw_json *x5c, struct jwks_entry *entry)
{
	KW_CLEANUP(kw_certificate_clear) struct kw_certificate certificate = { 0 };
	const char *text = kw_json_string(kw_json_at(x5c, 0));
	struct kw_error err = { 0 };

	if (!text || !kw_base64_decode(KW_BASE64, kw_bytes_text(text), &entry->leaf)
	    || kw_certificate_parse(kw_blob_bytes(&entry->leaf), false, KW_E_TOK_METADATA,
				    &certificate, &err)
		       < 0)
		return false;
	if (entry->key)
		return kw_public_key_equal(entry->key, certificate.key);
	entry->key = KW_STEAL(certificate.key);
	return true;
}

static bool read_entry(const struct kw_json *jwk, struct jwks_entry *entry)
{
	const struct kw_json *x5c = kw_json_get(jwk, "x5c");
	struct kw_error err = { 0 };

	if (kw_json_get(jwk, "n")
	    && kw_public_key_from_jwk(jwk, KW_E_TOK_METADATA, &entry->key, &err) < 0)
		return false;
	if (x5c && !read_x5c(x5c, entry))
		return false;
	return entry->key != NULL;
}

size_t kw_jwks_try(const struct kw_json *jwks, const char *kid,
		   bool (*accept)(void *ctx, const struct kw_public_key *key,
				  struct kw_bytes x5c_leaf_der),
		   void *ctx)
{
	const struct kw_json *jwk = kw_json_first(kw_json_get(jwks, "keys"));
	bool accepted = false;
	size_t n = 0;

	for (; jwk; jwk = kw_json_next(jwk)) {
		KW_CLEANUP(clear_entry) struct jwks_entry entry = { 0 };
		const char *name = kw_json_string(kw_json_get(jwk, "kid"));
		if (!name || strcmp(name, kid) != 0)
			continue;
		n++;
		accepted = accepted
			   || (read_entry(jwk, &entry)
			       && accept(ctx, entry.key, kw_blob_bytes(&entry.leaf)));
	}
	return n;
}
