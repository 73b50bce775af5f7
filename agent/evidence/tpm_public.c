/* SPDX-License-Identifier: Apache-2.0 */
/* TPM2B_PUBLIC and TPMT_PUBLIC of an RSA key (TPM 2.0 Part 2, 12.2.4 and 12.2.5). */
#include "evidence/tpm_structures.h"

#include "evidence/tpm_wire.h"

#include <string.h>

enum { EXPONENT_DEFAULT = 65537, NAME_ALG_SIZE = 2 };

/* TPMT_SYM_DEF_OBJECT: bits and mode follow unless the algorithm is NULL. */
static bool take_symmetric(struct kw_cursor *c, struct kw_tpm_public *p)
{
	return kw_take_be16(c, &p->symmetric)
	       && (p->symmetric == KW_TPM_ALG_NULL || kw_skip(c, 2 + 2));
}

/* TPMT_RSA_SCHEME: a hash follows for those schemes that have one. */
static bool take_scheme(struct kw_cursor *c, struct kw_tpm_public *p)
{
	if (!kw_take_be16(c, &p->scheme))
		return false;
	if (p->scheme == KW_TPM_ALG_NULL || p->scheme == KW_TPM_ALG_RSAES)
		return true;
	return (p->scheme == KW_TPM_ALG_RSASSA || p->scheme == KW_TPM_ALG_RSAPSS
		|| p->scheme == KW_TPM_ALG_OAEP)
	       && kw_take_be16(c, &p->scheme_hash);
}

static bool take_rsa(struct kw_cursor *c, struct kw_tpm_public *p)
{
	return kw_take_be16(c, &p->name_alg) && kw_take_be32(c, &p->attributes)
	       && kw_take_tpm2b(c, &p->auth_policy) && take_symmetric(c, p) && take_scheme(c, p)
	       && kw_take_be16(c, &p->bits) && kw_take_be32(c, &p->exponent)
	       && kw_take_tpm2b(c, &p->modulus);
}

int kw_tpm_public_parse(struct kw_bytes tpm2b_public, struct kw_tpm_public *ret,
			struct kw_error *err)
{
	struct kw_cursor outer = { .in = tpm2b_public }, c = { 0 };
	struct kw_tpm_public p = { 0 };

	if (!kw_take_tpm2b(&outer, &p.tpmt) || kw_cursor_left(&outer) > 0)
		return kw_fail(err, KW_E_TPM_QUOTE_FORM,
			       "public area of %zu bytes is not as long as its size says",
			       tpm2b_public.len);
	c.in = p.tpmt;
	if (!kw_take_be16(&c, &p.type))
		return kw_fail(err, KW_E_TPM_QUOTE_FORM, "public area is empty");
	if (p.type != KW_TPM_ALG_RSA)
		return kw_fail(err, KW_E_TPM_QUOTE_FORM,
			       "public area has key type 0x%04x, expected RSA, 0x%04x", p.type,
			       KW_TPM_ALG_RSA);
	if (!take_rsa(&c, &p) || kw_cursor_left(&c) > 0)
		return kw_fail(
			err, KW_E_TPM_QUOTE_FORM,
			"public area of %zu bytes is cut, goes on, or is not one at byte %zu",
			p.tpmt.len, c.at);
	*ret = p;
	return 0;
}

int kw_tpm_public_key(const struct kw_tpm_public *public, struct kw_public_key **ret,
		      struct kw_error *err)
{
	uint32_t exponent = public->exponent ? public->exponent : EXPONENT_DEFAULT;

	if (public->modulus.len * 8 != public->bits)
		return kw_fail(err, KW_E_TPM_QUOTE_FORM,
			       "public area has a modulus of %zu bytes, expected %u bits",
			       public->modulus.len, public->bits);
	return kw_public_key_from_rsa(public->modulus, exponent, KW_E_TPM_QUOTE_FORM, ret, err);
}

void kw_tpm_public_name(const struct kw_tpm_public *public, uint8_t ret[KW_TPM_NAME_SIZE])
{
	ret[0] = (uint8_t)(public->name_alg >> 8);
	ret[1] = (uint8_t) public->name_alg;
	kw_digest(KW_SHA256, public->tpmt, ret + NAME_ALG_SIZE);
}

void kw_tpm_qualified_name(uint32_t hierarchy, const uint8_t name[KW_TPM_NAME_SIZE],
			   uint8_t ret[KW_TPM_NAME_SIZE])
{
	const uint8_t handle[] = { (uint8_t)(hierarchy >> 24), (uint8_t)(hierarchy >> 16),
				   (uint8_t)(hierarchy >> 8), (uint8_t)hierarchy };
	const struct kw_bytes parts[] = { KW_BYTES(handle), { name, KW_TPM_NAME_SIZE } };
	uint8_t digest[KW_SHA256_SIZE];

	kw_digest_parts(KW_SHA256, parts, sizeof(parts) / sizeof(parts[0]), digest);
	memcpy(ret, name, NAME_ALG_SIZE);
	memcpy(ret + NAME_ALG_SIZE, digest, sizeof(digest));
}
