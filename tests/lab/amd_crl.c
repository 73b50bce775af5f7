/* SPDX-License-Identifier: Apache-2.0 */
#include "amd_crl.h"

#include "pki_parts.h"

#include <openssl/rsa.h>
#include <openssl/x509v3.h>

KW_DEFINE_FREEP(X509_CRL, X509_CRL_free);
KW_DEFINE_FREEP(EVP_MD_CTX, EVP_MD_CTX_free);
KW_DEFINE_FREEP(ASN1_TIME, ASN1_TIME_free);
KW_DEFINE_FREEP(ASN1_INTEGER, ASN1_INTEGER_free);
KW_DEFINE_FREEP(X509_REVOKED, X509_REVOKED_free);

static void set_times(X509_CRL *crl, bool expired)
{
	KW_CLEANUP(ASN1_TIME_freep) ASN1_TIME *last = ASN1_TIME_set(NULL, lab_days(-30));
	KW_CLEANUP(ASN1_TIME_freep)
	ASN1_TIME *next = ASN1_TIME_set(NULL, lab_days(expired ? -1 : 335));

	lab_crypto_must(last && next && X509_CRL_set1_lastUpdate(crl, last)
				&& X509_CRL_set1_nextUpdate(crl, next),
			"dating a CRL");
}

static void withdraw(X509_CRL *crl, X509 *cert)
{
	KW_CLEANUP(X509_REVOKED_freep) X509_REVOKED *entry = X509_REVOKED_new();
	KW_CLEANUP(ASN1_TIME_freep) ASN1_TIME *when = ASN1_TIME_set(NULL, lab_days(-31));

	lab_crypto_must(entry && when
				&& X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(cert))
				&& X509_REVOKED_set_revocationDate(entry, when)
				&& X509_CRL_add0_revoked(crl, entry),
			"revoking a certificate");
	entry = NULL; /* the list has it */
}

static void set_number(X509_CRL *crl)
{
	KW_CLEANUP(ASN1_INTEGER_freep) ASN1_INTEGER *number = ASN1_INTEGER_new();

	lab_crypto_must(number && ASN1_INTEGER_set(number, 1)
				&& X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0),
			"numbering a CRL");
}

static void sign(X509_CRL *crl, EVP_PKEY *key)
{
	KW_CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey = NULL;

	lab_crypto_must(md && EVP_DigestSignInit(md, &pkey, EVP_sha384(), NULL, key) > 0
				&& EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING) > 0
				&& EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey, RSA_PSS_SALTLEN_DIGEST)
					   > 0
				&& X509_CRL_sort(crl) && X509_CRL_sign_ctx(crl, md) > 0,
			"signing a CRL");
}

static struct kw_blob encode(const X509_CRL *crl)
{
	int len = i2d_X509_CRL(crl, NULL);

	lab_crypto_must(len > 0, "encoding a CRL");
	struct kw_blob der = kw_blob_new((size_t)len);
	uint8_t *at = der.data;
	i2d_X509_CRL(crl, &at);
	return der;
}

struct kw_blob lab_amd_crl(enum lab_product product, bool vlek, enum lab_service by)
{
	struct lab_amd_line line = lab_amd_line(product, vlek);
	KW_CLEANUP(X509_CRL_freep) X509_CRL *crl = X509_CRL_new();
	bool broken = lab_tampered(by, "crl-signature");

	lab_crypto_must(crl && X509_CRL_set_version(crl, X509_CRL_VERSION_2)
				&& X509_CRL_set_issuer_name(crl, X509_get_subject_name(line.ark)),
			"filling a CRL");
	set_times(crl, lab_tampered(by, "crl-expired"));
	if (lab_tampered(by, "crl-revoked"))
		withdraw(crl, line.signer);
	set_number(crl);
	sign(crl, lab_pki.ark.key);
	struct kw_blob der = encode(crl);
	der.data[der.len - 1] ^= broken ? 1 : 0; /* the signature stands last */
	return der;
}
