/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm_answer.h"

#include "lab.h"
#include "tpm_bend.h"
#include "tpm_session.h"

#include <string.h>

enum { ATTEST_MAGIC_SIZE = 4, HEAD_SIZE = LAB_TPM_HEADER_SIZE + 4 /* with the parameter size */ };

void lab_answer_begin(struct lab_out *out, uint16_t tag, uint32_t rc)
{
	out->len = 0;
	lab_out_be16(out, tag);
	lab_out_be32(out, 0);
	lab_out_be32(out, rc);
}

void lab_answer_password_session(struct lab_out *out)
{
	static const uint8_t continued[] = { 0, 0, 1, 0, 0 }; /* no nonce, no HMAC */
	lab_out_bytes(out, continued, sizeof(continued));
}

size_t lab_answer_end(struct lab_out *out, uint8_t ret[LAB_TPM_MAX])
{
	lab_out_be32_at(out, 2, (uint32_t)out->len);
	if (out->len > LAB_TPM_MAX)
		lab_die("a TPM response of %zu bytes", out->len);
	memcpy(ret, out->data, out->len);
	return out->len;
}

size_t lab_answer_error(uint32_t rc, uint8_t ret[LAB_TPM_MAX])
{
	struct lab_out out;
	lab_answer_begin(&out, LAB_ST_NO_SESSIONS, rc);
	return lab_answer_end(&out, ret);
}

/* Where things are in the response of TPM2_Quote or TPM2_Certify under the AK. */
struct attestation {
	struct kw_bytes attest, signature; /* inside the response */
	struct kw_bytes rest;		   /* the sessions */
};

static bool locate(uint8_t *response, size_t len, struct attestation *ret)
{
	struct kw_cursor c = { .in = { response, len } };
	uint16_t size = 0, scheme = 0, hash = 0;
	return kw_skip_to(&c, HEAD_SIZE) && kw_take_be16(&c, &size)
	       && kw_take(&c, size, &ret->attest) && kw_take_be16(&c, &scheme)
	       && scheme == LAB_ALG_RSASSA && kw_take_be16(&c, &hash) && kw_take_be16(&c, &size)
	       && kw_take(&c, size, &ret->signature) && kw_take(&c, kw_cursor_left(&c), &ret->rest);
}

static size_t put(uint8_t *response, const struct attestation *from, const struct lab_attest *new)
{
	struct lab_out out;
	lab_answer_begin(&out, LAB_ST_SESSIONS, 0);
	lab_out_be32(&out, (uint32_t)(2 + new->len + 6 + sizeof(new->signature)));
	lab_out_tpm2b(&out, new->data, new->len);
	lab_out_be16(&out, new->scheme);
	lab_out_be16(&out, LAB_ALG_SHA256);
	lab_out_tpm2b(&out, new->signature, sizeof(new->signature));
	lab_out_bytes(&out, from->rest.data, from->rest.len);
	return lab_answer_end(&out, response);
}

static void copy(const struct attestation *from, struct lab_attest *ret)
{
	if (from->attest.len < ATTEST_MAGIC_SIZE || from->attest.len >= sizeof(ret->data)
	    || from->signature.len != sizeof(ret->signature))
		lab_die("an attestation structure of %zu bytes", from->attest.len);
	ret->len = from->attest.len;
	ret->scheme = LAB_ALG_RSASSA;
	memcpy(ret->data, from->attest.data, ret->len);
	memcpy(ret->signature, from->signature.data, sizeof(ret->signature));
}

static void bend_magic(struct lab_attest *attest)
{
	attest->data[0] ^= 1;
	lab_tpm_must(lab_tpm_sign_foreign(attest), "signing for a bent quote");
}

static void bend_type(struct lab_attest *attest)
{
	lab_tpm_must(lab_tpm_get_time(attest), "signing the time for a bent quote");
}

static void bend_end(struct lab_attest *attest)
{
	attest->data[attest->len - 1] ^= 1; /* pcrDigest stands last in a quote */
}

static void bend_form(struct lab_attest *attest)
{
	attest->data[attest->len++] = 0;
}

static void bend_scheme(struct lab_attest *attest)
{
	attest->scheme = LAB_ALG_RSAPSS;
}

static void bend_signature(struct lab_attest *attest)
{
	attest->signature[0] ^= 1;
}

static void bend_name(struct lab_attest *attest)
{
	lab_tpm_must(lab_tpm_certify_ak(attest), "certifying another object");
}

static void bend_nonce(struct lab_attest *attest)
{
	lab_tpm_must(lab_tpm_quote_again(attest), "quoting with a nonce");
}

static void bend_signer(struct lab_attest *attest)
{
	enum { IN_SIGNER = 10 }; /* behind magic, type, size and algorithm */
	attest->data[IN_SIGNER] ^= 1;
}

/* What can be bent in an attestation. Magic, type, nonce and name keep a signature of the AK that
 * holds. */
static const struct attestation_bend {
	uint32_t code;
	size_t n_handles; /* of the command */
	const char *field;
	void (*bend)(struct lab_attest *attest);
} attestation_bends[] = {
	{ LAB_CC_QUOTE, 1, "quote-magic", bend_magic },
	{ LAB_CC_QUOTE, 1, "quote-type", bend_type },
	{ LAB_CC_QUOTE, 1, "quote-pcrs", bend_end },
	{ LAB_CC_QUOTE, 1, "quote-signature", bend_signature },
	{ LAB_CC_QUOTE, 1, "quote-form", bend_form },
	{ LAB_CC_QUOTE, 1, "quote-nonce", bend_nonce },
	{ LAB_CC_QUOTE, 1, "quote-signer", bend_signer },
	{ LAB_CC_QUOTE, 1, "quote-scheme", bend_scheme },
	{ LAB_CC_CERTIFY, 2, "certify-magic", bend_magic },
	{ LAB_CC_CERTIFY, 2, "certify-type", bend_type },
	{ LAB_CC_CERTIFY, 2, "certify-name", bend_name },
	{ LAB_CC_CERTIFY, 2, "certify-signature", bend_signature },
};

static const struct attestation_bend *bend_due(uint32_t code)
{
	for (size_t i = 0; i < sizeof(attestation_bends) / sizeof(attestation_bends[0]); i++)
		if (attestation_bends[i].code == code
		    && lab_tampered(LAB_TPM, attestation_bends[i].field))
			return &attestation_bends[i];
	return NULL;
}

static size_t bend_attestation(const struct attestation_bend *bend, struct kw_bytes command,
			       uint8_t *response, size_t len)
{
	uint8_t original[LAB_TPM_MAX];
	struct attestation found = { 0 };
	struct lab_attest attest = { 0 };
	memcpy(original, response, len);
	if (!locate(original, len, &found))
		return len; /* signed by another kind of key */
	copy(&found, &attest);
	bend->bend(&attest);
	size_t new_len = put(response, &found, &attest);
	lab_session_repair(command, bend->n_handles, (struct kw_bytes){ original, len }, response,
			   new_len);
	return new_len;
}

/* The last byte of a PCR_Read is the last byte of its last digest, if there is one. */
static bool bend_pcr_values(uint8_t *response, size_t len)
{
	enum { EMPTY_SIZE = LAB_TPM_HEADER_SIZE + 4 + 4 + 6 + 4 };
	bool sessions = response[1] == (LAB_ST_SESSIONS & 0xff);
	if (len <= EMPTY_SIZE || sessions || !lab_tampered(LAB_TPM, "pcr-values"))
		return false;
	response[len - 1] ^= 1;
	return true;
}

size_t lab_answer_bend(struct kw_bytes command, uint8_t response[LAB_TPM_MAX], size_t len,
		       const char **ret_what)
{
	struct kw_cursor c = { .in = command };
	uint32_t code = 0;
	*ret_what = lab_public_bend(command, response, len);
	if (!kw_skip(&c, 6) || !kw_take_be32(&c, &code))
		return len;
	if (code == LAB_CC_PCR_READ && bend_pcr_values(response, len))
		*ret_what = "pcr-values";
	const struct attestation_bend *bend = bend_due(code);
	if (!bend)
		return len;
	*ret_what = bend->field;
	return bend_attestation(bend, command, response, len);
}
