/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the AK signs at the lab's own wish: genuine signatures over structures that the guest did
 * not ask for.
 */
#include "lab.h"
#include "tpm_command.h"

#include <string.h>

static const struct kw_bytes no_password[2];

static bool take_signature(struct kw_cursor *c, uint8_t ret[256])
{
	uint16_t scheme = 0, hash = 0, size = 0;
	return kw_take_be16(c, &scheme) && scheme == LAB_ALG_RSASSA && kw_take_be16(c, &hash)
	       && kw_take_be16(c, &size) && size == 256 && kw_take_into(c, ret, 256);
}

static void take_attest(struct lab_tpm_reply *reply, struct lab_attest *ret)
{
	uint16_t size = 0;
	if (!kw_take_be16(&reply->params, &size) || size > sizeof(ret->data)
	    || !kw_take_into(&reply->params, ret->data, size)
	    || !take_signature(&reply->params, ret->signature))
		lab_die("an attestation structure of the TPM is too short");
	ret->len = size;
}

/* Both commands have the same shape: two authorized handles, no qualifying data, the AK's scheme.
 */
static uint32_t attest(enum lab_tpm_code code, uint32_t first, struct lab_attest *ret)
{
	struct lab_out command;
	struct lab_tpm_reply reply;
	lab_tpm_begin(&command, code);
	lab_out_be32(&command, first);
	lab_out_be32(&command, LAB_AK);
	lab_tpm_passwords(&command, no_password, 2);
	lab_out_be16(&command, 0);
	lab_out_be16(&command, LAB_ALG_NULL);
	uint32_t rc = lab_tpm_run(&command, &reply);
	if (rc == 0)
		take_attest(&reply, ret);
	return rc;
}

uint32_t lab_tpm_get_time(struct lab_attest *ret)
{
	return attest(LAB_CC_GET_TIME, LAB_RH_ENDORSEMENT, ret);
}

uint32_t lab_tpm_certify_ak(struct lab_attest *ret)
{
	return attest(LAB_CC_CERTIFY, LAB_AK, ret);
}

/* Of the PCRs of the exchange, with a nonce of the lab's own. */
uint32_t lab_tpm_quote_again(struct lab_attest *ret)
{
	static const uint8_t nonce[] = { 'n' };
	struct lab_out command;
	struct lab_tpm_reply reply;
	lab_tpm_begin(&command, LAB_CC_QUOTE);
	lab_out_be32(&command, LAB_AK);
	lab_tpm_passwords(&command, no_password, 1);
	lab_out_tpm2b(&command, nonce, sizeof(nonce));
	lab_out_be16(&command, LAB_ALG_NULL);
	lab_out_be32(&command, 1); /* bank */
	lab_out_be16(&command, LAB_ALG_SHA256);
	lab_out_u8(&command, 3);
	lab_out_u8(&command, 0xff); /* PCR 0 to 7 */
	lab_out_be16(&command, 0);
	uint32_t rc = lab_tpm_run(&command, &reply);
	if (rc == 0)
		take_attest(&reply, ret);
	return rc;
}

/* A restricted key signs a digest that the TPM made itself of what is not a structure of its own;
 * the ticket says so. */
uint32_t lab_tpm_sign_foreign(struct lab_attest *ret)
{
	struct lab_out command;
	struct lab_tpm_reply hashed, signed_by_ak;
	uint16_t size = 0;
	struct kw_bytes digest = { 0 };
	lab_tpm_begin(&command, LAB_CC_HASH);
	lab_out_tpm2b(&command, ret->data, ret->len);
	lab_out_be16(&command, LAB_ALG_SHA256);
	lab_out_be32(&command, LAB_RH_OWNER);
	uint32_t rc = lab_tpm_run(&command, &hashed);
	if (rc != 0)
		return rc;
	if (!kw_take_be16(&hashed.params, &size) || !kw_take(&hashed.params, size, &digest))
		lab_die("a digest of the TPM is too short");
	lab_tpm_begin(&command, LAB_CC_SIGN);
	lab_out_be32(&command, LAB_AK);
	lab_tpm_passwords(&command, no_password, 1);
	lab_out_tpm2b(&command, digest.data, digest.len);
	lab_out_be16(&command, LAB_ALG_NULL);
	lab_out_bytes(&command, hashed.params.in.data + hashed.params.at,
		      kw_cursor_left(&hashed.params));
	rc = lab_tpm_run(&command, &signed_by_ak);
	if (rc == 0 && !take_signature(&signed_by_ak.params, ret->signature))
		lab_die("a signature of the TPM is too short");
	return rc;
}
