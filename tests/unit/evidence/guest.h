/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a confidential VM as a test makes them: keys and certificates by OpenSSL, reports,
 * TPM structures and event logs byte by byte after the specification, none of it with the code
 * under test. Blobs and keys belong to the caller.
 */
#pragma once

#include "evidence/bytes.h"
#include "jose/public_key.h"
#include "util/base64.h"
#include "util/text.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

enum { GUEST_MODULUS_SIZE = 256, GUEST_SHA256_SIZE = 32, GUEST_REPORT_SIZE = 1184 };

static inline void guest_want(bool ok)
{
	if (!ok)
		abort();
}

static inline struct kw_blob guest_modulus(const EVP_PKEY *key)
{
	struct kw_blob n = kw_blob_new(GUEST_MODULUS_SIZE);
	BIGNUM *number = NULL;

	guest_want(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &number) == 1);
	guest_want(BN_bn2binpad(number, n.data, GUEST_MODULUS_SIZE) == GUEST_MODULUS_SIZE);
	BN_free(number);
	return n;
}

static inline EVP_PKEY *guest_key_from_modulus(struct kw_bytes n)
{
	OSSL_PARAM params[3];
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *key = NULL;
	unsigned e = 65537;
	uint8_t native[GUEST_MODULUS_SIZE];

	guest_want(ctx && n.len == sizeof(native));
	for (size_t i = 0; i < n.len; i++)
		native[i] = n.data[n.len - 1 - i];
	params[0] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, native, sizeof(native));
	params[1] = OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_E, &e);
	params[2] = OSSL_PARAM_construct_end();
	guest_want(EVP_PKEY_fromdata_init(ctx) == 1
		   && EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) == 1);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static inline struct kw_public_key *guest_public(const EVP_PKEY *key)
{
	struct kw_blob n = guest_modulus(key);
	struct kw_public_key *public = NULL;
	struct kw_error err = { 0 };

	guest_want(kw_public_key_from_rsa(kw_blob_bytes(&n), 65537, KW_E_HCL_AK, &public, &err)
		   == 0);
	kw_blob_clear(&n);
	return public;
}

/* RSASSA-PKCS1-v1_5 with SHA-256. */
static inline struct kw_blob guest_sign(EVP_PKEY *key, struct kw_bytes message)
{
	struct kw_blob signature = kw_blob_new(GUEST_MODULUS_SIZE);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = signature.len;

	guest_want(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1
		   && EVP_DigestSign(ctx, signature.data, &len, message.data, message.len) == 1
		   && len == GUEST_MODULUS_SIZE);
	EVP_MD_CTX_free(ctx);
	return signature;
}

/* DER of a certificate for `key` under an issuer of that name; seconds since 1970. */
static inline struct kw_blob guest_certificate(EVP_PKEY *key, EVP_PKEY *issuer_key,
					       const char *issuer, int64_t from_s, int64_t to_s)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_NAME_new();
	struct kw_blob der;
	uint8_t *at;
	int len;

	guest_want(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const uint8_t *)issuer,
					      -1, -1, 0)
		   && X509_set_version(x, X509_VERSION_3) && X509_set_issuer_name(x, name)
		   && ASN1_INTEGER_set(X509_get_serialNumber(x), 7)
		   && ASN1_TIME_set(X509_getm_notBefore(x), from_s)
		   && ASN1_TIME_set(X509_getm_notAfter(x), to_s) && X509_set_pubkey(x, key)
		   && X509_sign(x, issuer_key, EVP_sha256()));
	len = i2d_X509(x, NULL);
	guest_want(len > 0);
	der = kw_blob_new((size_t)len);
	at = der.data;
	i2d_X509(x, &at);
	X509_NAME_free(name);
	X509_free(x);
	return der;
}

/* Runtime claims with the attestation key; `more` is put before the end: ",\"user-data\":\"..\"".
 */
static inline struct kw_blob guest_claims(const EVP_PKEY *ak, const char *more)
{
	struct kw_blob n = guest_modulus(ak);
	char *n64 = kw_base64_encode(KW_BASE64URL, kw_blob_bytes(&n));
	char *text = kw_format("{\"keys\":[{\"kid\":\"HCLAkPub\",\"key_ops\":[\"sign\"],"
			       "\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"%s\"}],"
			       "\"vm-configuration\":{\"secure-boot\":true,\"vmUniqueId\":"
			       "\"911B0EF8-9DBA-48B0-B275-4E4DF2D39252\"}%s}",
			       n64, more);
	struct kw_blob claims = kw_blob_copy(kw_bytes_text(text));

	free(n64);
	free(text);
	kw_blob_clear(&n);
	return claims;
}

/* A version 2 report of VMPL 0 with the policy of Azure's machines; not signed. */
static inline void put_snp_report(struct kw_blob *to, const uint8_t report_data[64])
{
	size_t from = to->len;

	put_le(to, 2, 4);	    /* version */
	put_le(to, 5, 4);	    /* guest SVN */
	put_le(to, 0x3001f, 8);	    /* policy */
	put_zeros(to, 16 + 16 + 4); /* family and image id, VMPL */
	put_le(to, 1, 4);	    /* signature algorithm */
	put_zeros(to, 8 + 8 + 4 + 4);
	put(to, report_data, 64);
	put_zeros(to, GUEST_REPORT_SIZE - (to->len - from));
}

/* An HCL report around the claims, filled with zeros up to `size` (0: not filled). */
static inline struct kw_blob guest_hcl(struct kw_bytes claims, size_t size)
{
	struct kw_blob hcl = { 0 };
	uint8_t report_data[64] = { 0 };

	SHA256(claims.data, claims.len, report_data);
	put(&hcl, "HCLA", 4);
	put_le(&hcl, 1, 4);
	put_le(&hcl, 1236 + claims.len, 4);
	put_le(&hcl, 2, 4);
	put_zeros(&hcl, 4 + 12);
	put_snp_report(&hcl, report_data);
	put_le(&hcl, 20 + claims.len, 4);
	put_le(&hcl, 1, 4); /* version */
	put_le(&hcl, 2, 4); /* SNP */
	put_le(&hcl, 1, 4); /* SHA-256 */
	put_le(&hcl, claims.len, 4);
	put(&hcl, claims.data, claims.len);
	if (hcl.len < size)
		put_zeros(&hcl, size - hcl.len);
	return hcl;
}

/* --- event logs */

static inline void put_log_header(struct kw_blob *to, const uint16_t (*algorithms)[2], uint32_t n)
{
	put_le(to, 0, 4);
	put_le(to, 3, 4); /* EV_NO_ACTION */
	put_zeros(to, 20);
	put_le(to, 16 + 4 + 4 + 4 + 4 * n + 1, 4);
	put(to, "Spec ID Event03", 16);
	put_le(to, 0, 4);
	put_hex(to, "00020002");
	put_le(to, n, 4);
	for (uint32_t i = 0; i < n; i++) {
		put_le(to, algorithms[i][0], 2);
		put_le(to, algorithms[i][1], 2);
	}
	put_u8(to, 0);
}

/* An event of a SHA-256 log whose digest is that of its data. */
static inline void put_log_event(struct kw_blob *to, uint32_t pcr, uint32_t type, const void *data,
				 size_t len)
{
	uint8_t digest[GUEST_SHA256_SIZE];

	SHA256(data, len, digest);
	put_le(to, pcr, 4);
	put_le(to, type, 4);
	put_le(to, 1, 4);
	put_le(to, 0x000b, 2);
	put(to, digest, sizeof(digest));
	put_le(to, len, 4);
	put(to, data, len);
}
