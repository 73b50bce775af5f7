/* SPDX-License-Identifier: Apache-2.0 */
#include "certificate.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <string.h>

KW_DEFINE_FREEP(EVP_PKEY_CTX, EVP_PKEY_CTX_free);
KW_DEFINE_FREEP(EVP_MD_CTX, EVP_MD_CTX_free);
KW_DEFINE_FREEP(BIGNUM, BN_free);
KW_DEFINE_FREEP(OSSL_PARAM, OSSL_PARAM_free);
KW_DEFINE_FREEP(OSSL_PARAM_BLD, OSSL_PARAM_BLD_free);
KW_DEFINE_FREEP(X509_EXTENSION, X509_EXTENSION_free);
KW_DEFINE_FREEP(X509_NAME, X509_NAME_free);
KW_DEFINE_FREEP(ASN1_OBJECT, ASN1_OBJECT_free);
KW_DEFINE_FREEP(ASN1_OCTET_STRING, ASN1_OCTET_STRING_free);

void lab_crypto_must(bool ok, const char *what)
{
	char reason[256] = "no reason given";
	if (ok)
		return;
	if (ERR_peek_last_error() != 0)
		ERR_error_string_n(ERR_peek_last_error(), reason, sizeof(reason));
	lab_die("%s: %s", what, reason);
}

EVP_PKEY *lab_key_rsa(unsigned bits)
{
	EVP_PKEY *key = EVP_RSA_gen(bits);
	lab_crypto_must(key != NULL, "making an RSA key");
	return key;
}

EVP_PKEY *lab_key_rsa_quick(unsigned bits)
{
	KW_CLEANUP(EVP_PKEY_CTX_freep)
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;
	lab_crypto_must(ctx && EVP_PKEY_keygen_init(ctx) > 0
				&& EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) > 0
				&& EVP_PKEY_CTX_set_rsa_keygen_primes(ctx, 4) > 0
				&& EVP_PKEY_generate(ctx, &key) > 0,
			"making an RSA key of four primes");
	return key;
}

EVP_PKEY *lab_key_ec(const char *curve)
{
	EVP_PKEY *key = EVP_EC_gen(curve);
	lab_crypto_must(key != NULL, "making an EC key");
	return key;
}

EVP_PKEY *lab_key_from_modulus(const uint8_t modulus[256])
{
	KW_CLEANUP(EVP_PKEY_CTX_freep)
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	KW_CLEANUP(OSSL_PARAM_BLD_freep) OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	KW_CLEANUP(BN_freep) BIGNUM *n = BN_bin2bn(modulus, 256, NULL);
	KW_CLEANUP(OSSL_PARAM_freep) OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;
	lab_crypto_must(build && n && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n)
				&& OSSL_PARAM_BLD_push_ulong(build, OSSL_PKEY_PARAM_RSA_E, 65537),
			"describing an RSA key");
	params = OSSL_PARAM_BLD_to_param(build);
	lab_crypto_must(ctx && params && EVP_PKEY_fromdata_init(ctx) > 0
				&& EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) > 0,
			"making an RSA key of a modulus");
	return key;
}

static void add_to_name(X509_NAME *name, const char *field, const char *text)
{
	lab_crypto_must(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
						   (const unsigned char *)text, -1, -1, 0)
				> 0,
			"writing a name");
}

static X509_NAME *name_new(const char *cn, bool amd, const char *organization)
{
	const char *const fields[][2] = {
		{ "OU", "Engineering" },
		{ "C", "US" },
		{ "L", "Santa Clara" },
		{ "ST", "CA" },
		{ "O", organization ? organization : "Advanced Micro Devices" },
	};
	X509_NAME *name = X509_NAME_new();
	lab_crypto_must(name != NULL, "a name");
	for (size_t i = 0; amd && i < sizeof(fields) / sizeof(fields[0]); i++)
		add_to_name(name, fields[i][0], fields[i][1]);
	add_to_name(name, "CN", cn);
	return name;
}

static void set_names(X509 *cert, const struct lab_certificate_form *form)
{
	KW_CLEANUP(X509_NAME_freep)
	X509_NAME *subject = name_new(form->cn, form->amd_name, form->organization);
	KW_CLEANUP(X509_NAME_freep)
	X509_NAME *other = form->issuer_cn ? name_new(form->issuer_cn, form->amd_name, NULL) : NULL;
	const X509_NAME *from = subject;
	if (other)
		from = other;
	else if (form->issuer)
		from = X509_get_subject_name(form->issuer->cert);
	lab_crypto_must(X509_set_subject_name(cert, subject) && X509_set_issuer_name(cert, from),
			"naming a certificate");
}

static X509_EXTENSION *raw_extension(const struct lab_extension *from)
{
	KW_CLEANUP(ASN1_OBJECT_freep) ASN1_OBJECT *oid = OBJ_txt2obj(from->oid, 1);
	KW_CLEANUP(ASN1_OCTET_STRING_freep) ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	lab_crypto_must(oid && value && ASN1_OCTET_STRING_set(value, from->value, (int)from->len),
			"an extension's value");
	return X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
}

static void add_extension(X509 *cert, const struct lab_certificate_form *form,
			  const struct lab_extension *from)
{
	KW_CLEANUP(X509_EXTENSION_freep) X509_EXTENSION *extension = NULL;
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, form->issuer ? form->issuer->cert : cert, cert, NULL, NULL, 0);
	extension = from->oid ? raw_extension(from)
			      : X509V3_EXT_conf_nid(NULL, &ctx, from->nid, from->value);
	lab_crypto_must(extension && X509_add_ext(cert, extension, -1), "adding an extension");
}

static void sign(X509 *cert, EVP_PKEY *key, enum lab_signature how)
{
	KW_CLEANUP(EVP_MD_CTX_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey = NULL;
	const EVP_MD *hash = how == LAB_PSS_SHA384 ? EVP_sha384() : EVP_sha256();
	lab_crypto_must(md && EVP_DigestSignInit(md, &pkey, hash, NULL, key) > 0,
			"setting up a certificate signature");
	if (how != LAB_SHA256)
		lab_crypto_must(
			EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING) > 0
				&& EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey, RSA_PSS_SALTLEN_DIGEST)
					   > 0,
			"choosing RSA-PSS");
	lab_crypto_must(X509_sign_ctx(cert, md) > 0, "signing a certificate");
}

X509 *lab_certificate_make(const struct lab_certificate_form *form)
{
	X509 *cert = X509_new();
	lab_crypto_must(
		cert && X509_set_version(cert, X509_VERSION_3)
			&& ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), form->serial)
			&& ASN1_TIME_set(X509_getm_notBefore(cert), form->not_before)
			&& ASN1_TIME_set(X509_getm_notAfter(cert), form->not_after)
			&& X509_set_pubkey(cert, form->key),
		"filling a certificate");
	set_names(cert, form);
	for (size_t i = 0; i < form->n_extensions; i++)
		add_extension(cert, form, &form->extensions[i]);
	sign(cert, form->issuer ? form->issuer->key : form->key, form->signature);
	return cert;
}

X509 *lab_certificate_flipped(X509 *cert)
{
	unsigned char *der = NULL;
	int len = i2d_X509(cert, &der);
	lab_crypto_must(len > 0, "encoding a certificate");
	der[len - 1] ^= 1; /* the signature stands last */
	const unsigned char *at = der;
	X509 *flipped = d2i_X509(NULL, &at, len);
	OPENSSL_free(der);
	lab_crypto_must(flipped != NULL, "decoding a certificate");
	return flipped;
}

bool lab_certificate_has_cn(X509 *cert, const char *cn)
{
	char found[256] = "";
	return X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, found,
					 sizeof(found))
		       > 0
	       && strcmp(found, cn) == 0;
}
