/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm_bend.h"

#include "certificate.h"
#include "lab.h"

#include <string.h>

enum {
	CODE_AT = 6,
	ATTRIBUTES_AT = 4, /* in TPMT_PUBLIC, behind type and nameAlg */
	POLICY_AT = 8,	   /* its size */
	NAME_ALG_SIZE = 2,
	DIGEST_SIZE = 32,
	USER_WITH_AUTH = 1 << 6,
	RESTRICTED = 1 << 16,
	SHORT_REPORT_SIZE = 1000,
};

static uint32_t be32_at(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void toggle(uint8_t *at, uint32_t bits)
{
	at[0] ^= (uint8_t)(bits >> 24);
	at[1] ^= (uint8_t)(bits >> 16);
	at[2] ^= (uint8_t)(bits >> 8);
	at[3] ^= (uint8_t)bits;
}

/* A TPM2B inside a message that may be changed. */
static bool take_2b(struct kw_cursor *c, uint8_t *message, uint8_t **ret, size_t *ret_len)
{
	uint16_t size = 0;
	struct kw_bytes content;
	if (!kw_take_be16(c, &size))
		return false;
	*ret = message + c->at;
	*ret_len = size;
	return kw_take(c, size, &content);
}

/* The template of a TPM2_CreatePrimary under the NULL hierarchy: an ephemeral key. */
static bool find_template(uint8_t *command, size_t len, uint8_t **ret, size_t *ret_len)
{
	struct kw_cursor c = { .in = { command, len } };
	uint32_t hierarchy = 0, auth_size = 0;
	uint8_t *sensitive;
	size_t sensitive_len;
	return kw_skip(&c, LAB_TPM_HEADER_SIZE) && kw_take_be32(&c, &hierarchy)
	       && hierarchy == LAB_RH_NULL && kw_take_be32(&c, &auth_size) && kw_skip(&c, auth_size)
	       && take_2b(&c, command, &sensitive, &sensitive_len)
	       && take_2b(&c, command, ret, ret_len) && *ret_len > POLICY_AT + 2 + DIGEST_SIZE;
}

static const char *bend_template(uint8_t *command, size_t len)
{
	static unsigned n_made; /* while "wrapping-key-lost" is on */
	uint8_t *area;
	size_t area_len;
	if (!find_template(command, len, &area, &area_len))
		return NULL;
	if (lab_tampered(LAB_TPM, "wrapping-key-attributes")) {
		toggle(area + ATTRIBUTES_AT, USER_WITH_AUTH);
		return "wrapping-key-attributes";
	}
	if (lab_tampered(LAB_TPM, "wrapping-key-policy")) {
		area[POLICY_AT + 2] ^= 1;
		return "wrapping-key-policy";
	}
	if (!lab_tampered(LAB_TPM, "wrapping-key-lost")) {
		n_made = 0;
		return NULL;
	}
	area[area_len - 1] ^= n_made++ % 2; /* every second one is another key */
	return "wrapping-key-lost";
}

/* The selection stands last: three bytes for PCR 0 to 23. */
static const char *bend_selection(uint8_t *command, size_t len)
{
	enum { SELECTION_SIZE = 3, PCR_7 = 1 << 7 };
	if (!lab_tampered(LAB_TPM, "quote-selection"))
		return NULL;
	command[len - SELECTION_SIZE] &= (uint8_t)~PCR_7;
	return "quote-selection";
}

const char *lab_command_bend(uint8_t *command, size_t len)
{
	if (be32_at(command + CODE_AT) == LAB_CC_CREATE_PRIMARY)
		return bend_template(command, len);
	if (be32_at(command + CODE_AT) == LAB_CC_QUOTE)
		return bend_selection(command, len);
	return NULL;
}

/* Area and name, the first two members of TPM2_ReadPublic's and TPM2_NV_ReadPublic's answers. */
static bool find_public(uint8_t *response, size_t len, uint8_t **ret_area, size_t *ret_len,
			uint8_t **ret_digest)
{
	struct kw_cursor c = { .in = { response, len } };
	uint16_t tag = 0;
	size_t name_len;
	if (!kw_take_be16(&c, &tag) || tag != LAB_ST_NO_SESSIONS
	    || !kw_skip_to(&c, LAB_TPM_HEADER_SIZE) || !take_2b(&c, response, ret_area, ret_len)
	    || !take_2b(&c, response, ret_digest, &name_len)
	    || name_len != NAME_ALG_SIZE + DIGEST_SIZE)
		return false;
	*ret_digest += NAME_ALG_SIZE;
	return true;
}

static const char *bend_area(uint32_t code, uint32_t handle, uint8_t *area, size_t len)
{
	if (code == LAB_CC_READ_PUBLIC && handle == LAB_AK
	    && lab_tampered(LAB_TPM, "ak-attributes")) {
		toggle(area + ATTRIBUTES_AT, RESTRICTED);
		return "ak-attributes";
	}
	if (code == LAB_CC_NV_READ_PUBLIC && handle == LAB_NV_REPORT
	    && lab_tampered(LAB_TPM, "hcl-short")) {
		area[len - 2] = SHORT_REPORT_SIZE >> 8; /* the size of the index stands last */
		area[len - 1] = SHORT_REPORT_SIZE & 0xff;
		return "hcl-short";
	}
	return NULL;
}

const char *lab_public_bend(struct kw_bytes command, uint8_t *response, size_t len)
{
	struct kw_cursor c = { .in = command };
	uint32_t code = 0, handle = 0;
	uint8_t *area, *digest;
	size_t area_len;
	if (!kw_skip_to(&c, CODE_AT) || !kw_take_be32(&c, &code) || !kw_take_be32(&c, &handle)
	    || (code != LAB_CC_READ_PUBLIC && code != LAB_CC_NV_READ_PUBLIC)
	    || !find_public(response, len, &area, &area_len, &digest))
		return NULL;
	const char *what = bend_area(code, handle, area, area_len);
	lab_crypto_must(EVP_Digest(area, area_len, digest, NULL, EVP_sha256(), NULL) > 0,
			"hashing a public area");
	return what;
}
