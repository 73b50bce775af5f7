/* SPDX-License-Identifier: Apache-2.0 */
/* Good guest evidence made with OpenSSL after guest attestation 4.5 and 4.5a, and the pieces of
 * which bad evidence is made. */
#pragma once

#include "evidence/guest.h"
#include "evidence/provider.h"

#define CLOCK_AND_FIRMWARE "0000000000211109 00000003 00000000 01 2020031200120003"
#define NULL_HIERARCHY "40000007"
#define ENDORSEMENT "4000000b"
#define QUOTE "ff544347 8018"
#define CERTIFY "ff544347 8017"
#define SELECTION "00000001 000b 03 ff0000"
#define AK_ATTRIBUTES "00050472"
#define ISSUER "Global Virtual TPM CA - 01"

enum { NOW_S = 1767225600, YEAR_S = 365 * 86400, N_PCRS = 8 };

static EVP_PKEY *ak, *wrapping, *other; /* the program makes them */

static inline struct kw_blob ak_public(EVP_PKEY *key, const char *attributes, const char *scheme)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob n = guest_modulus(key);
	KW_CLEANUP(kw_blob_clear) struct kw_blob area = { 0 };
	struct kw_blob sized = { 0 };

	put_hex(&area, "0001 000b");
	put_hex(&area, attributes);
	put_hex(&area, "0000 0010");
	put_hex(&area, scheme);
	put_hex(&area, "0800 00000000");
	put_sized(&area, n.data, n.len);
	put_sized(&sized, area.data, area.len);
	return sized;
}

static inline void digest_of_pcrs(const struct kw_evidence *e, uint8_t ret[GUEST_SHA256_SIZE])
{
	uint8_t joined[N_PCRS * GUEST_SHA256_SIZE];

	for (size_t i = 0; i < N_PCRS; i++)
		memcpy(joined + i * GUEST_SHA256_SIZE, e->pcrs.value[i], GUEST_SHA256_SIZE);
	SHA256(joined, sizeof(joined), ret);
}

/* guest attestation 4.5: zeros, TPM_CC_PolicyPCR, the selection, the digest of the values. */
static inline struct kw_blob wrapping_public(const struct kw_evidence *e, const char *attributes)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob n = guest_modulus(wrapping);
	KW_CLEANUP(kw_blob_clear) struct kw_blob step = { 0 };
	uint8_t digest[GUEST_SHA256_SIZE], policy[GUEST_SHA256_SIZE];
	struct kw_blob area = { 0 };

	digest_of_pcrs(e, digest);
	put_zeros(&step, GUEST_SHA256_SIZE);
	put_hex(&step, "0000017f" SELECTION);
	put(&step, digest, sizeof(digest));
	SHA256(step.data, step.len, policy);
	put_hex(&area, "0136 0001 000b");
	put_hex(&area, attributes);
	put_sized(&area, policy, sizeof(policy));
	put_hex(&area, "0010 0010 0800 00000000");
	put_sized(&area, n.data, n.len);
	return area;
}

/* The name of a TPM2B_PUBLIC, and its qualified name as a primary key of a hierarchy. */
static inline void name_of(struct kw_bytes tpm2b_public, uint8_t ret[2 + GUEST_SHA256_SIZE])
{
	ret[0] = 0x00;
	ret[1] = 0x0b;
	SHA256(tpm2b_public.data + 2, tpm2b_public.len - 2, ret + 2);
}

static inline void put_qualified(struct kw_blob *out, struct kw_bytes tpm2b_public,
				 const char *hierarchy)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob joined = { 0 };
	uint8_t name[2 + GUEST_SHA256_SIZE];

	name_of(tpm2b_public, name);
	put_hex(&joined, hierarchy);
	put(&joined, name, sizeof(name));
	SHA256(joined.data, joined.len, name + 2);
	put_sized(out, name, sizeof(name));
}

/* Up to the part in which a quote and a certification differ. */
static inline void put_head(struct kw_blob *out, const struct kw_evidence *e, const char *kind,
			    const char *extra)
{
	put_hex(out, kind);
	put_qualified(out, kw_blob_bytes(&e->ak_public), ENDORSEMENT);
	put_hex(out, extra);
	put_hex(out, CLOCK_AND_FIRMWARE);
}

static inline struct kw_blob quote_of(const struct kw_evidence *e, const char *selection)
{
	uint8_t digest[GUEST_SHA256_SIZE];
	struct kw_blob quote = { 0 };

	digest_of_pcrs(e, digest);
	put_head(&quote, e, QUOTE, "0000");
	put_hex(&quote, selection);
	put_sized(&quote, digest, sizeof(digest));
	return quote;
}

static inline struct kw_blob certify_of(const struct kw_evidence *e, const char *kind,
					const char *extra, const char *hierarchy)
{
	uint8_t name[2 + GUEST_SHA256_SIZE];
	struct kw_blob certify = { 0 };

	name_of(kw_blob_bytes(&e->wrapping_public), name);
	put_head(&certify, e, kind, extra);
	put_sized(&certify, name, sizeof(name));
	put_qualified(&certify, kw_blob_bytes(&e->wrapping_public), hierarchy);
	return certify;
}

static inline void replace(struct kw_blob *old, struct kw_blob new)
{
	kw_blob_clear(old);
	*old = new;
}

static inline void certify_with(struct kw_evidence *e, struct kw_blob certify, EVP_PKEY *signer)
{
	replace(&e->certify, certify);
	replace(&e->certify_signature, guest_sign(signer, kw_blob_bytes(&e->certify)));
}

static inline void certify_again(struct kw_evidence *e, EVP_PKEY *signer, const char *kind)
{
	certify_with(e, certify_of(e, kind, "0000", NULL_HIERARCHY), signer);
}

static inline void quote_again(struct kw_evidence *e, const char *selection)
{
	replace(&e->quote, quote_of(e, selection));
	replace(&e->quote_signature, guest_sign(ak, kw_blob_bytes(&e->quote)));
}

static inline void measure(struct kw_evidence *e, unsigned pcr, const char *data)
{
	uint8_t joined[2 * GUEST_SHA256_SIZE];

	memcpy(joined, e->pcrs.value[pcr], GUEST_SHA256_SIZE);
	SHA256((const uint8_t *)data, strlen(data), joined + GUEST_SHA256_SIZE);
	SHA256(joined, sizeof(joined), e->pcrs.value[pcr]);
	put_log_event(&e->event_log, pcr, 4, data, strlen(data));
}

static inline struct kw_evidence *make_evidence(void)
{
	static const uint16_t sha256[][2] = { { 0x000b, 32 } };
	KW_CLEANUP(kw_blob_clear) struct kw_blob claims = guest_claims(ak, "");
	struct kw_evidence *e = calloc(1, sizeof(*e));
	struct kw_error err = { 0 };

	guest_want(e != NULL);
	e->hcl = guest_hcl(kw_blob_bytes(&claims), 2048);
	guest_want(kw_hcl_report_parse(kw_blob_bytes(&e->hcl), &e->report, &err) == 0);
	e->snp = e->report.snp;
	e->ak_cert = guest_certificate(ak, other, ISSUER, NOW_S - YEAR_S, NOW_S + YEAR_S);
	e->ak_public = ak_public(ak, AK_ATTRIBUTES, "0014 000b");
	e->pcrs.hash = 0x000b;
	e->pcrs.present = 0xff;
	put_log_header(&e->event_log, sha256, 1);
	measure(e, 4, "boot loader");
	measure(e, 7, "variables");
	e->wrapping_public = wrapping_public(e, "00020432");
	quote_again(e, SELECTION);
	certify_again(e, ak, CERTIFY);
	return e;
}
