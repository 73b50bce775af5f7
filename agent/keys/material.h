/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One released key version, immutable once made and reference-counted: readers hold a reference and
 * take no lock. service/ fills it; server/ and cmd/ read it. Bytes are in the arena and wiped with
 * the last reference.
 */
#pragma once

#include "util/cleanup.h"
#include "util/secret.h"

#include <stdatomic.h>

enum kw_material_kind { KW_MATERIAL_RSA, KW_MATERIAL_EC, KW_MATERIAL_OCT };

struct kw_material {
	_Atomic unsigned refs;
	enum kw_material_kind kind;
	unsigned bits;
	char version[65];
	char *kid;	      /* full versioned identifier of the vault */
	char *public_jwk;     /* of the public half; NULL for oct */
	char *key_ops;	      /* JSON array text, or NULL */
	struct kw_secret jwk; /* as callers get it */
	struct kw_secret der; /* PKCS#8; oct: the raw bytes */
	int64_t expires_s;    /* exp of the vault, 0: none */
};

struct kw_material *kw_material_new(void); /* one reference, empty */
struct kw_material *kw_material_ref(struct kw_material *material);
void kw_material_unref(struct kw_material *material); /* NULL allowed */
KW_DEFINE_FREEP(struct kw_material, kw_material_unref);
