/* SPDX-License-Identifier: Apache-2.0 */
#include "collateral/object.h"

#include "collateral/crl.h"
#include "util/memory.h"
#include "util/text.h"

#include <stdio.h>

int kw_collateral_from_der(const struct kw_blob *leaf, const struct kw_blob *ask,
			   const struct kw_blob *ark, const char *source,
			   struct kw_collateral **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *made = kw_alloc(sizeof(*made));
	KW_CLEANUP(freep) char *ask_pem = kw_x509_pem(kw_blob_bytes(ask));
	KW_CLEANUP(freep) char *ark_pem = kw_x509_pem(kw_blob_bytes(ark));

	if (leaf && kw_amd_leaf_parse(kw_blob_bytes(leaf), &made->leaf, err) < 0)
		return kw_wrap(err, "VCEK or VLEK from %s", source);
	if (leaf)
		made->vcek = kw_blob_copy(kw_blob_bytes(leaf));
	made->vcek_pem = leaf ? kw_x509_pem(kw_blob_bytes(leaf)) : kw_strdup("");
	made->ask = kw_blob_copy(kw_blob_bytes(ask));
	made->ark = kw_blob_copy(kw_blob_bytes(ark));
	made->chain_pem = kw_format("%s%s", ask_pem, ark_pem);
	made->cache_s = KW_COLLATERAL_CACHE_S;
	snprintf(made->source, sizeof(made->source), "%s", source);
	*ret = KW_STEAL(made);
	return 0;
}

int kw_collateral_from_certificates(struct kw_bytes leaf, struct kw_bytes chain, const char *source,
				    struct kw_collateral **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_der_list_clear) struct kw_der_list leaves = { 0 };
	KW_CLEANUP(kw_der_list_clear) struct kw_der_list issuers = { 0 };

	if (kw_der_list_parse(leaf, "VCEK or VLEK", KW_E_COL_ANSWER, &leaves, err) < 0
	    || kw_der_list_parse(chain, "certificate chain", KW_E_COL_ANSWER, &issuers, err) < 0)
		return kw_wrap(err, "collateral from %s", source);
	if (leaves.n != (leaf.len > 0 ? 1 : 0))
		return kw_fail(err, KW_E_COL_ANSWER,
			       "collateral from %s has %zu leaf certificates, expected 1", source,
			       leaves.n);
	if (issuers.n != 2)
		return kw_fail(err, KW_E_COL_ANSWER,
			       "the chain from %s has %zu certificates, expected 2 (ASK, ARK)",
			       source, issuers.n);
	return kw_collateral_from_der(leaves.n ? &leaves.der[0] : NULL, &issuers.der[0],
				      &issuers.der[1], source, ret, err);
}

int kw_collateral_use_crl(struct kw_collateral *collateral, struct kw_bytes crl,
			  struct kw_error *err)
{
	kw_blob_clear(&collateral->crl);
	collateral->crl_wanted = true;
	return kw_crl_read(crl, &collateral->crl, err);
}

struct kw_collateral *kw_collateral_copy(const struct kw_collateral *collateral)
{
	struct kw_collateral *copy = kw_alloc(sizeof(*copy));

	*copy = *collateral;
	copy->vcek_pem = kw_strdup(collateral->vcek_pem);
	copy->chain_pem = kw_strdup(collateral->chain_pem);
	copy->vcek = kw_blob_copy(kw_blob_bytes(&collateral->vcek));
	copy->ask = kw_blob_copy(kw_blob_bytes(&collateral->ask));
	copy->ark = kw_blob_copy(kw_blob_bytes(&collateral->ark));
	copy->crl = kw_blob_copy(kw_blob_bytes(&collateral->crl));
	return copy;
}

void kw_collateral_free(struct kw_collateral *collateral)
{
	if (!collateral)
		return;
	free(collateral->vcek_pem);
	free(collateral->chain_pem);
	kw_blob_clear(&collateral->vcek);
	kw_blob_clear(&collateral->ask);
	kw_blob_clear(&collateral->ark);
	kw_blob_clear(&collateral->crl);
	free(collateral);
}
