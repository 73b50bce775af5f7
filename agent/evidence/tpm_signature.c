/* SPDX-License-Identifier: Apache-2.0 */
/* TPMT_SIGNATURE (TPM 2.0 Part 2, 11.3.4), or the bare RSA signature that Azure's clients keep. */
#include "evidence/tpm_structures.h"

#include "evidence/tpm_wire.h"

#include <string.h>

enum { CURVE_BYTES_MAX = 66 /* P-521 */ };

static bool take_numbers(struct kw_cursor *c, uint16_t algorithm, struct kw_tpm_signature *s)
{
	switch (algorithm) {
	case KW_TPM_ALG_RSASSA:
		s->form = KW_TPM_SIGNATURE_RSASSA;
		return kw_take_tpm2b(c, &s->rsa);
	case KW_TPM_ALG_RSAPSS:
		s->form = KW_TPM_SIGNATURE_RSAPSS;
		return kw_take_tpm2b(c, &s->rsa);
	case KW_TPM_ALG_ECDSA:
		s->form = KW_TPM_SIGNATURE_ECDSA;
		return kw_take_tpm2b(c, &s->r) && kw_take_tpm2b(c, &s->s);
	default:
		return false;
	}
}

void kw_tpm_signature_read(struct kw_bytes in, struct kw_tpm_signature *ret)
{
	struct kw_cursor c = { .in = in };
	struct kw_tpm_signature s = { 0 };
	uint16_t algorithm;
	enum kw_hash hash;

	if (kw_take_be16(&c, &algorithm) && kw_take_be16(&c, &s.hash) && kw_tpm_hash(s.hash, &hash)
	    && take_numbers(&c, algorithm, &s) && kw_cursor_left(&c) == 0)
		*ret = s;
	else
		*ret = (struct kw_tpm_signature){ .form = KW_TPM_SIGNATURE_RAW, .rsa = in };
}

/* The salt is as long as the digest, or as long as fits (TPM 2.0 Part 1, B.7). */
static bool verify_pss(const struct kw_tpm_signature *s, enum kw_hash hash,
		       const struct kw_public_key *key, struct kw_bytes message)
{
	int digest_size = (int)kw_hash_size(hash);
	int longest = (int)(kw_public_key_bits(key) / 8) - digest_size - 2;

	return kw_verify_rsa_pss(key, hash, digest_size, message, s->rsa)
	       || (longest > 0 && kw_verify_rsa_pss(key, hash, longest, message, s->rsa));
}

/* r and s may come without their leading zeros. */
static bool verify_ecdsa(const struct kw_tpm_signature *s, enum kw_hash hash,
			 const struct kw_public_key *key, struct kw_bytes message)
{
	uint8_t halves[2 * CURVE_BYTES_MAX] = { 0 };
	size_t size = (kw_public_key_bits(key) + 7) / 8;

	if (size > CURVE_BYTES_MAX || s->r.len == 0 || s->r.len > size || s->s.len == 0
	    || s->s.len > size)
		return false;
	memcpy(halves + size - s->r.len, s->r.data, s->r.len);
	memcpy(halves + 2 * size - s->s.len, s->s.data, s->s.len);
	return kw_verify_ecdsa(key, hash, message, (struct kw_bytes){ halves, 2 * size });
}

bool kw_tpm_signature_verify(const struct kw_tpm_signature *signature,
			     const struct kw_public_key *key, struct kw_bytes message)
{
	enum kw_kty wanted = signature->form == KW_TPM_SIGNATURE_ECDSA ? KW_KTY_EC : KW_KTY_RSA;
	enum kw_hash hash = KW_SHA256;

	if (kw_public_key_type(key) != wanted
	    || (signature->hash != 0 && !kw_tpm_hash(signature->hash, &hash)))
		return false;
	switch (signature->form) {
	case KW_TPM_SIGNATURE_RAW:
	case KW_TPM_SIGNATURE_RSASSA:
		return kw_verify_rsa_pkcs1(key, hash, message, signature->rsa);
	case KW_TPM_SIGNATURE_RSAPSS:
		return verify_pss(signature, hash, key, message);
	case KW_TPM_SIGNATURE_ECDSA:
		return verify_ecdsa(signature, hash, key, message);
	}
	return false;
}
