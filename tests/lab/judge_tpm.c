/* SPDX-License-Identifier: Apache-2.0 */
#include "certificate.h"
#include "jose.h"
#include "judge.h"
#include "pki.h"
#include "util/base64.h"

#include <string.h>

enum {
	TPM_ALG_RSA = 0x0001,
	TPM_ALG_SHA256 = 0x000b,
	TPM_ALG_NULL = 0x0010,
	TPM_ALG_RSASSA = 0x0014,
	TPM_ST_ATTEST_CERTIFY = 0x8017,
	TPM_ST_ATTEST_QUOTE = 0x8018,
	RSA_BITS = 2048,
	RSA_SIZE = 256,
	NAME_SIZE = 2 + LAB_SHA256_SIZE,
};
#define TPM_GENERATED 0xff544347u
#define TPM_RH_NULL 0x40000007u
#define TPM_RH_ENDORSEMENT 0x4000000bu
#define POLICY_PCR 0x0000017fu
/* fixedTPM, fixedParent, sensitiveDataOrigin, noDA, decrypt: guest attestation 4.5. */
#define KEY_ATTRIBUTES 0x00020432u
/* fixedTPM, restricted, sign. */
#define AK_MUST 0x00050002u
#define AK_MUST_NOT 0x00020000u
/* TPML_PCR_SELECTION: one bank, SHA-256, PCR 0 to 7. */
static const uint8_t selection[] = { 0, 0, 0, 1, 0, 0x0b, 3, 0xff, 0, 0 };

struct tpm_key {
	uint32_t attributes, exponent;
	uint16_t symmetric, scheme, hash, bits;
	struct kw_bytes area, policy, modulus; /* area: TPMT_PUBLIC, what the name is made of */
};

static bool take_2b(struct kw_cursor *c, struct kw_bytes *ret)
{
	uint16_t len = 0;

	return kw_take_be16(c, &len) && kw_take(c, len, ret);
}

/* TPM 2.0 part 2, 12.2.4, for RSA keys with SHA-256 names. */
static bool take_public(struct kw_cursor *c, struct tpm_key *ret)
{
	uint16_t type = 0, name_hash = 0;

	if (!kw_take_be16(c, &type) || type != TPM_ALG_RSA || !kw_take_be16(c, &name_hash)
	    || name_hash != TPM_ALG_SHA256 || !kw_take_be32(c, &ret->attributes)
	    || !take_2b(c, &ret->policy) || !kw_take_be16(c, &ret->symmetric)
	    || ret->symmetric != TPM_ALG_NULL || !kw_take_be16(c, &ret->scheme))
		return false;
	if (ret->scheme != TPM_ALG_NULL && !kw_take_be16(c, &ret->hash))
		return false;
	return kw_take_be16(c, &ret->bits) && kw_take_be32(c, &ret->exponent)
	       && take_2b(c, &ret->modulus);
}

static bool read_public(const struct kw_blob *in, const char *what, struct tpm_key *ret,
			struct lab_why *why)
{
	struct kw_cursor outer = { .in = kw_blob_bytes(in) };
	struct kw_cursor c = { 0 };

	if (!take_2b(&outer, &ret->area) || kw_cursor_left(&outer) != 0)
		return lab_refuse(why, "%s is not a TPM2B_PUBLIC with its size in front", what);
	c.in = ret->area;
	if (!take_public(&c, ret) || kw_cursor_left(&c) != 0)
		return lab_refuse(why, "%s is not an RSA key with a SHA-256 name", what);
	if (ret->bits != RSA_BITS || ret->exponent != 0 || ret->modulus.len != RSA_SIZE)
		return lab_refuse(why, "%s is not RSA-2048 with the default exponent", what);
	return true;
}

static void key_name(const struct tpm_key *key, uint8_t ret[NAME_SIZE])
{
	ret[0] = 0;
	ret[1] = TPM_ALG_SHA256;
	lab_sha256(key->area, ret + 2);
}

/* Of a primary key: TPM 2.0 part 1, 26.5. It says in which hierarchy the key was made. */
static void qualified_name(uint32_t hierarchy, const struct tpm_key *key, uint8_t ret[NAME_SIZE])
{
	uint8_t input[4 + NAME_SIZE] = { (uint8_t)(hierarchy >> 24), (uint8_t)(hierarchy >> 16),
					 (uint8_t)(hierarchy >> 8), (uint8_t)hierarchy };

	key_name(key, input + 4);
	ret[0] = 0;
	ret[1] = TPM_ALG_SHA256;
	lab_sha256(KW_BYTES(input), ret + 2);
}

static EVP_PKEY *public_key(const struct tpm_key *key)
{
	static const uint8_t exponent[] = { 1, 0, 1 };

	return lab_rsa_public(key->modulus, KW_BYTES(exponent));
}

/* The certificate, with zeros behind it or not. */
static X509 *read_certificate(const struct kw_blob *in, struct lab_why *why)
{
	const uint8_t *at = in->data;
	X509 *cert = d2i_X509(NULL, &at, (long)in->len);
	size_t used = (size_t)(at - in->data);

	if (cert != NULL && kw_bytes_are_zero((struct kw_bytes){ in->data + used, in->len - used }))
		return cert;
	X509_free(cert);
	lab_refuse(why, "'AikCert' is not a certificate with nothing but zeros behind it");
	return NULL;
}

static bool judge_certificate(const struct lab_evidence *evidence, EVP_PKEY *ak,
			      struct lab_why *why)
{
	KW_CLEANUP(X509_freep) X509 *cert = read_certificate(&evidence->ak_cert, why);
	time_t now = lab_now_s();

	if (cert == NULL)
		return false;
	if (X509_verify(cert, lab_pki.vtpm_ca.key) != 1)
		return lab_refuse(why, "'AikCert' is not of the virtual TPM CA");
	if (EVP_PKEY_eq(X509_get0_pubkey(cert), ak) != 1)
		return lab_refuse(why, "'AikCert' is for another key than 'AikPub'");
	if (X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(lab_pki.vtpm_ca.cert))
	    != 0)
		return lab_refuse(why, "'AikCert' names another issuer than the virtual TPM CA");
	if (X509_cmp_time(X509_get0_notBefore(cert), &now) > 0)
		return lab_refuse(why, "'AikCert' is not valid yet");
	if (X509_cmp_time(X509_get0_notAfter(cert), &now) < 0)
		return lab_refuse(why, "'AikCert' has expired");
	return true;
}

static bool member_is(const struct kw_json *object, const char *name, const char *expected)
{
	const char *text = kw_json_string(kw_json_get(object, name));

	return text != NULL && strcmp(text, expected) == 0;
}

static bool judge_hcl_key(const struct kw_json *runtime, const struct tpm_key *ak,
			  struct lab_why *why)
{
	const struct kw_json *keys = kw_json_get(runtime, "keys");

	for (const struct kw_json *key = kw_json_first(keys); key != NULL;
	     key = kw_json_next(key)) {
		const char *n = kw_json_string(kw_json_get(key, "n"));
		KW_CLEANUP(kw_blob_clear) struct kw_blob modulus = { 0 };

		if (!member_is(key, "kid", "HCLAkPub"))
			continue;
		if (member_is(key, "kty", "RSA") && member_is(key, "e", "AQAB") && n != NULL
		    && kw_base64_decode(KW_BASE64URL, kw_bytes_text(n), &modulus)
		    && kw_bytes_equal(kw_blob_bytes(&modulus), ak->modulus))
			return true;
		return lab_refuse(why, "HCLAkPub of the runtime data is not 'AikPub'");
	}
	return lab_refuse(why, "the runtime data has no HCLAkPub");
}

static bool judge_ak(const struct lab_evidence *evidence, const struct lab_findings *findings,
		     const struct tpm_key *ak, EVP_PKEY *key, struct lab_why *why)
{
	if ((ak->attributes & AK_MUST) != AK_MUST || (ak->attributes & AK_MUST_NOT) != 0)
		return lab_refuse(why,
				  "'AikPub' has attributes 0x%08x: not a restricted signing key",
				  ak->attributes);
	if (ak->scheme != TPM_ALG_RSASSA || ak->hash != TPM_ALG_SHA256)
		return lab_refuse(why, "'AikPub' does not sign with RSASSA and SHA-256");
	return judge_certificate(evidence, key, why) && judge_hcl_key(findings->runtime, ak, why);
}

/* TPMS_ATTEST up to the part that differs by type. */
static bool take_attest(struct kw_cursor *c, uint16_t type, const struct tpm_key *ak,
			const char *what, struct lab_why *why)
{
	uint8_t expected[NAME_SIZE];
	struct kw_bytes signer, extra;
	uint32_t magic = 0;
	uint16_t found = 0;

	if (!kw_take_be32(c, &magic) || magic != TPM_GENERATED)
		return lab_refuse(why, "%s was not made by a TPM: its magic is 0x%08x", what,
				  magic);
	if (!kw_take_be16(c, &found) || found != type)
		return lab_refuse(why, "%s has type 0x%04x, expected 0x%04x", what, found, type);
	if (!take_2b(c, &signer) || !take_2b(c, &extra)
	    || !kw_skip(c, 8 + 4 + 4 + 1 + 8)) /* clockInfo, firmwareVersion */
		return lab_refuse(why, "%s is cut", what);
	qualified_name(TPM_RH_ENDORSEMENT, ak, expected);
	if (!kw_bytes_equal(signer, KW_BYTES(expected)))
		return lab_refuse(why, "%s names another signer than 'AikPub'", what);
	return extra.len == 0
	       || lab_refuse(why, "%s has qualifying data, which the protocol leaves empty", what);
}

static bool signature_fits(const struct kw_blob *message, const struct kw_blob *signature,
			   EVP_PKEY *key)
{
	struct lab_jws as_jws = { .input = kw_blob_bytes(message), .signature = *signature };

	return lab_jws_verify(&as_jws, key);
}

static void pcr_digest(const struct lab_evidence *evidence, uint8_t ret[LAB_SHA256_SIZE])
{
	lab_sha256((struct kw_bytes){ evidence->pcrs[0], sizeof(evidence->pcrs) }, ret);
}

static bool judge_quote(const struct lab_evidence *evidence, const struct tpm_key *ak,
			EVP_PKEY *ak_key, struct lab_why *why)
{
	struct kw_cursor c = { .in = kw_blob_bytes(&evidence->quote) };
	struct kw_bytes selected, digest;
	uint8_t expected[LAB_SHA256_SIZE];

	if (!signature_fits(&evidence->quote, &evidence->quote_signature, ak_key))
		return lab_refuse(why, "the quote's signature does not verify with 'AikPub'");
	if (!take_attest(&c, TPM_ST_ATTEST_QUOTE, ak, "the quote", why))
		return false;
	if (!kw_take(&c, sizeof(selection), &selected)
	    || !kw_bytes_equal(selected, KW_BYTES(selection)))
		return lab_refuse(why, "the quote is not over PCR 0 to 7 of the SHA-256 bank");
	if (!take_2b(&c, &digest) || kw_cursor_left(&c) != 0)
		return lab_refuse(why, "the quote is cut or has bytes left over");
	pcr_digest(evidence, expected);
	return kw_bytes_equal(digest, KW_BYTES(expected))
	       || lab_refuse(why, "the quote's pcrDigest is not that of 'PCRs'");
}

/* PolicyPCR over PCR 0 to 7 as they are: guest attestation 4.5. */
static void expected_policy(const struct lab_evidence *evidence, uint8_t ret[LAB_SHA256_SIZE])
{
	uint8_t input[LAB_SHA256_SIZE + 4 + sizeof(selection) + LAB_SHA256_SIZE] = { 0 };
	uint8_t *at = input + LAB_SHA256_SIZE;

	at[2] = (uint8_t)(POLICY_PCR >> 8);
	at[3] = (uint8_t)POLICY_PCR;
	memcpy(at + 4, selection, sizeof(selection));
	pcr_digest(evidence, at + 4 + sizeof(selection));
	lab_sha256(KW_BYTES(input), ret);
}

static bool judge_key(const struct lab_evidence *evidence, const struct tpm_key *key,
		      struct lab_why *why)
{
	uint8_t policy[LAB_SHA256_SIZE];

	if (key->attributes != KEY_ATTRIBUTES)
		return lab_refuse(why, "'EncKeyPub' has attributes 0x%08x, expected 0x%08x",
				  key->attributes, KEY_ATTRIBUTES);
	if (key->scheme != TPM_ALG_NULL)
		return lab_refuse(why, "'EncKeyPub' has a scheme, which the protocol leaves open");
	expected_policy(evidence, policy);
	return kw_bytes_equal(key->policy, KW_BYTES(policy))
	       || lab_refuse(why, "'EncKeyPub' has another policy than PolicyPCR over 'PCRs'");
}

static bool judge_certify(const struct lab_evidence *evidence, const struct tpm_key *ak,
			  EVP_PKEY *ak_key, const struct tpm_key *key, struct lab_why *why)
{
	struct kw_cursor c = { .in = kw_blob_bytes(&evidence->certify) };
	struct kw_bytes name, qualified;
	uint8_t expected[NAME_SIZE];

	if (!signature_fits(&evidence->certify, &evidence->certify_signature, ak_key))
		return lab_refuse(why, "the certify signature does not verify with 'AikPub'");
	if (!take_attest(&c, TPM_ST_ATTEST_CERTIFY, ak, "the certify structure", why))
		return false;
	if (!take_2b(&c, &name) || !take_2b(&c, &qualified) || kw_cursor_left(&c) != 0)
		return lab_refuse(why, "the certify structure is cut or has bytes left over");
	key_name(key, expected);
	if (!kw_bytes_equal(name, KW_BYTES(expected)))
		return lab_refuse(why, "the certify structure names another key than 'EncKeyPub'");
	qualified_name(TPM_RH_NULL, key, expected);
	return kw_bytes_equal(qualified, KW_BYTES(expected))
	       || lab_refuse(why, "the certified key was not made in the NULL hierarchy");
}

bool lab_judge_tpm(const struct lab_evidence *evidence, struct lab_findings *findings,
		   struct lab_why *why)
{
	KW_CLEANUP(EVP_PKEY_freep) EVP_PKEY *ak_key = NULL;
	struct tpm_key ak = { 0 }, key = { 0 };

	if (!read_public(&evidence->ak_pub, "'AikPub'", &ak, why)
	    || !read_public(&evidence->key_pub, "'EncKeyPub'", &key, why))
		return false;
	ak_key = public_key(&ak);
	findings->key = public_key(&key);
	if (ak_key == NULL || findings->key == NULL)
		return lab_refuse(why, "'AikPub' or 'EncKeyPub' is no RSA key");
	return judge_ak(evidence, findings, &ak, ak_key, why)
	       && judge_quote(evidence, &ak, ak_key, why) && judge_key(evidence, &key, why)
	       && judge_certify(evidence, &ak, ak_key, &key, why);
}
