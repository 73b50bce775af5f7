/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/jwe.h"

#include "util/base64.h"
#include "util/text.h"

#include <string.h>

/* RFC 7518 4.1 and 5.1, as far as they are allowed. */
static const struct kw_jwe_alg algs[] = {
	{ "RSA-OAEP", KW_KTY_RSA, KW_SHA1, 0 },
	{ "RSA-OAEP-256", KW_KTY_RSA, KW_SHA256, 0 },
	{ "ECDH-ES", KW_KTY_EC, KW_SHA256, 0 },
	{ "ECDH-ES+A128KW", KW_KTY_EC, KW_SHA256, 16 },
	{ "ECDH-ES+A192KW", KW_KTY_EC, KW_SHA256, 24 },
	{ "ECDH-ES+A256KW", KW_KTY_EC, KW_SHA256, 32 },
	{ "A128KW", KW_KTY_OCT, KW_SHA256, 16 },
	{ "A192KW", KW_KTY_OCT, KW_SHA256, 24 },
	{ "A256KW", KW_KTY_OCT, KW_SHA256, 32 },
	{ "dir", KW_KTY_OCT, KW_SHA256, 0 },
};
static const struct kw_jwe_enc encs[] = { { "A128GCM", 16 }, { "A192GCM", 24 }, { "A256GCM", 32 } };

/* What a protected header may hold; `zip` and `crit` are not there. */
static const char *const members[] = { "alg", "enc", "kid", "name", "typ",
				       "cty", "epk", "apu", "apv",  NULL };

const struct kw_jwe_alg *kw_jwe_alg_find(const char *name)
{
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		if (strcmp(algs[i].name, name) == 0)
			return &algs[i];
	return NULL;
}

const struct kw_jwe_enc *kw_jwe_enc_find(const char *name)
{
	for (size_t i = 0; i < sizeof(encs) / sizeof(encs[0]); i++)
		if (strcmp(encs[i].name, name) == 0)
			return &encs[i];
	return NULL;
}

void kw_jwe_clear(struct kw_jwe *jwe)
{
	kw_json_free(jwe->header);
	kw_json_free(jwe->epk);
	kw_blob_clear(&jwe->header_text);
	kw_blob_clear(&jwe->key);
	kw_blob_clear(&jwe->iv);
	kw_blob_clear(&jwe->ciphertext);
	kw_blob_clear(&jwe->tag);
	*jwe = (struct kw_jwe){ 0 };
}

/* The header. */

static bool is_known(const char *name, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

static int only(const struct kw_json *object, const char *const *list, struct kw_error *err)
{
	char name[32];

	for (const struct kw_json *m = kw_json_first(object); m != NULL; m = kw_json_next(m)) {
		if (is_known(kw_json_name(m), list))
			continue;
		kw_text_clean(kw_bytes_text(kw_json_name(m)), name, sizeof(name));
		return kw_fail(err, KW_E_UNW_JWE_FORM, "'%s' is not allowed", name);
	}
	return 0;
}

static int read_header(struct kw_jwe *jwe, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };
	const char *alg = NULL, *enc = NULL;

	if (!kw_base64_decode(KW_BASE64URL, kw_blob_bytes(&jwe->header_text), &text))
		return kw_fail(err, KW_E_UNW_JWE_FORM, "it is not base64url");
	if (kw_json_parse(kw_blob_bytes(&text), KW_JSON_STRICT, KW_E_UNW_JWE_FORM, &jwe->header,
			  err)
		    < 0
	    || only(jwe->header, members, err) < 0
	    || kw_json_want_string(jwe->header, "alg", KW_E_UNW_JWE_FORM, &alg, err) < 0
	    || kw_json_want_string(jwe->header, "enc", KW_E_UNW_JWE_FORM, &enc, err) < 0)
		return -1;
	jwe->alg = kw_jwe_alg_find(alg);
	jwe->enc = kw_jwe_enc_find(enc);
	if (jwe->alg == NULL || jwe->enc == NULL)
		return kw_fail(err, KW_E_UNW_JWE_FORM, "'%s' is not allowed",
			       jwe->alg == NULL ? "alg" : "enc");
	return 0;
}

/* The two serialisations. */

enum { PARTS = 5 };

static int take_part(struct kw_bytes text, struct kw_blob *ret, struct kw_error *err)
{
	if (!kw_base64_decode(KW_BASE64URL, text, ret))
		return kw_fail(err, KW_E_UNW_JWE_FORM, "a part is not base64url");
	return 0;
}

/* RFC 7516 7.1 */
static int read_compact(struct kw_bytes text, struct kw_jwe *ret, struct kw_error *err)
{
	struct kw_bytes parts[PARTS] = { 0 };
	struct kw_blob *const to[PARTS] = { NULL, &ret->key, &ret->iv, &ret->ciphertext,
					    &ret->tag };
	size_t n = 0, from = 0;

	for (size_t i = 0; i <= text.len; i++) {
		if (i < text.len && text.data[i] != '.')
			continue;
		if (n < PARTS)
			parts[n] = (struct kw_bytes){ text.data + from, i - from };
		n++;
		from = i + 1;
	}
	if (n != PARTS)
		return kw_fail(err, KW_E_UNW_JWE_FORM, "%zu parts, expected %d", n, PARTS);
	ret->header_text = kw_blob_copy(parts[0]);
	for (size_t i = 1; i < PARTS; i++)
		if (take_part(parts[i], to[i], err) < 0)
			return -1;
	return 0;
}

static int take_member(const struct kw_json *json, const char *name, struct kw_blob *ret,
		       struct kw_error *err)
{
	const struct kw_json *value = kw_json_get(json, name);

	if (value == NULL)
		return 0;
	if (kw_json_string(value) == NULL)
		return kw_fail(err, KW_E_UNW_JWE_FORM, "'%s' is not a string", name);
	return take_part(kw_bytes_text(kw_json_string(value)), ret, err);
}

/* jose puts the ephemeral key here; who changes it only keeps the JWE from opening. */
static int take_beside(const struct kw_json *beside, struct kw_jwe *ret, struct kw_error *err)
{
	static const char *const names[] = { "epk", NULL };

	if (only(beside, names, err) < 0)
		return kw_wrap(err, "header that is not protected");
	if (kw_json_get(beside, "epk") != NULL)
		ret->epk = kw_json_copy(kw_json_get(beside, "epk"));
	return 0;
}

/* RFC 7516 7.2.2. `aad` and `unprotected` would say things that nothing here reads. */
static int read_flattened(struct kw_bytes text, struct kw_jwe *ret, struct kw_error *err)
{
	static const char *const names[] = { "protected", "header",	"encrypted_key",
					     "iv",	  "ciphertext", "tag",
					     NULL };
	KW_CLEANUP(kw_json_freep) struct kw_json *json = NULL;
	const char *header = NULL;

	if (kw_json_parse(text, KW_JSON_STRICT, KW_E_UNW_JWE_FORM, &json, err) < 0
	    || only(json, names, err) < 0 || take_beside(kw_json_get(json, "header"), ret, err) < 0
	    || kw_json_want_string(json, "protected", KW_E_UNW_JWE_FORM, &header, err) < 0
	    || take_member(json, "encrypted_key", &ret->key, err) < 0
	    || take_member(json, "iv", &ret->iv, err) < 0
	    || take_member(json, "ciphertext", &ret->ciphertext, err) < 0
	    || take_member(json, "tag", &ret->tag, err) < 0)
		return -1;
	ret->header_text = kw_blob_copy(kw_bytes_text(header));
	return 0;
}

static struct kw_bytes trimmed(struct kw_bytes text)
{
	while (text.len > 0 && (text.data[text.len - 1] == '\n' || text.data[text.len - 1] == '\r'))
		text.len--; /* as files end */
	return text;
}

int kw_jwe_parse(struct kw_bytes text, struct kw_jwe *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_jwe_clear) struct kw_jwe jwe = { 0 };
	struct kw_bytes in = trimmed(text);
	bool flattened = in.len > 0 && in.data[0] == '{';

	if (in.len > KW_JWE_TEXT_MAX)
		return kw_fail(err, KW_E_UNW_JWE_FORM, "%zu bytes, at most %d", in.len,
			       KW_JWE_TEXT_MAX);
	if ((flattened ? read_flattened(in, &jwe, err) : read_compact(in, &jwe, err)) < 0)
		return kw_wrap(err, "JWE");
	if (read_header(&jwe, err) < 0)
		return kw_wrap(err, "protected header");
	if (jwe.epk != NULL && kw_json_get(jwe.header, "epk") != NULL)
		return kw_fail(err, KW_E_UNW_JWE_FORM, "'epk' is there twice");
	*ret = jwe;
	jwe = (struct kw_jwe){ 0 };
	return 0;
}
