/* SPDX-License-Identifier: Apache-2.0 */
#include "service/material.h"
#include "jose/private_key.h"
#include "service/service.h"
#include "util/base64.h"
#include "util/text.h"

#include <string.h>

/* An answer may name the curve of an EC key and leave out the point (4.7): what is there counts. */
static bool is_on_named_curve(const struct kw_release_answer *answer,
			      const struct kw_private_key *key)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *jwk = kw_public_key_jwk(key->public);

	return answer->crv[0] == '\0'
	       || strcmp(answer->crv, kw_json_string(kw_json_get(jwk, "crv"))) == 0;
}

static int compare_public_halves(const struct kw_release_answer *answer,
				 const struct kw_private_key *key, bool strict,
				 struct kw_checks *checks, struct kw_error *err)
{
	static const char check[] = "public half of the key";
	size_t from = checks->n_rows;

	if (key->kty == KW_KTY_OCT)
		return 0; /* there is none */
	if (answer->public == NULL && (strict || key->kty == KW_KTY_RSA)) {
		kw_checks_judge(checks, check, KW_E_UNW_PUBLIC_MISSING, false, "as in the answer",
				"the answer has none");
	} else if (answer->public == NULL && !is_on_named_curve(answer, key)) {
		kw_checks_judge(checks, check, KW_E_UNW_PUBLIC_HALF, false, answer->crv,
				"a key on another curve");
	} else if (answer->public == NULL) {
		kw_checks_not_possible(checks, check, KW_E_UNW_PUBLIC_MISSING, "as in the answer",
				       "the answer has none");
	} else {
		KW_CLEANUP(freep) char *expected = kw_public_key_thumbprint(answer->public);
		KW_CLEANUP(freep) char *found = kw_public_key_thumbprint(key->public);

		kw_checks_judge(checks, check, KW_E_UNW_PUBLIC_HALF,
				kw_public_key_equal(answer->public, key->public), expected, found);
	}
	return kw_checks_result(checks, from, err);
}

static enum kw_material_kind kind_of(enum kw_kty kty)
{
	switch (kty) {
	case KW_KTY_RSA:
		return KW_MATERIAL_RSA;
	case KW_KTY_EC:
		return KW_MATERIAL_EC;
	case KW_KTY_OCT:
		return KW_MATERIAL_OCT;
	}
	return KW_MATERIAL_OCT;
}

static char *public_jwk_text(const struct kw_private_key *key)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *jwk = NULL;

	if (key->public == NULL)
		return NULL;
	jwk = kw_public_key_jwk(key->public);
	return kw_json_print(jwk);
}

int kw_material_from_answer(const struct kw_release_answer *answer, struct kw_secret *plain,
			    bool strict, struct kw_checks *checks, struct kw_material **ret,
			    struct kw_error *err)
{
	KW_CLEANUP(kw_private_key_clear) struct kw_private_key key = { 0 };
	KW_CLEANUP(kw_material_unrefp) struct kw_material *material = kw_material_new();

	if (kw_private_key_parse(answer->kty, plain, &key, err) < 0
	    || compare_public_halves(answer, &key, strict, checks, err) < 0
	    || kw_private_key_jwk(&key, answer->key_ops, &material->jwk, err) < 0)
		return -1;
	material->kind = kind_of(key.kty);
	material->bits = key.bits;
	memcpy(material->version, answer->version, sizeof(material->version));
	material->kid = kw_strdup(answer->kid);
	material->public_jwk = public_jwk_text(&key);
	material->key_ops = answer->key_ops != NULL ? kw_json_print(answer->key_ops) : NULL;
	material->expires_s = answer->exp_s;
	kw_secret_move(&material->der, &key.der);
	*ret = KW_STEAL(material);
	return 0;
}

static int wrong_format(const struct kw_material *material, enum kw_key_format format,
			struct kw_error *err)
{
	return kw_fail(err, KW_E_UNW_FORMAT, "an %s key cannot be given as %s",
		       material->kind == KW_MATERIAL_OCT ? "oct" : "asymmetric",
		       kw_key_format_text(format));
}

static int as_pem(const struct kw_material *material, struct kw_secret *ret, struct kw_error *err)
{
	struct kw_private_key key = { .kty = KW_KTY_RSA, .der = material->der }; /* borrowed */

	return kw_private_key_pem(&key, ret, err);
}

static int as_hex(struct kw_bytes raw, struct kw_secret *ret, struct kw_error *err)
{
	if (kw_secret_new(2 * raw.len, ret, err) < 0)
		return -1;
	kw_hex_encode(raw, (char *)ret->data); /* its NUL stands behind `len` */
	return 0;
}

static int as_base64(struct kw_bytes raw, struct kw_secret *ret, struct kw_error *err)
{
	if (!kw_base64_encode_secret(KW_BASE64, raw, ret))
		return kw_fail(err, KW_E_SEC_FULL, "no room for a key of %zu bytes", raw.len);
	return 0;
}

int kw_material_format(const struct kw_material *material, enum kw_key_format format,
		       struct kw_secret *ret, struct kw_error *err)
{
	struct kw_bytes der = kw_secret_bytes(&material->der);
	bool oct = material->kind == KW_MATERIAL_OCT;

	switch (format) {
	case KW_FORMAT_JWK:
		return kw_secret_take(kw_secret_bytes(&material->jwk), ret, err);
	case KW_FORMAT_PEM:
		return oct ? wrong_format(material, format, err) : as_pem(material, ret, err);
	case KW_FORMAT_DER:
		return oct ? wrong_format(material, format, err) : kw_secret_take(der, ret, err);
	case KW_FORMAT_RAW:
		return oct ? kw_secret_take(der, ret, err) : wrong_format(material, format, err);
	case KW_FORMAT_HEX:
		return as_hex(der, ret, err);
	case KW_FORMAT_BASE64:
		return as_base64(der, ret, err);
	}
	return wrong_format(material, format, err);
}
