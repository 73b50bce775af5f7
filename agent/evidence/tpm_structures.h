/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM 2.0 Part 2 structures as bytes, big endian, read without tpm2-tss so that offline checks and
 * fuzzers need no TPM: TPMS_ATTEST (quote and certify), TPM2B_PUBLIC / TPMT_PUBLIC of an RSA key,
 * TPMT_SIGNATURE.
 */
#pragma once

#include "jose/public_key.h"
#include "util/checks.h"

enum { KW_TPM_PCRS = 24, KW_TPM_BANKS_MAX = 4 };
#define KW_TPM_GENERATED 0xff544347u
enum { KW_TPM_ST_ATTEST_CERTIFY = 0x8017, KW_TPM_ST_ATTEST_QUOTE = 0x8018 };

struct kw_pcr_selection {
	uint16_t hash; /* TPM_ALG_ID: 0x0004 SHA-1, 0x000b SHA-256, 0x000c SHA-384 */
	uint32_t pcrs; /* bit n: PCR n */
};
struct kw_tpm_attest {
	uint32_t magic;
	uint16_t type;
	struct kw_bytes qualified_signer, extra_data; /* borrowed */
	uint64_t clock;
	uint32_t reset_count, restart_count;
	uint8_t safe;
	uint64_t firmware;
	struct kw_pcr_selection selection[KW_TPM_BANKS_MAX]; /* quote */
	size_t n_selection;
	struct kw_bytes pcr_digest;	      /* quote */
	struct kw_bytes name, qualified_name; /* certify */
	ptrdiff_t trailing;		      /* bytes left over; TPM_QUOTE_FORM if not 0 */
};
/* Reads the head, and the body of a quote or certify by `type`. With another type or magic only the
 * head is filled and the result is still 0: judge them. TPM_QUOTE_FORM if it is cut or has bytes
 * left over. */
int kw_tpm_attest_parse(struct kw_bytes in, struct kw_tpm_attest *ret,
			struct kw_error *err) KW_MUST_USE;

struct kw_tpm_public {
	uint16_t type, name_alg;
	uint32_t attributes;
	struct kw_bytes auth_policy; /* borrowed */
	uint16_t symmetric, scheme, scheme_hash, bits;
	uint32_t exponent; /* 0 means 65537 */
	struct kw_bytes modulus;
	struct kw_bytes tpmt; /* the TPMT_PUBLIC bytes, for the name */
};
int kw_tpm_public_parse(struct kw_bytes tpm2b_public, struct kw_tpm_public *ret,
			struct kw_error *err) KW_MUST_USE;
int kw_tpm_public_key(const struct kw_tpm_public *public, struct kw_public_key **ret,
		      struct kw_error *err) KW_MUST_USE;
enum { KW_TPM_NAME_SIZE = 34 }; /* nameAlg and a SHA-256 */
/* nameAlg || H(TPMT_PUBLIC) */
void kw_tpm_public_name(const struct kw_tpm_public *public, uint8_t ret[KW_TPM_NAME_SIZE]);
/* Of a primary key: nameAlg || H(hierarchy || name). TPM 2.0 Part 1, 16. */
void kw_tpm_qualified_name(uint32_t hierarchy, const uint8_t name[KW_TPM_NAME_SIZE],
			   uint8_t ret[KW_TPM_NAME_SIZE]);

enum kw_tpm_signature_form {
	KW_TPM_SIGNATURE_RAW,
	KW_TPM_SIGNATURE_RSASSA,
	KW_TPM_SIGNATURE_RSAPSS,
	KW_TPM_SIGNATURE_ECDSA
};
struct kw_tpm_signature {
	enum kw_tpm_signature_form form;
	uint16_t hash;	     /* 0 for raw: SHA-256 */
	struct kw_bytes rsa; /* RSA forms */
	struct kw_bytes r, s;
};
/* Tells a TPMT_SIGNATURE from a bare RSA signature by its head. Never refuses: unknown heads are
 * raw. */
void kw_tpm_signature_read(struct kw_bytes in, struct kw_tpm_signature *ret);
bool kw_tpm_signature_verify(const struct kw_tpm_signature *signature,
			     const struct kw_public_key *key, struct kw_bytes message);

/* PCR values of one bank. */
struct kw_pcr_values {
	uint16_t hash;
	uint32_t present;
	uint8_t value[KW_TPM_PCRS][KW_DIGEST_MAX];
};
bool kw_tpm_hash(uint16_t alg, enum kw_hash *ret) KW_MUST_USE;
/* H(values in selection order), with the hash of the quote's own digest length. False if a value is
 * missing. */
bool kw_pcr_digest(const struct kw_tpm_attest *quote, const struct kw_pcr_values *banks,
		   size_t n_banks, uint8_t *ret, size_t *ret_len) KW_MUST_USE;

/* The authPolicy of TPM2_PolicyPCR over `pcrs` (bit mask) of the SHA-256 bank, computed as the TPM
 * does (guest attestation 4.5). False if a value is missing. */
bool kw_pcr_policy(const struct kw_pcr_values *sha256, uint32_t pcrs,
		   uint8_t ret[KW_SHA256_SIZE]) KW_MUST_USE;

/* TPM_QUOTE_FORM TPM_QUOTE_MAGIC TPM_QUOTE_TYPE TPM_QUOTE_SIGNATURE TPM_QUOTE_NONCE (nonce.data
 * NULL: not compared) TPM_QUOTE_PCRS. */
void kw_quote_judge(struct kw_bytes message, struct kw_bytes signature,
		    const struct kw_public_key *ak, struct kw_bytes nonce,
		    const struct kw_pcr_values *banks, size_t n_banks, struct kw_checks *checks);
