/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small PKI for the x5c tests: an authority with an intermediate, an unrelated authority, and
 * leaves with one fault each. Made once per program; x5c_pki_free() gives it back.
 */
#pragma once

#include "given.h"
#include "test_keys.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

/* The letters by which rows name certificates. */
enum {
	ROOT = 'R',	     /* signs itself, 2020 to 2040 */
	OTHER_ROOT = 'O',    /* unrelated */
	MIDDLE = 'I',	     /* by ROOT, 2020 to 2035 */
	MIDDLE_ENDED = 'J',  /* the same key, ended 2025 */
	MIDDLE_SHA1 = 'S',   /* the same key, signed with SHA-1 */
	LEAF = 'L',	     /* by MIDDLE: RSA-2048, 2025 to 2030, TLS server, three names */
	LEAF_CLIENT = 'C',   /* TLS client only */
	LEAF_CN = 'N',	     /* the vault's name as common name alone */
	LEAF_WEAK = 'W',     /* RSA-1024 */
	LEAF_EC = 'E',	     /* P-256 */
	LEAF_FLIPPED = 'F',  /* LEAF with one bit of its signature changed */
	LEAF_TRAILING = 't', /* LEAF with a byte behind it */
	NO_DER = 'x',
};

#define Y2020 INT64_C(1577836800)
#define Y2025 INT64_C(1735689600)
#define Y2026 INT64_C(1767225600)
#define Y2030 INT64_C(1893456000)
#define Y2035 INT64_C(2051222400)
#define Y2040 INT64_C(2208988800)

struct pki_spec {
	char letter, issuer; /* issuer 0: itself */
	bool sha1;
	const char *cn;
	EVP_PKEY **key, **signer;
	int64_t from, to;
	const char *extensions[3][2]; /* name, value */
};

static EVP_PKEY *root_key, *other_key, *middle_key, *leaf_key, *weak_key, *leaf_ec_key;
static X509 *pki[128]; /* by letter */

/* clang-format off */
#define CA_EXT { { "basicConstraints", "critical,CA:TRUE" }, { "keyUsage", "keyCertSign" } }
#define NAMES  { "subjectAltName", "DNS:vault.example.test,DNS:*.hsm.example.test,IP:127.0.0.1" }
#define SERVER { "extendedKeyUsage", "serverAuth" }
#define CLIENT { "extendedKeyUsage", "clientAuth" }
#define VAULT "vault.example.test"

static const struct pki_spec pki_specs[] = {
	{ ROOT, 0, false, "root", &root_key, &root_key, Y2020, Y2040, CA_EXT },
	{ OTHER_ROOT, 0, false, "other", &other_key, &other_key, Y2020, Y2040, CA_EXT },
	{ MIDDLE, ROOT, false, "middle", &middle_key, &root_key, Y2020, Y2035, CA_EXT },
	{ MIDDLE_ENDED, ROOT, false, "middle", &middle_key, &root_key, Y2020, Y2025, CA_EXT },
	{ MIDDLE_SHA1, ROOT, true, "middle", &middle_key, &root_key, Y2020, Y2035, CA_EXT },
	{ LEAF, MIDDLE, false, "leaf", &leaf_key, &middle_key, Y2025, Y2030, { NAMES, SERVER } },
	{ LEAF_CLIENT, MIDDLE, false, "leaf", &leaf_key, &middle_key, Y2025, Y2030, { NAMES, CLIENT } },
	{ LEAF_CN, MIDDLE, false, VAULT, &leaf_key, &middle_key, Y2025, Y2030, { SERVER } },
	{ LEAF_WEAK, MIDDLE, false, "leaf", &weak_key, &middle_key, Y2025, Y2030, { NAMES, SERVER } },
	{ LEAF_EC, MIDDLE, false, "leaf", &leaf_ec_key, &middle_key, Y2025, Y2030, { NAMES, SERVER } },
};
/* clang-format on */

static inline void pki_name(X509_NAME *name, const char *cn)
{
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)cn, -1, -1, 0);
}

static inline X509 *pki_issue(const struct pki_spec *spec)
{
	X509 *made = X509_new();
	X509 *issuer = spec->issuer ? pki[(unsigned char)spec->issuer] : made;
	X509V3_CTX ctx;

	X509_set_version(made, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(made), spec->letter);
	pki_name(X509_get_subject_name(made), spec->cn);
	X509_set_issuer_name(made, X509_get_subject_name(issuer));
	ASN1_TIME_set(X509_getm_notBefore(made), (time_t)spec->from);
	ASN1_TIME_set(X509_getm_notAfter(made), (time_t)spec->to);
	X509_set_pubkey(made, *spec->key);
	X509V3_set_ctx(&ctx, issuer, made, NULL, NULL, 0);
	for (size_t i = 0; i < 3 && spec->extensions[i][0]; i++) {
		X509_EXTENSION *ext =
			X509V3_EXT_conf(NULL, &ctx, spec->extensions[i][0], spec->extensions[i][1]);
		assert_non_null(ext);
		X509_add_ext(made, ext, -1);
		X509_EXTENSION_free(ext);
	}
	assert_true(X509_sign(made, *spec->signer, spec->sha1 ? EVP_sha1() : EVP_sha256()) > 0);
	return made;
}

static inline void x5c_pki_make(void)
{
	root_key = EVP_EC_gen("P-256");
	other_key = EVP_EC_gen("P-256");
	middle_key = EVP_EC_gen("P-256");
	leaf_ec_key = EVP_EC_gen("P-256");
	leaf_key = test_rsa_key(2048, 0);
	weak_key = test_rsa_key(1024, 0);
	for (size_t i = 0; i < sizeof(pki_specs) / sizeof(pki_specs[0]); i++)
		pki[(unsigned char)pki_specs[i].letter] = pki_issue(&pki_specs[i]);
}

static inline void x5c_pki_free(void)
{
	EVP_PKEY *keys[] = { root_key, other_key, middle_key, leaf_key, weak_key, leaf_ec_key };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		EVP_PKEY_free(keys[i]);
	for (size_t i = 0; i < sizeof(pki) / sizeof(pki[0]); i++)
		X509_free(pki[i]);
}

static inline struct kw_blob x5c_der(int letter)
{
	bool bent = letter == LEAF_FLIPPED || letter == LEAF_TRAILING;
	X509 *certificate = pki[bent ? LEAF : letter];
	uint8_t *der = NULL;

	if (letter == NO_DER)
		return kw_blob_copy(kw_bytes_text("no DER"));
	int len = i2d_X509(certificate, &der);
	assert_true(len > 0);
	struct kw_blob copy = kw_blob_copy((struct kw_bytes){ der, (size_t)len });
	OPENSSL_free(der);
	if (letter == LEAF_FLIPPED)
		copy.data[copy.len - 1] ^= 1;
	if (letter == LEAF_TRAILING)
		kw_blob_append(&copy, (struct kw_bytes){ (const uint8_t *)"", 1 });
	return copy;
}

/* The header member: one entry per letter. */
static inline struct kw_json *x5c_json(const char *letters)
{
	struct kw_json *x5c = kw_json_new_array();

	for (; *letters; letters++) {
		KW_CLEANUP(kw_blob_clear) struct kw_blob der = x5c_der(*letters);
		KW_CLEANUP(freep) char *text = kw_base64_encode(KW_BASE64, kw_blob_bytes(&der));
		kw_json_add_string(x5c, NULL, text);
	}
	return x5c;
}

static inline struct kw_blob x5c_pem(const char *letters)
{
	struct kw_blob text = { 0 };

	for (; *letters; letters++) {
		BIO *out = BIO_new(BIO_s_mem());
		char *data = NULL;
		PEM_write_bio_X509(out, pki[(unsigned char)*letters]);
		long len = BIO_get_mem_data(out, &data);
		kw_blob_append(&text, (struct kw_bytes){ (uint8_t *)data, (size_t)len });
		BIO_free(out);
	}
	return text;
}
