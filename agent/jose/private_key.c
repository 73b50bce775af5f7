/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A released key is believed only as far as it adds up: its private numbers must belong to its
 * public ones, so that nobody gets a key that signs or decrypts wrongly.
 */
#include "jose/private_key.h"

#include "jose/openssl.h"
#include "jose/rsa_numbers.h"

#include <openssl/err.h>
#include <string.h>

enum { OCT_SIZE_MAX = 64 };

static const struct {
	const char *word;
	enum kw_kty kty;
} words[] = {
	{ "RSA", KW_KTY_RSA },	 { "RSA-HSM", KW_KTY_RSA }, { "EC", KW_KTY_EC },
	{ "EC-HSM", KW_KTY_EC }, { "oct", KW_KTY_OCT },	    { "oct-HSM", KW_KTY_OCT },
};

static int find_kty(const char *word, enum kw_kty *ret, struct kw_error *err)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(words[i].word, word) == 0) {
			*ret = words[i].kty;
			return 0;
		}
	}
	return kw_fail(err, KW_E_UNW_KEY_FORM, "kty is none of RSA, EC, oct and their -HSM forms");
}

static int parse_oct(struct kw_secret *plain, struct kw_private_key *ret, struct kw_error *err)
{
	if (plain->len == 0 || plain->len > OCT_SIZE_MAX)
		return kw_fail(err, KW_E_UNW_KEY_FORM, "oct key is %zu bytes, expected 1 to %d",
			       plain->len, OCT_SIZE_MAX);
	*ret = (struct kw_private_key){ .kty = KW_KTY_OCT, .bits = (unsigned)plain->len * 8 };
	kw_secret_move(&ret->der, plain);
	return 0;
}

/* Range of d, the point, and the point again from d. */
static bool ec_adds_up(EVP_PKEY *pkey)
{
	KW_CLEANUP(EVP_PKEY_CTX_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	bool ok = ctx && EVP_PKEY_check(ctx) == 1;

	ERR_clear_error();
	return ok;
}

static bool rsa_adds_up(const EVP_PKEY *pkey)
{
	KW_CLEANUP(kw_rsa_numbers_clear) struct kw_rsa_numbers numbers = { 0 };

	return kw_rsa_numbers_read(pkey, &numbers) && kw_rsa_numbers_add_up(&numbers);
}

static int parse_pkcs8(enum kw_kty kty, struct kw_secret *plain, struct kw_private_key *ret,
		       struct kw_error *err)
{
	KW_CLEANUP(EVP_PKEY_freep) EVP_PKEY *pkey = kw_pkcs8_open(kw_secret_bytes(plain));
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *public = NULL;

	if (!pkey)
		return kw_fail(err, KW_E_UNW_KEY_FORM, "%zu bytes are not one PKCS#8 key",
			       plain->len);
	if (kw_public_key_from_pkey(pkey, KW_E_UNW_KEY_FORM, &public, err) < 0)
		return -1;
	if (public->kty != kty)
		return kw_fail(err, KW_E_UNW_KEY_FORM, "key is %s, expected %s",
			       public->kty == KW_KTY_RSA ? "RSA" : "EC",
			       kty == KW_KTY_RSA ? "RSA" : "EC");
	if (kty == KW_KTY_RSA ? !rsa_adds_up(pkey) : !ec_adds_up(pkey))
		return kw_fail(err, KW_E_UNW_KEY_FORM,
			       "private numbers do not belong to the public ones");
	*ret = (struct kw_private_key){ .kty = kty, .curve = public->curve, .bits = public->bits };
	ret->public = KW_STEAL(public);
	kw_secret_move(&ret->der, plain);
	return 0;
}

int kw_private_key_parse(const char *kty, struct kw_secret *plain, struct kw_private_key *ret,
			 struct kw_error *err)
{
	enum kw_kty found = KW_KTY_OCT;

	if (find_kty(kty, &found, err) < 0)
		return -1;
	return found == KW_KTY_OCT ? parse_oct(plain, ret, err)
				   : parse_pkcs8(found, plain, ret, err);
}

void kw_private_key_clear(struct kw_private_key *key)
{
	kw_public_key_free(key->public);
	kw_secret_clear(&key->der);
	*key = (struct kw_private_key){ 0 };
}
