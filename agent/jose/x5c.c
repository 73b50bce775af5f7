/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The x5c chain of a release answer. OpenSSL verifies once, with chain, times and host name all in
 * force; its callback lets it go on after a failure and sorts the failures into one row each, so
 * that people see whether a clock, a name or the trust is wrong.
 */
#include "jose/certificate.h"
#include "jose/openssl.h"
#include "util/base64.h"
#include "util/clock.h"
#include "util/text.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

enum { X5C_MAX = 10, LEAF_BITS_MIN = 2048 };
/* OpenSSL's level for 112 bits: RSA of 2048 bits, no SHA-1 below the root. */
enum { CHAIN_LEVEL = 2 };

struct chain {
	X509 *certs[X5C_MAX]; /* leaf first */
	size_t n_certs;
	uint8_t leaf_sha256[KW_SHA256_SIZE];
};

static void clear_chain(struct chain *chain)
{
	for (size_t i = 0; i < chain->n_certs; i++)
		X509_free(chain->certs[i]);
	*chain = (struct chain){ 0 };
}

/* RFC 7515 4.1.6: standard base64, each entry one DER certificate. */
static bool take_entry(const struct kw_json *entry, struct chain *chain)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob der = { 0 };
	const char *text = kw_json_string(entry);
	X509 *certificate = NULL;

	if (text && kw_base64_decode(KW_BASE64, kw_bytes_text(text), &der))
		certificate = kw_x509_open(kw_blob_bytes(&der));
	if (!certificate)
		return false;
	if (chain->n_certs == 0)
		kw_digest(KW_SHA256, kw_blob_bytes(&der), chain->leaf_sha256);
	chain->certs[chain->n_certs++] = certificate;
	return true;
}

/* Reads up to the first entry that is no certificate; the row says how many there were. */
static bool take_chain(const struct kw_json *x5c, struct kw_checks *checks, struct chain *chain)
{
	size_t n = kw_json_type(x5c) == KW_JSON_ARRAY ? kw_json_count(x5c) : 0;
	const struct kw_json *entry = n <= X5C_MAX ? kw_json_first(x5c) : NULL;
	char found[64];

	while (n > 0 && entry && take_entry(entry, chain))
		entry = kw_json_next(entry);
	if (n == 0 || n > X5C_MAX)
		snprintf(found, sizeof(found), "%zu entries", n);
	else
		snprintf(found, sizeof(found), "%zu of %zu are certificates", chain->n_certs, n);
	return kw_checks_judge(checks, "x5c form", KW_E_REL_JWS_FORM, n > 0 && chain->n_certs == n,
			       "1 to 10 whole certificates", found);
}

static void judge_leaf_key(X509 *leaf, struct kw_checks *checks, struct kw_public_key **ret)
{
	KW_CLEANUP(kw_public_key_freep) struct kw_public_key *key = NULL;
	const EVP_PKEY *pkey = X509_get0_pubkey(leaf);
	struct kw_error err = { 0 };
	char found[64] = "a key of an unknown kind";

	if (pkey && kw_public_key_from_pkey(pkey, KW_E_REL_JWS_FORM, &key, &err) == 0)
		snprintf(found, sizeof(found), "%s, %u bits", key->kty == KW_KTY_RSA ? "RSA" : "EC",
			 key->bits);
	bool ok = key && key->kty == KW_KTY_RSA && key->bits >= LEAF_BITS_MIN;
	kw_checks_judge(checks, "x5c leaf key", KW_E_REL_JWS_FORM, ok, "RSA, 2048 bits or more",
			found);
	if (ok)
		*ret = KW_STEAL(key);
}

static void judge_thumbprint(const char *x5t_s256, const struct chain *chain,
			     struct kw_checks *checks)
{
	static const char name[] = "x5t#S256";
	KW_CLEANUP(kw_blob_clear) struct kw_blob given = { 0 };
	char found[2 * KW_SHA256_SIZE + 1];

	kw_hex_encode(KW_BYTES(chain->leaf_sha256), found);
	if (!x5t_s256) {
		kw_checks_not_possible(checks, name, KW_E_REL_JWS_X5T, NULL,
				       "the header has no x5t#S256");
	} else if (!kw_base64_decode(KW_BASE64URL_LENIENT, kw_bytes_text(x5t_s256), &given)
		   || given.len != KW_SHA256_SIZE) {
		kw_checks_judge(checks, name, KW_E_REL_JWS_X5T, false, "base64url of 32 bytes",
				"another text");
	} else {
		kw_checks_same_bytes(checks, name, KW_E_REL_JWS_X5T, given.data, chain->leaf_sha256,
				     KW_SHA256_SIZE);
	}
}

/* The first failure of each sort; "" where there is none. */
struct findings {
	char chain[128], validity[128], host[128];
};

static char *place_of(struct findings *findings, int code)
{
	switch (code) {
	case X509_V_ERR_CERT_NOT_YET_VALID:
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
	case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
		return findings->validity;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return findings->host;
	default:
		return findings->chain;
	}
}

/* Always goes on: what was found decides, not what X509_verify_cert() then returns. */
static int sort_failure(int ok, X509_STORE_CTX *ctx)
{
	int code = X509_STORE_CTX_get_error(ctx);
	const X509 *at = X509_STORE_CTX_get_current_cert(ctx);
	char cn[64] = "";

	if (ok)
		return 1;
	char *place = place_of(X509_STORE_CTX_get_app_data(ctx), code);
	if (place[0] != '\0')
		return 1;
	if (at)
		kw_x509_cn(X509_get_subject_name(at), cn, sizeof(cn));
	snprintf(place, sizeof(((struct findings *)0)->chain), "'%s': %s", cn,
		 X509_verify_cert_error_string(code));
	return 1;
}

/* RFC 6125: names of the subjectAltName alone; the leaf's common name proves nothing. */
static bool set_params(X509_STORE_CTX *ctx, const struct kw_origin *vault, int64_t now_s)
{
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);

	X509_VERIFY_PARAM_set_time(param, (time_t)now_s);
	X509_VERIFY_PARAM_set_auth_level(param, CHAIN_LEVEL);
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT
						       | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER) != 1)
		return false;
	if (!vault)
		return true;
	return vault->is_address ? X509_VERIFY_PARAM_set1_ip_asc(param, vault->host) == 1
				 : X509_VERIFY_PARAM_set1_host(param, vault->host, 0) == 1;
}

/* The callback forgives everything, so only a library in trouble (memory) stops before the end. */
#define NOT_JUDGED "could not be judged"

static void verify(const struct chain *chain, const struct kw_signer_roots *roots,
		   const struct kw_origin *vault, int64_t now_s, struct findings *findings)
{
	KW_CLEANUP(X509_STORE_CTX_freep) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *untrusted = sk_X509_new_null();
	bool ready = ctx && untrusted;

	for (size_t i = 1; ready && i < chain->n_certs; i++)
		ready = sk_X509_push(untrusted, chain->certs[i]) > 0;
	ready = ready && X509_STORE_CTX_init(ctx, roots->store, chain->certs[0], untrusted) == 1
		&& X509_STORE_CTX_set_app_data(ctx, findings) == 1 && set_params(ctx, vault, now_s);
	if (ready)
		X509_STORE_CTX_set_verify_cb(ctx, sort_failure);
	if (!ready || X509_verify_cert(ctx) != 1)
		*findings = (struct findings){ NOT_JUDGED, NOT_JUDGED, NOT_JUDGED };
	sk_X509_free(untrusted);
	ERR_clear_error();
}

static void judge_trust(const struct chain *chain, const struct kw_signer_roots *roots,
			const struct kw_origin *vault, int64_t now_s, struct kw_checks *checks)
{
	struct findings findings = { 0 };
	char now[KW_TIME_TEXT_SIZE];

	kw_time_text(now_s, now);
	verify(chain, roots, vault, now_s, &findings);
	bool trusted = findings.chain[0] == '\0';
	kw_checks_judge(checks, "x5c chain", KW_E_REL_JWS_CHAIN, trusted,
			"a chain of TLS servers to a trusted root",
			trusted		    ? "one"
			: roots->problem[0] ? roots->problem
					    : findings.chain);
	bool in_time = findings.validity[0] == '\0';
	kw_checks_judge(checks, "x5c validity", KW_E_REL_JWS_TIME, in_time, now,
			in_time ? "within" : findings.validity);
	bool named = findings.host[0] == '\0';
	if (vault)
		kw_checks_judge(checks, "x5c host", KW_E_REL_JWS_HOST, named, vault->host,
				named ? vault->host : findings.host);
	else
		kw_checks_not_possible(checks, "x5c host", KW_E_REL_JWS_HOST, NULL,
				       "the vault is not named");
}

int kw_x5c_judge(const struct kw_json *x5c, const char *x5t_s256,
		 const struct kw_signer_roots *roots, const struct kw_origin *vault, int64_t now_s,
		 struct kw_checks *checks, struct kw_public_key **ret_leaf_key,
		 struct kw_error *err)
{
	KW_CLEANUP(clear_chain) struct chain chain = { 0 };
	bool whole = take_chain(x5c, checks, &chain);

	if (chain.n_certs == 0)
		return kw_fail(err, KW_E_REL_JWS_FORM, "x5c does not begin with a certificate");
	judge_thumbprint(x5t_s256, &chain, checks);
	judge_leaf_key(chain.certs[0], checks, ret_leaf_key);
	if (!roots)
		kw_checks_not_possible(checks, "x5c chain", KW_E_REL_JWS_CHAIN, NULL,
				       "no roots are given");
	else if (whole)
		judge_trust(&chain, roots, vault, now_s, checks);
	return 0;
}
