/* SPDX-License-Identifier: Apache-2.0 */
#include "judge_amd.h"

#include "certificate.h"
#include "pki_parts.h"
#include "util/text.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

enum {
	CHIP_ID_SIZE = 64,
	TURIN_CHIP_ID_SIZE = 8,
	SIGNER_MASKED = 2,
	P384_BITS = 384,
	RSA_BITS = 4096,
	SALT_SIZE = 48
};

KW_DEFINE_FREEP(X509_STORE, X509_STORE_free);
KW_DEFINE_FREEP(X509_STORE_CTX, X509_STORE_CTX_free);
KW_DEFINE_FREEP(ASN1_OBJECT, ASN1_OBJECT_free);
KW_DEFINE_FREEP(ASN1_INTEGER, ASN1_INTEGER_free);
KW_DEFINE_FREEP(BIO, BIO_free_all);
KW_DEFINE_FREEP(RSA_PSS_PARAMS, RSA_PSS_PARAMS_free);
KW_DEFINE_FREEP(X509_ALGOR, X509_ALGOR_free);

void lab_amd_chain_clear(struct lab_amd_chain *chain)
{
	X509_free(chain->leaf);
	X509_free(chain->signer);
	X509_free(chain->ark);
	*chain = (struct lab_amd_chain){ 0 };
}

/* Exactly three and nothing behind. */
static bool read_chain(struct kw_bytes pem, struct lab_amd_chain *ret, struct lab_why *why)
{
	KW_CLEANUP(BIO_free_allp) BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	X509 **const places[] = { &ret->leaf, &ret->signer, &ret->ark };
	enum { CHAIN_CERTS = sizeof(places) / sizeof(places[0]) };
	KW_CLEANUP(X509_freep) X509 *more = NULL;

	for (size_t i = 0; i < CHAIN_CERTS; i++) {
		*places[i] = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (*places[i] == NULL)
			return lab_refuse(why, "'VcekCertChain' has %zu certificates, expected %d",
					  i, CHAIN_CERTS);
	}
	more = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	return more == NULL
	       || lab_refuse(why, "'VcekCertChain' has more than %d certificates", CHAIN_CERTS);
}

static bool named(X509 *cert, const char *kind, enum lab_product product)
{
	KW_CLEANUP(freep) char *cn = kw_format("%s-%s", kind, lab_product_name(product));

	return lab_certificate_has_cn(cert, cn);
}

/* The line of the ARK by its name, pinned by its key: it signs itself further below. */
static bool judge_ark(struct lab_amd_chain *chain, struct lab_why *why)
{
	for (unsigned product = LAB_MILAN; product <= LAB_TURIN; product++) {
		if (!named(chain->ark, "ARK", product))
			continue;
		chain->product = product;
		if (EVP_PKEY_eq(X509_get0_pubkey(chain->ark), lab_pki.ark.key) == 1)
			return true;
	}
	return lab_refuse(why, "the ARK of the chain is not the pinned one");
}

static bool judge_names(struct lab_amd_chain *chain, struct lab_why *why)
{
	chain->vlek = lab_certificate_has_cn(chain->leaf, "SEV-VLEK");
	if (!chain->vlek && !lab_certificate_has_cn(chain->leaf, "SEV-VCEK"))
		return lab_refuse(why, "the leaf of the chain is no VCEK and no VLEK");
	return named(chain->signer, chain->vlek ? "SEV-VLEK" : "SEV", chain->product)
	       || lab_refuse(why, "the leaf's issuer in the chain is not of line %s",
			     lab_product_name(chain->product));
}

static void *parameters(const ASN1_ITEM *form, const X509_ALGOR *algorithm)
{
	return algorithm != NULL && algorithm->parameter != NULL
		       ? ASN1_TYPE_unpack_sequence(form, algorithm->parameter)
		       : NULL;
}

/* X509_get_signature_info() says nothing of the mask and of the salt. */
static bool mask_and_salt_fit(X509 *cert)
{
	KW_CLEANUP(RSA_PSS_PARAMS_freep)
	RSA_PSS_PARAMS *pss =
		parameters(ASN1_ITEM_rptr(RSA_PSS_PARAMS), X509_get0_tbs_sigalg(cert));
	KW_CLEANUP(X509_ALGOR_freep)
	X509_ALGOR *mask =
		pss != NULL ? parameters(ASN1_ITEM_rptr(X509_ALGOR), pss->maskGenAlgorithm) : NULL;

	return mask != NULL && OBJ_obj2nid(mask->algorithm) == NID_sha384 && pss->saltLength != NULL
	       && ASN1_INTEGER_get(pss->saltLength) == SALT_SIZE;
}

static bool rsa_4096(X509 *cert)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);

	return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) == RSA_BITS;
}

static bool judge_algorithms(const struct lab_amd_chain *chain, struct lab_why *why)
{
	X509 *const certs[] = { chain->leaf, chain->signer, chain->ark };

	for (size_t i = 0; i < sizeof(certs) / sizeof(certs[0]); i++) {
		int digest = NID_undef, key = NID_undef;

		if (X509_get_signature_info(certs[i], &digest, &key, NULL, NULL) != 1
		    || digest != NID_sha384 || key != NID_rsassaPss || !mask_and_salt_fit(certs[i]))
			return lab_refuse(why,
					  "certificate %zu of the chain is not signed with "
					  "RSA-PSS, SHA-384, MGF1 of it and a salt of 48 bytes",
					  i + 1);
	}
	if (!rsa_4096(chain->signer) || !rsa_4096(chain->ark))
		return lab_refuse(why, "a key above the leaf of the chain is not RSA-4096");
	return (EVP_PKEY_get_base_id(X509_get0_pubkey(chain->leaf)) == EVP_PKEY_EC
		&& EVP_PKEY_get_bits(X509_get0_pubkey(chain->leaf)) == P384_BITS)
	       || lab_refuse(why, "the key of the VCEK or VLEK is not on P-384");
}

static bool judge_signatures(const struct lab_amd_chain *chain, struct lab_why *why)
{
	KW_CLEANUP(X509_STORE_freep) X509_STORE *store = X509_STORE_new();
	KW_CLEANUP(X509_STORE_CTX_freep) X509_STORE_CTX *context = X509_STORE_CTX_new();
	STACK_OF(X509) *between = sk_X509_new_null();
	bool good;

	sk_X509_push(between, chain->signer);
	X509_STORE_add_cert(store, chain->ark);
	X509_STORE_CTX_init(context, store, chain->leaf, between);
	X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(context),
				    X509_V_FLAG_CHECK_SS_SIGNATURE);
	X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context), lab_now_s());
	good = X509_verify_cert(context) == 1
	       || lab_refuse(why, "the chain of the VCEK: %s",
			     X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
	sk_X509_free(between);
	return good;
}

bool lab_amd_chain_judge(struct kw_bytes pem, struct lab_amd_chain *ret, struct lab_why *why)
{
	return read_chain(pem, ret, why) && judge_ark(ret, why) && judge_names(ret, why)
	       && judge_algorithms(ret, why) && judge_signatures(ret, why);
}

/* The content of an AMD extension (1.3.6.1.4.1.3704.1...); no bytes: it is not there. */
static struct kw_bytes extension(X509 *cert, const char *suffix)
{
	char oid[64];
	int at;

	snprintf(oid, sizeof(oid), "1.3.6.1.4.1.3704.1.%s", suffix);
	KW_CLEANUP(ASN1_OBJECT_freep) ASN1_OBJECT *object = OBJ_txt2obj(oid, 1);
	at = X509_get_ext_by_OBJ(cert, object, -1);
	if (at < 0)
		return (struct kw_bytes){ 0 };
	const ASN1_OCTET_STRING *data = X509_EXTENSION_get_data(X509_get_ext(cert, at));
	return (struct kw_bytes){ ASN1_STRING_get0_data(data), (size_t)ASN1_STRING_length(data) };
}

static bool judge_spl(X509 *leaf, const char *suffix, const char *name, uint8_t reported,
		      struct lab_why *why)
{
	struct kw_bytes der = extension(leaf, suffix);
	const uint8_t *at = der.data;
	KW_CLEANUP(ASN1_INTEGER_freep)
	ASN1_INTEGER *number = at != NULL ? d2i_ASN1_INTEGER(NULL, &at, (long)der.len) : NULL;

	if (number == NULL || at != der.data + der.len || ASN1_INTEGER_get(number) != reported)
		return lab_refuse(why, "REPORTED_TCB has %s %u, the VCEK is for %ld", name,
				  reported, number != NULL ? ASN1_INTEGER_get(number) : -1);
	return true;
}

/* "Milan-B0" in a VCEK, "Milan" in a VLEK. */
static bool judge_product_name(const struct lab_amd_chain *chain, struct lab_why *why)
{
	struct kw_bytes der = extension(chain->leaf, "2");
	const char *name = lab_product_name(chain->product);
	size_t len = strlen(name);

	return (der.len >= 2 + len && der.data[0] == V_ASN1_IA5STRING && der.data[1] == der.len - 2
		&& memcmp(der.data + 2, name, len) == 0
		&& (der.len == 2 + len || der.data[2 + len] == '-'))
	       || lab_refuse(why, "the leaf's productName is not %s", name);
}

static bool judge_chip(const struct lab_amd_chain *chain, const struct lab_snp *r,
		       struct lab_why *why)
{
	struct kw_bytes hwid = extension(chain->leaf, "4");
	size_t size = chain->product == LAB_TURIN ? TURIN_CHIP_ID_SIZE : CHIP_ID_SIZE;

	if ((extension(chain->leaf, "5").len > 0) != chain->vlek || (hwid.len > 0) == chain->vlek)
		return lab_refuse(why, "a VCEK has a hwID and a VLEK a cspID, and not both");
	if ((r->signer & SIGNER_MASKED) != 0)
		return kw_bytes_are_zero(r->chip_id)
		       || lab_refuse(why, "CHIP_ID is masked and not zero");
	if (chain->vlek)
		return true;
	if (hwid.len == size + 2 && hwid.data[0] == V_ASN1_OCTET_STRING && hwid.data[1] == size) {
		hwid.data += 2;
		hwid.len -= 2;
	}
	if (hwid.len != size || memcmp(hwid.data, r->chip_id.data, size) != 0
	    || !kw_bytes_are_zero((struct kw_bytes){ r->chip_id.data + size, CHIP_ID_SIZE - size }))
		return lab_refuse(why, "CHIP_ID is not the hwID of the VCEK");
	return true;
}

bool lab_amd_leaf_judge(const struct lab_amd_chain *chain, const struct lab_snp *r,
			struct lab_why *why)
{
	if ((LAB_SIGNER_KEY(r->signer) == 1) != chain->vlek)
		return lab_refuse(why, "the SNP report names a %s as its key, the chain has a %s",
				  chain->vlek ? "VCEK" : "VLEK", chain->vlek ? "VLEK" : "VCEK");
	return judge_spl(chain->leaf, "3.1", "boot loader", r->spl_boot, why)
	       && judge_spl(chain->leaf, "3.2", "TEE", r->spl_tee, why)
	       && judge_spl(chain->leaf, "3.3", "SNP", r->spl_snp, why)
	       && judge_spl(chain->leaf, "3.8", "microcode", r->spl_microcode, why)
	       && (chain->product != LAB_TURIN
		   || judge_spl(chain->leaf, "3.9", "FMC", r->spl_fmc, why))
	       && judge_product_name(chain, why) && judge_chip(chain, r, why);
}
