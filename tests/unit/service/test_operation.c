/* SPDX-License-Identifier: Apache-2.0 */
/* Which operation a key allows; what it computes is tested in jose/. */
#include "service/operation.h"
#include "test_keys.h"

#include "rows.h"

#include "jose/private_key.h"
#include "util/text.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static struct kw_secret pkcs8_of(EVP_PKEY *key)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	struct kw_secret plain = { 0 };
	struct kw_error err = { 0 };
	uint8_t *der = NULL;
	int len = i2d_PKCS8_PRIV_KEY_INFO(info, &der);

	assert_true(len > 0);
	assert_int_equal(kw_secret_take((struct kw_bytes){ der, (size_t)len }, &plain, &err), 0);
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY_free(key);
	return plain;
}

static struct kw_material *material_of(const char *kind)
{
	KW_CLEANUP(kw_private_key_clear) struct kw_private_key key = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	KW_CLEANUP(kw_json_freep) struct kw_json *public = NULL;
	struct kw_material *material = kw_material_new();
	struct kw_error err = { 0 };
	bool rsa = strcmp(kind, "RSA") == 0, oct = strcmp(kind, "oct") == 0;

	if (oct)
		assert_int_equal(kw_secret_new(16, &plain, &err), 0);
	else
		plain = pkcs8_of(rsa ? test_rsa_key(2048, 0) : EVP_EC_gen(kind));
	assert_int_equal(kw_private_key_parse(rsa   ? "RSA"
					      : oct ? "oct"
						    : "EC",
					      &plain, &key, &err),
			 0);
	material->kind = rsa ? KW_MATERIAL_RSA : oct ? KW_MATERIAL_OCT : KW_MATERIAL_EC;
	material->bits = key.bits;
	if (key.public != NULL) {
		public = kw_public_key_jwk(key.public);
		material->public_jwk = kw_json_print(public);
	}
	kw_secret_move(&material->der, &key.der);
	return material;
}

static const struct row {
	const char *name, *kind, *key_ops, *alg;
	enum kw_use use;
	enum kw_error_name expect;
} rows[] = {
	/* clang-format off */
	{ "given no key_ops, RSA signs", "RSA", NULL, "PS256", KW_USE_SIGN, KW_OK },
	{ "given empty key_ops, RSA signs", "RSA", "[]", "PS256", KW_USE_SIGN, KW_OK },
	{ "given sign among key_ops, RSA signs", "RSA", "[\"verify\",\"sign\"]", "RS256", KW_USE_SIGN, KW_OK },
	{ "given other key_ops, RSA does not sign", "RSA", "[\"decrypt\",\"verify\"]", "RS256", KW_USE_SIGN, KW_E_SRV_KEY_OPS },
	{ "given decrypt alone, RSA does not unwrap", "RSA", "[\"decrypt\"]", "RSA-OAEP", KW_USE_UNWRAP, KW_E_SRV_KEY_OPS },
	{ "given unwrapKey alone, RSA does not decrypt", "RSA", "[\"unwrapKey\"]", "RSA-OAEP", KW_USE_DECRYPT, KW_E_SRV_KEY_OPS },
	{ "given unwrapKey, the value is looked at", "RSA", "[\"unwrapKey\"]", "RSA-OAEP", KW_USE_UNWRAP, KW_E_SRV_OPEN },
	{ "given P-256, ES256 signs", "P-256", NULL, "ES256", KW_USE_SIGN, KW_OK },
	{ "given P-256K, ES256K signs", "secp256k1", NULL, "ES256K", KW_USE_SIGN, KW_OK },
	{ "given P-256K, ES256 does not fit", "secp256k1", NULL, "ES256", KW_USE_SIGN, KW_E_SRV_ALGORITHM },
	{ "given P-384, ES512 does not fit", "P-384", NULL, "ES512", KW_USE_SIGN, KW_E_SRV_ALGORITHM },
	{ "given oct-128, A256GCM does not fit", "oct", NULL, "A256GCM", KW_USE_DECRYPT, KW_E_SRV_ALGORITHM },
	{ "given oct-128, A128GCM looks at the value", "oct", NULL, "A128GCM", KW_USE_DECRYPT, KW_E_SRV_OPEN },
	{ "given oct-128, A128KW looks at the value", "oct", NULL, "A128KW", KW_USE_UNWRAP, KW_E_SRV_OPEN },
	{ "given oct, RSA-OAEP does not fit", "oct", NULL, "RSA-OAEP", KW_USE_DECRYPT, KW_E_SRV_ALGORITHM },
	/* clang-format on */
};

static void allows(void **state)
{
	const struct row *row = *state;
	KW_CLEANUP(kw_material_unrefp) struct kw_material *material = material_of(row->kind);
	KW_CLEANUP(kw_secret_clear) struct kw_secret value = { 0 };
	KW_CLEANUP(kw_operation_clear)
	struct kw_operation operation = { .use = row->use,
					  .alg = kw_algorithm_find(row->alg, row->use),
					  .value = kw_blob_new(24) };
	struct kw_error err = { 0 };

	material->key_ops = kw_strdup(row->key_ops);
	assert_int_equal(kw_operation_run(&operation, material, &value, &err),
			 row->expect == KW_OK ? 0 : -1);
	assert_ptr_equal(err.def, kw_error_def(row->expect));
	assert_int_equal(value.data != NULL, row->expect == KW_OK);
}

KW_TEST_ROWS(rows, allows)
