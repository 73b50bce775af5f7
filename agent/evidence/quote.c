/* SPDX-License-Identifier: Apache-2.0 */
/* PCR values against what a TPM says about them: digests, policies, quotes. */
#include "evidence/tpm_structures.h"
#include "evidence/tpm_wire.h"

#include <stdio.h>

enum { TEXT_SIZE = 64, HEX_BYTES_MAX = 64 };

bool kw_tpm_hash(uint16_t alg, enum kw_hash *ret)
{
	switch (alg) {
	case KW_TPM_ALG_SHA1:
		*ret = KW_SHA1;
		return true;
	case KW_TPM_ALG_SHA256:
		*ret = KW_SHA256;
		return true;
	case KW_TPM_ALG_SHA384:
		*ret = KW_SHA384;
		return true;
	case KW_TPM_ALG_SHA512:
		*ret = KW_SHA512;
		return true;
	default:
		return false;
	}
}

static bool hash_of_size(size_t size, enum kw_hash *ret)
{
	static const enum kw_hash hashes[] = { KW_SHA1, KW_SHA256, KW_SHA384, KW_SHA512 };

	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++) {
		if (kw_hash_size(hashes[i]) != size)
			continue;
		*ret = hashes[i];
		return true;
	}
	return false;
}

/* Appends the values of one bank in rising order; false if one is missing. */
static bool collect(const struct kw_pcr_values *bank, uint32_t pcrs, struct kw_bytes *parts,
		    size_t *n_parts)
{
	enum kw_hash hash;

	if (!bank || (pcrs & ~bank->present) != 0 || !kw_tpm_hash(bank->hash, &hash))
		return false;
	for (unsigned i = 0; i < KW_TPM_PCRS; i++)
		if (pcrs >> i & 1)
			parts[(*n_parts)++] =
				(struct kw_bytes){ bank->value[i], kw_hash_size(hash) };
	return true;
}

static const struct kw_pcr_values *bank_of(const struct kw_pcr_values *banks, size_t n_banks,
					   uint16_t hash)
{
	for (size_t i = 0; i < n_banks; i++)
		if (banks[i].hash == hash)
			return &banks[i];
	return NULL;
}

bool kw_pcr_digest(const struct kw_tpm_attest *quote, const struct kw_pcr_values *banks,
		   size_t n_banks, uint8_t *ret, size_t *ret_len)
{
	struct kw_bytes parts[KW_TPM_BANKS_MAX * KW_TPM_PCRS];
	size_t n_parts = 0;
	enum kw_hash hash;

	if (!hash_of_size(quote->pcr_digest.len, &hash))
		return false;
	for (size_t i = 0; i < quote->n_selection; i++) {
		const struct kw_pcr_selection *s = &quote->selection[i];

		if (!collect(bank_of(banks, n_banks, s->hash), s->pcrs, parts, &n_parts))
			return false;
	}
	kw_digest_parts(hash, parts, n_parts, ret);
	*ret_len = kw_hash_size(hash);
	return true;
}

bool kw_pcr_policy(const struct kw_pcr_values *sha256, uint32_t pcrs, uint8_t ret[KW_SHA256_SIZE])
{
	static const uint8_t before[KW_SHA256_SIZE]; /* a policy starts with zeros */
	/* TPM_CC_PolicyPCR, then a TPML_PCR_SELECTION of one bank with its bits at the end. */
	uint8_t command[] = { 0, 0, 1, 0x7f, 0, 0, 0, 1, 0, KW_TPM_ALG_SHA256, 3, 0, 0, 0 };
	const size_t bits_at = sizeof(command) - KW_TPM_PCRS / 8;
	struct kw_bytes values[KW_TPM_PCRS];
	uint8_t digest[KW_SHA256_SIZE];
	size_t n_values = 0;

	if (sha256->hash != KW_TPM_ALG_SHA256 || !collect(sha256, pcrs, values, &n_values))
		return false;
	for (size_t i = 0; i < KW_TPM_PCRS / 8; i++)
		command[bits_at + i] = (uint8_t)(pcrs >> (8 * i));
	kw_digest_parts(KW_SHA256, values, n_values, digest);
	const struct kw_bytes step[] = { KW_BYTES(before), KW_BYTES(command), KW_BYTES(digest) };
	kw_digest_parts(KW_SHA256, step, sizeof(step) / sizeof(step[0]), ret);
	return true;
}

static void hex_text(struct kw_bytes in, char ret[KW_CHECK_TEXT_SIZE])
{
	if (in.len == 0)
		snprintf(ret, KW_CHECK_TEXT_SIZE, "none");
	else if (in.len <= HEX_BYTES_MAX)
		kw_hex_encode(in, ret);
	else
		snprintf(ret, KW_CHECK_TEXT_SIZE, "%zu bytes", in.len);
}

static void judge_bytes(struct kw_checks *checks, const char *check, enum kw_error_name error,
			struct kw_bytes expected, struct kw_bytes found)
{
	char wanted[KW_CHECK_TEXT_SIZE], is[KW_CHECK_TEXT_SIZE];

	hex_text(expected, wanted);
	hex_text(found, is);
	kw_checks_judge(checks, check, error, kw_bytes_equal(expected, found), wanted, is);
}

static void judge_kind(const struct kw_tpm_attest *quote, struct kw_checks *checks)
{
	char wanted[TEXT_SIZE], found[TEXT_SIZE];

	snprintf(wanted, sizeof(wanted), "0x%08x", KW_TPM_GENERATED);
	snprintf(found, sizeof(found), "0x%08x", quote->magic);
	kw_checks_judge(checks, "quote magic", KW_E_TPM_QUOTE_MAGIC,
			quote->magic == KW_TPM_GENERATED, wanted, found);
	snprintf(wanted, sizeof(wanted), "0x%04x (quote)", KW_TPM_ST_ATTEST_QUOTE);
	snprintf(found, sizeof(found), "0x%04x", quote->type);
	kw_checks_judge(checks, "quote type", KW_E_TPM_QUOTE_TYPE,
			quote->type == KW_TPM_ST_ATTEST_QUOTE, wanted, found);
}

static void judge_pcrs(const struct kw_tpm_attest *quote, const struct kw_pcr_values *banks,
		       size_t n_banks, struct kw_checks *checks)
{
	uint8_t digest[KW_DIGEST_MAX];
	struct kw_bytes found = { digest, 0 };

	if (quote->magic != KW_TPM_GENERATED || quote->type != KW_TPM_ST_ATTEST_QUOTE)
		kw_checks_not_possible(checks, "pcr values", KW_E_TPM_QUOTE_PCRS, NULL,
				       "the structure is not a quote");
	else if (!kw_pcr_digest(quote, banks, n_banks, digest, &found.len))
		kw_checks_not_possible(checks, "pcr values", KW_E_TPM_QUOTE_PCRS,
				       "the values of the quoted PCRs", "a value is not there");
	else
		judge_bytes(checks, "pcr values", KW_E_TPM_QUOTE_PCRS, quote->pcr_digest, found);
}

void kw_quote_judge(struct kw_bytes message, struct kw_bytes signature,
		    const struct kw_public_key *ak, struct kw_bytes nonce,
		    const struct kw_pcr_values *banks, size_t n_banks, struct kw_checks *checks)
{
	struct kw_tpm_attest quote = { 0 };
	struct kw_tpm_signature parsed;
	struct kw_error err = { 0 };
	bool readable = kw_tpm_attest_parse(message, &quote, &err) == 0;
	bool signed_by_ak;

	kw_tpm_signature_read(signature, &parsed);
	signed_by_ak = kw_tpm_signature_verify(&parsed, ak, message);
	kw_checks_judge(checks, "quote form", KW_E_TPM_QUOTE_FORM, readable,
			"an attestation structure", readable ? "one" : err.detail);
	if (readable)
		judge_kind(&quote, checks);
	kw_checks_judge(checks, "quote signature", KW_E_TPM_QUOTE_SIGNATURE, signed_by_ak,
			"verifies with the attestation key",
			signed_by_ak ? "verifies" : "does not verify");
	if (readable && nonce.data)
		judge_bytes(checks, "quote nonce", KW_E_TPM_QUOTE_NONCE, nonce, quote.extra_data);
	if (readable)
		judge_pcrs(&quote, banks, n_banks, checks);
}
