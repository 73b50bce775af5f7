/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Azure Attestation (spec: guest attestation 4, key release 2): request bodies from evidence and
 * collateral, the exchange, the sealed token, and the verification of tokens. The RSA step of the
 * sealed token is done by the caller's `unseal`, because it needs the TPM.
 */
#pragma once

#include "collateral/collateral.h"
#include "evidence/provider.h"
#include "http/client.h"
#include "jose/jws.h"

/* What the guest says of its operating system (4.3), from os-release text. */
struct kw_os_info {
	char distro[128];
	int64_t major, minor;
};
int kw_os_info_parse(struct kw_bytes os_release, struct kw_os_info *ret,
		     struct kw_error *err) KW_MUST_USE;

/* The inner JSON and the outer body of AzureGuest, exactly as 4.2 to 4.8 say. `payload` is an
 * object of strings or NULL. Owned text. */
int kw_maa_guest_body(const struct kw_evidence *evidence, const struct kw_collateral *collateral,
		      const struct kw_os_info *os, const struct kw_json *payload,
		      struct kw_blob *ret, struct kw_error *err) KW_MUST_USE;

/* The envelope of 4.9, taken apart. Rows: ATT_SEAL_FORM. */
struct kw_sealed_token {
	struct kw_blob ciphertext, inner_key, iv, tag;
	unsigned key_bits;
};
int kw_sealed_token_parse(struct kw_bytes answer, struct kw_sealed_token *ret,
			  struct kw_error *err) KW_MUST_USE;
void kw_sealed_token_clear(struct kw_sealed_token *sealed);
/* AES-GCM with the opened inner key, AAD "Transport Key". ATT_SEAL_FORM (key length), ATT_SEAL_TAG.
 */
int kw_sealed_token_open(const struct kw_sealed_token *sealed, const struct kw_secret *inner_key,
			 struct kw_secret *ret_jwt, struct kw_error *err) KW_MUST_USE;

struct kw_unsealer {
	int (*unseal)(void *ctx, struct kw_bytes inner_key, struct kw_secret *ret,
		      struct kw_error *err);
	void *ctx;
};
/* An attest call; both kinds return the token unverified: kw_token_judge() comes next. */
struct kw_maa_call {
	const struct kw_config *config;
	const char *endpoint;
	struct kw_bytes body;
	const struct kw_secret *bearer; /* for instances that want a caller's token, or NULL */
};
/* POST, open. ATT_* */
int kw_maa_attest_guest(struct kw_http *http, const struct kw_maa_call *call,
			const struct kw_unsealer *unsealer, struct kw_secret *ret_jwt,
			struct kw_error *err) KW_MUST_USE;

/* The body of SevSnpVm (key release 2.1). `reference_info` (may be empty) is what endorses the
 * guest's measurement; the token repeats `nonce`. */
struct kw_blob kw_maa_snp_body(const struct kw_evidence *evidence,
			       const struct kw_collateral *collateral,
			       struct kw_bytes reference_info, const char *nonce);
/* POST; the answer is the token itself. ATT_* */
int kw_maa_attest_snp(struct kw_http *http, const struct kw_maa_call *call,
		      struct kw_secret *ret_jwt, struct kw_error *err) KW_MUST_USE;

/* The token-signing keys of the configured endpoints: OpenID metadata and JWKS, cached for 24 h at
 * most, fetched again for an unknown kid (not more than once a minute), the last good copy kept
 * through outages. Thread-safe. */
struct kw_token_keys;
struct kw_token_keys *kw_token_keys_new(struct kw_http *http, const struct kw_clock *clock);
void kw_token_keys_free(struct kw_token_keys *keys);
KW_DEFINE_FREEP(struct kw_token_keys, kw_token_keys_free);
/* A JWKS for `endpoint` that has `kid` if the service publishes it. Owned copy. TOK_* */
int kw_token_keys_get(struct kw_token_keys *keys, const char *endpoint, const char *kid,
		      struct kw_json **ret_jwks, struct kw_error *err) KW_MUST_USE;

/* What a token is held against; NULL and empty members are not compared (offline verification). */
struct kw_token_rules {
	const char *issuer; /* configured endpoint */
	int64_t now_s, skew_s;
	const char *attestation_type;  /* "azurevm", "sevsnpvm" */
	const struct kw_json *payload; /* client payload as sent; compared with the decoded echo */
	const char *nonce;	       /* SevSnpVm: the request's nonce */
	const struct kw_json *runtime; /* SevSnpVm: the runtime data as sent, compared whole */
	const struct kw_public_key *wrapping_key;
	const char *wrapping_kid;
	const struct kw_public_key *ak; /* HCLAkPub inside x-ms-isolation-tee.x-ms-runtime */
	struct kw_bytes report_data;	/* 64 bytes, against x-ms-sevsnpvm-reportdata */
	bool allow_debug;
	bool guest; /* SNP claims are nested below x-ms-isolation-tee */
};
/*
 * Key release 2.6: every check, each with its row (TOK_FORM TOK_ALG TOK_ISSUER TOK_JKU TOK_KID
 * TOK_SIGNATURE TOK_KEY_WEAK TOK_EXPIRED TOK_NOT_YET TOK_TYPE TOK_NONCE TOK_WRAPPING_KEY TOK_AK
 * TOK_REPORT TOK_DEBUG). Returns -1 only if it is no token at all (TOK_FORM); otherwise the verdict
 * is in `checks`. `jwks` NULL: the signature is "not possible". `ret_expiry_s` may be NULL.
 */
int kw_token_judge(struct kw_bytes token, const struct kw_json *jwks,
		   const struct kw_token_rules *rules, struct kw_checks *checks,
		   int64_t *ret_expiry_s, struct kw_error *err) KW_MUST_USE;
/* The kid of a token's header, for kw_token_keys_get(). TOK_FORM, TOK_ALG. */
int kw_token_kid(struct kw_bytes token, char *ret, size_t size, struct kw_error *err) KW_MUST_USE;
