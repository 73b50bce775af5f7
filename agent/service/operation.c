/* SPDX-License-Identifier: Apache-2.0 */
#include "service/operation.h"

#include "jose/decrypt.h"
#include "jose/sign.h"

#include <string.h>

void kw_operation_clear(struct kw_operation *operation)
{
	kw_blob_clear(&operation->value);
	kw_blob_clear(&operation->iv);
	kw_blob_clear(&operation->aad);
	kw_blob_clear(&operation->tag);
	*operation = (struct kw_operation){ 0 };
}

/* RFC 7517 4.3 */
static const char *key_op(enum kw_use use)
{
	switch (use) {
	case KW_USE_DECRYPT:
		return "decrypt";
	case KW_USE_SIGN:
		return "sign";
	case KW_USE_UNWRAP:
		return "unwrapKey";
	}
	return "";
}

/* No key_ops, or none in the list: whatever the type can. */
static int check_key_ops(const struct kw_material *material, enum kw_use use, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *list = NULL;

	if (material->key_ops == NULL)
		return 0;
	if (kw_json_parse(kw_bytes_text(material->key_ops), KW_JSON_STRICT, KW_E_SYS_INTERNAL,
			  &list, err)
	    < 0)
		return -1;
	for (const struct kw_json *op = kw_json_first(list); op != NULL; op = kw_json_next(op))
		if (kw_json_string(op) != NULL && strcmp(kw_json_string(op), key_op(use)) == 0)
			return 0;
	if (kw_json_count(list) == 0)
		return 0;
	return kw_fail(err, KW_E_SRV_KEY_OPS, "key_ops of the key do not name '%s'", key_op(use));
}

static enum kw_kty kty_of(enum kw_material_kind kind)
{
	switch (kind) {
	case KW_MATERIAL_RSA:
		return KW_KTY_RSA;
	case KW_MATERIAL_EC:
		return KW_KTY_EC;
	case KW_MATERIAL_OCT:
		return KW_KTY_OCT;
	}
	return KW_KTY_OCT;
}

/* P-256 and P-256K are of one size: the curve is in the public half. */
static int curve_of(const struct kw_material *material, enum kw_curve *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *jwk = NULL;
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = NULL;

	*ret = KW_CURVE_NONE;
	if (material->kind != KW_MATERIAL_EC)
		return 0;
	if (kw_json_parse(kw_bytes_text(material->public_jwk), KW_JSON_STRICT, KW_E_SYS_INTERNAL,
			  &jwk, err)
		    < 0
	    || kw_public_key_from_jwk(jwk, KW_E_SYS_INTERNAL, &key, err) < 0)
		return -1;
	*ret = kw_public_key_curve(key);
	return 0;
}

static int check_fit(const struct kw_material *material, const struct kw_algorithm *alg,
		     struct kw_error *err)
{
	enum kw_curve curve = KW_CURVE_NONE;

	if (curve_of(material, &curve, err) < 0)
		return -1;
	if (!kw_algorithm_fits(alg, kty_of(material->kind), curve, material->bits))
		return kw_fail(err, KW_E_SRV_ALGORITHM,
			       "%s does not fit the type or size of the key", alg->name);
	return 0;
}

static int sign(const struct kw_operation *operation, struct kw_bytes key, struct kw_secret *ret,
		struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob signature = { 0 };

	if (kw_sign(operation->alg, key, kw_blob_bytes(&operation->value), &signature, err) < 0)
		return -1;
	return kw_secret_take(kw_blob_bytes(&signature), ret, err);
}

static int decrypt(const struct kw_operation *operation, struct kw_bytes key, struct kw_secret *ret,
		   struct kw_error *err)
{
	struct kw_sealed sealed = { kw_blob_bytes(&operation->value), kw_blob_bytes(&operation->iv),
				    kw_blob_bytes(&operation->aad),
				    kw_blob_bytes(&operation->tag) };

	if (kw_decrypt(operation->alg, key, &sealed, ret, err) == 0)
		return 0;
	if (!kw_error_is(err, KW_E_UNW_FAILED))
		return -1;
	return kw_fail(err, KW_E_SRV_OPEN, "the value does not open with this key");
}

int kw_operation_run(const struct kw_operation *operation, const struct kw_material *material,
		     struct kw_secret *ret, struct kw_error *err)
{
	struct kw_bytes key = kw_secret_bytes(&material->der);

	if (check_key_ops(material, operation->use, err) < 0
	    || check_fit(material, operation->alg, err) < 0)
		return -1;
	return operation->use == KW_USE_SIGN ? sign(operation, key, ret, err)
					     : decrypt(operation, key, ret, err);
}
