/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What pki_amd.c, which makes the chain of this machine, has in common with pki_amd_bent.c, which
 * makes those that nobody should believe.
 */
#pragma once

#include "pki_parts.h"

enum { LAB_AMD_CHIP_ID_SIZE = 64 };

/* What a VCEK or VLEK says. */
struct lab_leaf {
	enum lab_product product;
	const char *cn;
	const char *product_name; /* NULL: the product's */
	bool with_stepping;	  /* "Milan-B0", not "Milan" */
	const uint8_t *hardware;  /* CHIP_ID; NULL: VLEK, which says whose cloud it is */
	uint8_t bl, tee, snp, ucode, fmc;
	const char
		*left_out; /* the start of extensions' numbers: "3." is the whole TCB; NULL: none */
	EVP_PKEY *key;
	const struct lab_pair *issuer;
	int64_t not_before, not_after;
	enum lab_signature signature;
};

/* The VCEK of this machine. */
struct lab_leaf lab_leaf_of_machine(void);
/* `file` NULL: only made, not kept in D/pki. */
X509 *lab_leaf_make(const struct lab_leaf *leaf, const char *file);

/* The two certificates above a leaf; `issuer` NULL: an ARK. `cn` is borrowed. */
struct lab_certificate_form lab_authority(enum lab_product product, const char *cn, EVP_PKEY *key,
					  const struct lab_pair *issuer);
/* `kind` is "ARK", "SEV" or "SEV-VLEK". */
X509 *lab_authority_make(enum lab_product product, const char *kind, EVP_PKEY *key,
			 const struct lab_pair *issuer, const char *file);
