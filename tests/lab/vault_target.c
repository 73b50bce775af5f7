/* SPDX-License-Identifier: Apache-2.0 */
/* The attestation token of a release request, judged as key release 5.5 says. */
#include "certificate.h"
#include "http_get.h"
#include "jose.h"
#include "util/base64.h"
#include "util/origin.h"
#include "util/text.h"
#include "vault.h"

#include <string.h>

enum { WRAPPING_BITS_MIN = 2048 };

static struct kw_json *fetch(const char *url, struct lab_why *why)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob body = { 0 };
	struct kw_json *json = NULL;
	struct kw_error err = { 0 };

	if (!lab_https_get(url, &body, why->text, sizeof(why->text)))
		return NULL;
	if (kw_json_parse(kw_blob_bytes(&body), KW_JSON_STRICT, KW_E_SYS_DATA, &json, &err) < 0)
		lab_refuse(why, "%s: %s", url, err.detail);
	return json;
}

/* The authority's key set, through its metadata. */
static struct kw_json *key_set(const char *issuer, struct lab_why *why)
{
	bool slash = issuer[strlen(issuer) - 1] == '/';
	KW_CLEANUP(freep)
	char *url = kw_format("%s%s.well-known/openid-configuration", issuer, slash ? "" : "/");
	KW_CLEANUP(kw_json_freep) struct kw_json *metadata = fetch(url, why);
	const char *keys_url = kw_json_string(kw_json_get(metadata, "jwks_uri"));

	if (metadata == NULL)
		return NULL;
	if (keys_url == NULL) {
		lab_refuse(why, "%s has no jwks_uri", url);
		return NULL;
	}
	return fetch(keys_url, why);
}

/* The key of one entry, from its certificate; NULL: it has none. */
static EVP_PKEY *entry_key(const struct kw_json *entry)
{
	const char *text = kw_json_string(kw_json_first(kw_json_get(entry, "x5c")));
	KW_CLEANUP(kw_blob_clear) struct kw_blob der = { 0 };
	const uint8_t *at;

	if (text == NULL || !kw_base64_decode(KW_BASE64, kw_bytes_text(text), &der))
		return NULL;
	at = der.data;
	KW_CLEANUP(X509_freep) X509 *cert = d2i_X509(NULL, &at, (long)der.len);
	return cert != NULL ? X509_get_pubkey(cert) : NULL;
}

static bool signed_by(const struct lab_jws *jws, const struct kw_json *set, struct lab_why *why)
{
	const char *kid = kw_json_string(kw_json_get(jws->header, "kid"));
	const struct kw_json *keys = kw_json_get(set, "keys");
	bool found = false;

	for (const struct kw_json *entry = kw_json_first(keys); entry != NULL;
	     entry = kw_json_next(entry)) {
		const char *id = kw_json_string(kw_json_get(entry, "kid"));
		KW_CLEANUP(EVP_PKEY_freep) EVP_PKEY *key = NULL;

		if (kid == NULL || id == NULL || strcmp(kid, id) != 0)
			continue;
		found = true;
		key = entry_key(entry);
		if (key != NULL && lab_jws_verify(jws, key))
			return true;
	}
	return lab_refuse(why, found ? "the token's signature does not verify"
				     : "the authority has no key with the token's kid");
}

static bool within_time(const struct kw_json *claims, struct lab_why *why)
{
	int64_t expires = 0, not_before = 0, now = lab_now_s();

	if (!kw_json_int(kw_json_get(claims, "exp"), &expires) || expires <= now)
		return lab_refuse(why, "the token has expired");
	if (kw_json_int(kw_json_get(claims, "nbf"), &not_before) && not_before > now)
		return lab_refuse(why, "the token is not valid yet");
	return true;
}

static bool judge(const struct lab_jws *jws, const char *policy, struct lab_why *why)
{
	const char *algorithm = kw_json_string(kw_json_get(jws->header, "alg"));
	const char *issuer = kw_json_string(kw_json_get(jws->payload, "iss"));
	KW_CLEANUP(kw_json_freep) struct kw_json *set = NULL;

	if (algorithm == NULL || strcmp(algorithm, "RS256") != 0)
		return lab_refuse(why, "the token's alg is not RS256");
	if (kw_json_get(jws->header, "crit") != NULL) /* RFC 7515 4.1.11: nothing is understood */
		return lab_refuse(why, "the token's header has crit");
	if (issuer == NULL || !lab_policy_names(policy, issuer))
		return lab_refuse(why, "the issuer '%s' is not an authority of the policy",
				  issuer != NULL ? issuer : "");
	set = key_set(issuer, why);
	return set != NULL && signed_by(jws, set, why) && within_time(jws->payload, why);
}

bool lab_target_verify(const char *token, const char *policy, struct lab_jws *ret,
		       struct lab_why *why)
{
	const char *error = NULL;

	if (!lab_jws_open(token, ret, &error))
		return lab_refuse(why, "%s", error);
	return judge(ret, policy, why);
}

static bool contains(const struct kw_json *value, const char *word)
{
	const char *text = kw_json_string(value);

	if (text != NULL)
		return strcmp(text, word) == 0;
	for (const struct kw_json *one = kw_json_first(value); one != NULL; one = kw_json_next(one))
		if (kw_json_string(one) != NULL && strcmp(kw_json_string(one), word) == 0)
			return true;
	return false;
}

static bool usable(const struct kw_json *entry)
{
	return contains(kw_json_get(entry, "kty"), "RSA")
	       && kw_json_string(kw_json_get(entry, "kid")) != NULL
	       && (contains(kw_json_get(entry, "key_use"), "enc")
		   || contains(kw_json_get(entry, "use"), "enc")
		   || contains(kw_json_get(entry, "key_ops"), "encrypt"));
}

bool lab_target_wrapping_key(const struct kw_json *claims, struct lab_wrapping_key *ret,
			     struct lab_why *why)
{
	const struct kw_json *keys = kw_json_get(kw_json_get(claims, "x-ms-runtime"), "keys");
	const struct kw_json *entry = kw_json_first(keys);
	KW_CLEANUP(kw_blob_clear) struct kw_blob n = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob e = { 0 };
	struct kw_error err = { 0 };

	while (entry != NULL && !usable(entry))
		entry = kw_json_next(entry);
	if (entry == NULL)
		return lab_refuse(why, "no key in x-ms-runtime.keys is an RSA key for encryption");
	if (kw_json_want_base64(entry, "n", KW_BASE64URL_LENIENT, KW_E_SYS_DATA, &n, &err) < 0
	    || kw_json_want_base64(entry, "e", KW_BASE64URL_LENIENT, KW_E_SYS_DATA, &e, &err) < 0)
		return lab_refuse(why, "the key in x-ms-runtime.keys: %s", err.detail);
	ret->key = lab_rsa_public(kw_blob_bytes(&n), kw_blob_bytes(&e));
	ret->kid = kw_json_string(kw_json_get(entry, "kid"));
	if (ret->key == NULL)
		return lab_refuse(why, "the key in x-ms-runtime.keys is no RSA key");
	if (EVP_PKEY_get_bits(ret->key) >= WRAPPING_BITS_MIN)
		return true;
	EVP_PKEY_free(KW_STEAL(ret->key));
	return lab_refuse(why, "the key in x-ms-runtime.keys has less than %d bits",
			  WRAPPING_BITS_MIN);
}
