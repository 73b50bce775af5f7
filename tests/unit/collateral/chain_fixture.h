/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AMD-like certificates made with OpenSSL: fixture_spec() describes an untouched chain, a test
 * bends one thing in it, fixture_make() issues it. Keys are made once per program and shared.
 */
#pragma once

#include "rows.h"
#include "test_keys.h"

#include "collateral/collateral.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#define FIXTURE_ARC "1.3.6.1.4.1.3704.1."
enum {
	FIXTURE_EXTENSIONS_MAX = 16,
	FIXTURE_VALUE_MAX = 96,
	FIXTURE_PEM_MAX = 16384,
};
static const int64_t fixture_now = 1767225600; /* 2026-01-01 */

enum fixture_key {
	KEY_ARK,
	KEY_ASK,
	KEY_OTHER_RSA,
	KEY_RSA_2048,
	KEY_LEAF,
	KEY_P256,
	N_FIXTURE_KEYS
};
static unsigned fixture_rsa_bits =
	4096; /* tests that do not judge the chain take less time with 2048 */

static inline EVP_PKEY *fixture_key(enum fixture_key which)
{
	static EVP_PKEY *keys[N_FIXTURE_KEYS];

	if (keys[which])
		return keys[which];
	switch (which) {
	case KEY_ARK:
		keys[which] = test_rsa_key(fixture_rsa_bits, 0);
		break;
	case KEY_ASK:
		keys[which] = test_rsa_key(fixture_rsa_bits, 1);
		break;
	case KEY_OTHER_RSA:
		keys[which] = test_rsa_key(fixture_rsa_bits, 2);
		break;
	case KEY_RSA_2048:
		keys[which] = test_rsa_key(2048, 3);
		break;
	case KEY_LEAF:
		keys[which] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
		break;
	case KEY_P256:
		keys[which] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
		break;
	case N_FIXTURE_KEYS:
		break;
	}
	assert_non_null(keys[which]);
	return keys[which];
}

struct fixture_extension {
	char oid[40];
	uint8_t value[FIXTURE_VALUE_MAX];
	size_t len;
};

struct fixture_cert {
	const char *cn, *organisation, *issuer_cn; /* issuer_cn NULL: that of the issuer */
	enum fixture_key key, signer;
	int version; /* as printed: 3 */
	bool is_ca;
	const char *hash, *mask_hash; /* mask_hash NULL: PKCS#1 v1.5 */
	int salt;
	int64_t from_s, until_s;
	bool flip; /* the last byte of the signature */
	struct fixture_extension extensions[FIXTURE_EXTENSIONS_MAX];
	size_t n_extensions;
};

struct fixture_spec {
	struct fixture_cert ark, ask, leaf;
};

struct fixture_chain {
	char ark[FIXTURE_PEM_MAX], ask[FIXTURE_PEM_MAX], leaf[FIXTURE_PEM_MAX];
	char chain[2 * FIXTURE_PEM_MAX]; /* ASK, ARK */
	struct kw_blob ark_der, ask_der, leaf_der;
};

static inline void fixture_clear(struct fixture_chain *chain)
{
	kw_blob_clear(&chain->ark_der);
	kw_blob_clear(&chain->ask_der);
	kw_blob_clear(&chain->leaf_der);
}

/* The content of the extension `suffix`; replaces one that is there already. */
static inline void fixture_set(struct fixture_cert *cert, const char *suffix, const void *value,
			       size_t len)
{
	struct fixture_extension *to = NULL;
	char oid[40];

	snprintf(oid, sizeof(oid), FIXTURE_ARC "%s", suffix);
	for (size_t i = 0; i < cert->n_extensions && !to; i++)
		if (strcmp(cert->extensions[i].oid, oid) == 0)
			to = &cert->extensions[i];
	if (!to) {
		assert_true(cert->n_extensions < FIXTURE_EXTENSIONS_MAX);
		to = &cert->extensions[cert->n_extensions++];
	}
	assert_true(len <= sizeof(to->value));
	snprintf(to->oid, sizeof(to->oid), "%s", oid);
	memcpy(to->value, value, len);
	to->len = len;
}

static inline void fixture_remove(struct fixture_cert *cert, const char *suffix)
{
	char oid[40];

	snprintf(oid, sizeof(oid), FIXTURE_ARC "%s", suffix);
	for (size_t i = 0; i < cert->n_extensions; i++)
		if (strcmp(cert->extensions[i].oid, oid) == 0)
			cert->extensions[i] = cert->extensions[--cert->n_extensions];
}

/* DER INTEGER: 128 and above take a zero byte in front. */
static inline void fixture_set_spl(struct fixture_cert *cert, const char *suffix, uint8_t spl)
{
	const uint8_t low[] = { 0x02, 0x01, spl }, high[] = { 0x02, 0x02, 0x00, spl };

	if (spl < 0x80)
		fixture_set(cert, suffix, low, sizeof(low));
	else
		fixture_set(cert, suffix, high, sizeof(high));
}

static inline void fixture_set_text(struct fixture_cert *cert, const char *suffix, const char *text)
{
	uint8_t value[FIXTURE_VALUE_MAX] = { V_ASN1_IA5STRING, (uint8_t)strlen(text) };

	assert_true(strlen(text) + 2 < sizeof(value));
	snprintf((char *)value + 2, sizeof(value) - 2, "%s", text);
	fixture_set(cert, suffix, value, strlen(text) + 2);
}

/* CHIP_ID 01 02 03 ... 40. */
static inline void fixture_chip_id(uint8_t ret[KW_CHIP_ID_SIZE])
{
	for (size_t i = 0; i < KW_CHIP_ID_SIZE; i++)
		ret[i] = (uint8_t)(i + 1);
}

static inline struct fixture_cert fixture_cert(const char *cn, enum fixture_key key,
					       enum fixture_key signer)
{
	return (struct fixture_cert){
		.cn = cn,
		.organisation = "Advanced Micro Devices",
		.key = key,
		.signer = signer,
		.version = 3,
		.is_ca = key != KEY_LEAF,
		.hash = "SHA384",
		.mask_hash = "SHA384",
		.salt = 48,
		.from_s = fixture_now - 86400,
		.until_s = fixture_now + 86400,
	};
}

/* Milan, TCB 3/0/8/115 (tcbm 7308000000000003), as an Azure machine of 2023 has it. */
static inline struct fixture_spec fixture_spec(void)
{
	struct fixture_spec spec = {
		.ark = fixture_cert("ARK-Milan", KEY_ARK, KEY_ARK),
		.ask = fixture_cert("SEV-Milan", KEY_ASK, KEY_ARK),
		.leaf = fixture_cert("SEV-VCEK", KEY_LEAF, KEY_ASK),
	};
	uint8_t chip_id[KW_CHIP_ID_SIZE];

	fixture_chip_id(chip_id);
	fixture_set_spl(&spec.leaf, "1", 0);
	fixture_set_text(&spec.leaf, "2", "Milan-B0");
	fixture_set_spl(&spec.leaf, "3.1", 3);
	fixture_set_spl(&spec.leaf, "3.2", 0);
	fixture_set_spl(&spec.leaf, "3.3", 8);
	fixture_set_spl(&spec.leaf, "3.8", 115);
	fixture_set(&spec.leaf, "4", chip_id, sizeof(chip_id));
	return spec;
}

static inline X509_NAME *fixture_name(const struct fixture_cert *cert, const char *cn)
{
	X509_NAME *name = X509_NAME_new();
	const struct {
		const char *field, *value;
	} entries[] = {
		{ "OU", "Engineering" },     { "C", "US" }, { "L", "Santa Clara" }, { "ST", "CA" },
		{ "O", cert->organisation }, { "CN", cn },
	};

	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		assert_int_equal(X509_NAME_add_entry_by_txt(name, entries[i].field, MBSTRING_ASC,
							    (const uint8_t *)entries[i].value, -1,
							    -1, 0),
				 1);
	return name;
}

static inline void fixture_add_extensions(X509 *x509, const struct fixture_cert *cert)
{
	if (cert->is_ca) {
		X509_EXTENSION *ca =
			X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");

		assert_int_equal(X509_add_ext(x509, ca, -1), 1);
		X509_EXTENSION_free(ca);
	}
	for (size_t i = 0; i < cert->n_extensions; i++) {
		ASN1_OBJECT *object = OBJ_txt2obj(cert->extensions[i].oid, 1);
		ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
		X509_EXTENSION *extension;

		ASN1_OCTET_STRING_set(value, cert->extensions[i].value,
				      (int)cert->extensions[i].len);
		extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, value);
		assert_int_equal(X509_add_ext(x509, extension, -1), 1);
		X509_EXTENSION_free(extension);
		ASN1_OCTET_STRING_free(value);
		ASN1_OBJECT_free(object);
	}
}

static inline void fixture_sign(X509 *x509, const struct fixture_cert *cert)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey = NULL;

	assert_int_equal(EVP_DigestSignInit(ctx, &pkey, EVP_get_digestbyname(cert->hash), NULL,
					    fixture_key(cert->signer)),
			 1);
	if (cert->mask_hash) {
		assert_true(EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING) > 0);
		assert_true(
			EVP_PKEY_CTX_set_rsa_mgf1_md(pkey, EVP_get_digestbyname(cert->mask_hash))
			> 0);
		assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey, cert->salt) > 0);
	}
	assert_true(X509_sign_ctx(x509, ctx) > 0);
	EVP_MD_CTX_free(ctx);
}

/* DER and PEM of one certificate. */
static inline void fixture_issue(const struct fixture_cert *cert, const char *issuer_cn,
				 struct kw_blob *ret_der, char ret_pem[FIXTURE_PEM_MAX])
{
	X509 *x509 = X509_new();
	X509_NAME *subject = fixture_name(cert, cert->cn);
	X509_NAME *issuer = fixture_name(cert, cert->issuer_cn ? cert->issuer_cn : issuer_cn);
	BIO *bio = BIO_new(BIO_s_mem());
	uint8_t *der = NULL;
	int len;

	X509_set_version(x509, cert->version - 1);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 0);
	X509_set_subject_name(x509, subject);
	X509_set_issuer_name(x509, issuer);
	ASN1_TIME_set(X509_getm_notBefore(x509), cert->from_s);
	ASN1_TIME_set(X509_getm_notAfter(x509), cert->until_s);
	X509_set_pubkey(x509, fixture_key(cert->key));
	fixture_add_extensions(x509, cert);
	fixture_sign(x509, cert);
	len = i2d_X509(x509, &der);
	assert_true(len > 0);
	*ret_der = kw_blob_copy((struct kw_bytes){ der, (size_t)len });
	if (cert->flip)
		ret_der->data[len - 1] ^= 1;
	PEM_write_bio(bio, PEM_STRING_X509, "", ret_der->data, len);
	len = BIO_read(bio, ret_pem, FIXTURE_PEM_MAX - 1);
	assert_true(len > 0);
	ret_pem[len] = '\0';
	OPENSSL_free(der);
	BIO_free(bio);
	X509_NAME_free(subject);
	X509_NAME_free(issuer);
	X509_free(x509);
}

static inline void fixture_make(const struct fixture_spec *spec, struct fixture_chain *ret)
{
	fixture_issue(&spec->ark, spec->ark.cn, &ret->ark_der, ret->ark);
	fixture_issue(&spec->ask, spec->ark.cn, &ret->ask_der, ret->ask);
	fixture_issue(&spec->leaf, spec->ask.cn, &ret->leaf_der, ret->leaf);
	snprintf(ret->chain, sizeof(ret->chain), "%s%s", ret->ask, ret->ark);
}

static inline struct kw_collateral *fixture_collateral(const struct fixture_spec *spec)
{
	KW_CLEANUP(fixture_clear) struct fixture_chain chain = { 0 };
	struct kw_collateral *collateral = NULL;
	struct kw_error err = { 0 };

	fixture_make(spec, &chain);
	if (kw_collateral_from_certificates(kw_bytes_text(chain.leaf), kw_bytes_text(chain.chain),
					    "test", &collateral, &err)
	    < 0)
		fail_msg("%s", err.detail);
	return collateral;
}
