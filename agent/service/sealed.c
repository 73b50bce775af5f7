/* SPDX-License-Identifier: Apache-2.0 */
#include "service/sealed.h"

#include "jose/jwe.h"
#include "util/file.h"
#include "util/json.h"
#include "util/text.h"

#include <string.h>

#define NAME "name"
#define KID "kid"

/* Opening. */

static int check_name(const struct kw_config_secret *secret, const struct kw_jwe *jwe,
		      struct kw_error *err)
{
	const char *name = NULL;
	char found[64];

	if (kw_json_want_string(jwe->header, NAME, KW_E_UNW_JWE_BOUND, &name, err) < 0)
		return kw_wrap(err, "protected header");
	if (strcmp(name, secret->name) == 0)
		return 0;
	kw_text_clean(kw_bytes_text(name), found, sizeof(found));
	return kw_fail(err, KW_E_UNW_JWE_BOUND, "it is sealed as '%s', expected '%s'", found,
		       secret->name);
}

/* The version in the header, when there is one, must be the one that was released. */
static int check_kid(const struct kw_config_key *rule, const struct kw_material *material,
		     const struct kw_jwe *jwe, struct kw_error *err)
{
	struct kw_key_id id = { 0 };
	const char *kid = NULL;
	char found[160];

	if (kw_json_want_string(jwe->header, KID, KW_E_UNW_JWE_BOUND, &kid, err) < 0)
		return kw_wrap(err, "protected header");
	kw_text_clean(kw_bytes_text(kid), found, sizeof(found));
	if (!kw_key_id_parse(kid, &id) || !kw_origin_equal(&id.origin, &rule->id.origin)
	    || strcmp(id.name, rule->id.name) != 0)
		return kw_fail(err, KW_E_UNW_JWE_BOUND, "it is sealed for '%s', expected '%s'",
			       found, rule->url);
	if (id.version[0] != '\0' && strcmp(id.version, material->version) != 0)
		return kw_fail(err, KW_E_UNW_JWE_BOUND,
			       "it is sealed for version %s of the key, released is %s", id.version,
			       material->version);
	return 0;
}

static enum kw_kty kty_of(enum kw_material_kind kind)
{
	switch (kind) {
	case KW_MATERIAL_RSA:
		return KW_KTY_RSA;
	case KW_MATERIAL_EC:
		return KW_KTY_EC;
	case KW_MATERIAL_OCT:
		break;
	}
	return KW_KTY_OCT;
}

int kw_sealed_open(const struct kw_config_secret *secret, const struct kw_config_key *rule,
		   struct kw_bytes text, const struct kw_material *material, struct kw_secret *ret,
		   struct kw_error *err)
{
	KW_CLEANUP(kw_jwe_clear) struct kw_jwe jwe = { 0 };

	if (kw_jwe_parse(text, &jwe, err) < 0 || check_name(secret, &jwe, err) < 0
	    || check_kid(rule, material, &jwe, err) < 0
	    || kw_jwe_open(&jwe, kty_of(material->kind), kw_secret_bytes(&material->der), ret, err)
		       < 0)
		return kw_wrap(err, "secret '%s'", secret->name);
	return 0;
}

int kw_sealed_read(const struct kw_config_secret *secret, const struct kw_config_key *rule,
		   const struct kw_material *material, struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };

	if (kw_file_read(secret->source, KW_JWE_TEXT_MAX, KW_E_SYS_FILE, &text, err) < 0)
		return kw_wrap(err, "secret '%s'", secret->name);
	return kw_sealed_open(secret, rule, kw_blob_bytes(&text), material, ret, err);
}

/* Making. */

/* A JWK, or the vault's {"key": JWK} and what stands beside it there. */
static int read_jwk(struct kw_bytes text, struct kw_json **ret, const struct kw_json **ret_jwk,
		    struct kw_error *err)
{
	if (kw_json_parse(text, KW_JSON_STRICT, KW_E_SYS_DATA, ret, err) < 0)
		return -1;
	*ret_jwk = kw_json_get(*ret, "key") != NULL ? kw_json_get(*ret, "key") : *ret;
	return 0;
}

static int read_public(struct kw_bytes text, struct kw_json **ret, struct kw_public_key **ret_key,
		       const char **ret_kid, struct kw_error *err)
{
	const struct kw_json *jwk = NULL;

	if (memmem(text.data, text.len, "-----BEGIN", strlen("-----BEGIN")) != NULL)
		return kw_public_key_from_pem(text, KW_E_SYS_DATA, ret_key, err);
	if (read_jwk(text, ret, &jwk, err) < 0
	    || kw_public_key_from_jwk(jwk, KW_E_SYS_DATA, ret_key, err) < 0)
		return -1;
	*ret_kid = kw_json_string(kw_json_get(jwk, KID));
	return 0;
}

int kw_sealed_make(const char *name, const char *kid, struct kw_bytes public_key,
		   struct kw_bytes plain, char **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *json = NULL;
	KW_CLEANUP(kw_json_freep) struct kw_json *header = kw_json_new_object();
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = NULL;
	const char *own_kid = NULL;
	struct kw_key_id id;

	if (read_public(public_key, &json, &key, &own_kid, err) < 0)
		return kw_wrap(err, "public key");
	if (kid == NULL)
		kid = own_kid;
	if (kid == NULL || !kw_key_id_parse(kid, &id))
		return kw_fail(err, KW_E_SYS_DATA,
			       "the key's identifier is %s, expected https://HOST/keys/NAME",
			       kid != NULL ? "of another form" : "missing");
	kw_json_add_string(header, NAME, name);
	kw_json_add_string(header, KID, kid);
	return kw_jwe_seal(key, header, plain, ret, err);
}
