/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/material.h"
#include "util/memory.h"

struct kw_material *kw_material_new(void)
{
	struct kw_material *material = kw_alloc(sizeof(*material));

	atomic_init(&material->refs, 1);
	return material;
}

struct kw_material *kw_material_ref(struct kw_material *material)
{
	atomic_fetch_add_explicit(&material->refs, 1, memory_order_relaxed);
	return material;
}

void kw_material_unref(struct kw_material *material)
{
	if (material == NULL
	    || atomic_fetch_sub_explicit(&material->refs, 1, memory_order_acq_rel) != 1)
		return;
	kw_secret_clear(&material->jwk);
	kw_secret_clear(&material->der);
	free(material->kid);
	free(material->public_jwk);
	free(material->key_ops);
	free(material);
}
