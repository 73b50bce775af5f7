/* SPDX-License-Identifier: Apache-2.0 */
/* TPMS_ATTEST (TPM 2.0 Part 2, 10.12): what a TPM says about itself under a signature. */
#include "evidence/tpm_structures.h"

#include "evidence/tpm_wire.h"

enum { SELECT_SIZE_MAX = KW_TPM_PCRS / 8 };

static bool take_head(struct kw_cursor *c, struct kw_tpm_attest *a)
{
	return kw_take_be32(c, &a->magic) && kw_take_be16(c, &a->type)
	       && kw_take_tpm2b(c, &a->qualified_signer) && kw_take_tpm2b(c, &a->extra_data)
	       && kw_take_be64(c, &a->clock) && kw_take_be32(c, &a->reset_count)
	       && kw_take_be32(c, &a->restart_count) && kw_take_u8(c, &a->safe)
	       && kw_take_be64(c, &a->firmware);
}

/* TPMS_PCR_SELECTION: bit n of byte m is PCR 8 m + n. */
static bool take_selection(struct kw_cursor *c, struct kw_pcr_selection *ret)
{
	struct kw_bytes select;
	uint8_t size;

	if (!kw_take_be16(c, &ret->hash) || !kw_take_u8(c, &size) || size > SELECT_SIZE_MAX
	    || !kw_take(c, size, &select))
		return false;
	ret->pcrs = 0;
	for (size_t i = 0; i < select.len; i++)
		ret->pcrs |= (uint32_t)select.data[i] << (8 * i);
	return true;
}

static bool take_quote(struct kw_cursor *c, struct kw_tpm_attest *a)
{
	uint32_t count;

	if (!kw_take_be32(c, &count) || count > KW_TPM_BANKS_MAX)
		return false;
	for (a->n_selection = 0; a->n_selection < count; a->n_selection++)
		if (!take_selection(c, &a->selection[a->n_selection]))
			return false;
	return kw_take_tpm2b(c, &a->pcr_digest);
}

static bool take_certify(struct kw_cursor *c, struct kw_tpm_attest *a)
{
	return kw_take_tpm2b(c, &a->name) && kw_take_tpm2b(c, &a->qualified_name);
}

static bool take_body(struct kw_cursor *c, struct kw_tpm_attest *a)
{
	if (a->type == KW_TPM_ST_ATTEST_QUOTE)
		return take_quote(c, a);
	return take_certify(c, a);
}

int kw_tpm_attest_parse(struct kw_bytes in, struct kw_tpm_attest *ret, struct kw_error *err)
{
	struct kw_cursor c = { .in = in };
	struct kw_tpm_attest a = { 0 };
	bool has_body;

	if (!take_head(&c, &a))
		return kw_fail(err, KW_E_TPM_QUOTE_FORM,
			       "attestation structure of %zu bytes is cut at byte %zu", in.len,
			       c.at);
	has_body = a.magic == KW_TPM_GENERATED
		   && (a.type == KW_TPM_ST_ATTEST_QUOTE || a.type == KW_TPM_ST_ATTEST_CERTIFY);
	if (has_body && !take_body(&c, &a))
		return kw_fail(err, KW_E_TPM_QUOTE_FORM,
			       "attestation structure of %zu bytes is cut or not one at byte %zu",
			       in.len, c.at);
	if (has_body && kw_cursor_left(&c) > 0)
		return kw_fail(err, KW_E_TPM_QUOTE_FORM,
			       "attestation structure has %zu bytes left over", kw_cursor_left(&c));
	*ret = a;
	return 0;
}
