/* SPDX-License-Identifier: Apache-2.0 */
#include "large_report.h"

#include "certificate.h"
#include "indices.h"
#include "tpm_answer.h"

enum {
	RC_AUTH_UNAVAILABLE = 0x12f,
	RC_NV_RANGE = 0x146,
	RC_VALUE_OF_PARAMETER_1 = 0x1c4,
	SESSION_AT = 22,     /* the first session's handle in a TPM2_NV_Read */
	PARAMETERS_SIZE = 4, /* size and offset, at its end */
};

/* TPMS_NV_PUBLIC and the name that follows from it. */
static size_t answer_public(uint8_t ret[LAB_TPM_MAX])
{
	struct lab_out area = { .len = 0 }, out;
	uint8_t digest[32];
	lab_out_be32(&area, LAB_NV_REPORT);
	lab_out_be16(&area, LAB_ALG_SHA256);
	lab_out_be32(&area, LAB_NV_ATTRIBUTES | LAB_NV_WRITTEN);
	lab_out_be16(&area, 0); /* policy */
	lab_out_be16(&area, (uint16_t)lab_indices_report().len);
	lab_crypto_must(EVP_Digest(area.data, area.len, digest, NULL, EVP_sha256(), NULL) > 0,
			"hashing a public area");
	lab_answer_begin(&out, LAB_ST_NO_SESSIONS, 0);
	lab_out_tpm2b(&out, area.data, area.len);
	lab_out_be16(&out, 2 + sizeof(digest));
	lab_out_be16(&out, LAB_ALG_SHA256);
	lab_out_bytes(&out, digest, sizeof(digest));
	return lab_answer_end(&out, ret);
}

/* The authorization is tried on one byte of the index that swtpm has under the same number. */
static uint32_t try_authorization(struct kw_bytes command)
{
	struct lab_out copy = { .len = 0 };
	struct lab_tpm_reply reply;
	lab_out_bytes(&copy, command.data, command.len - PARAMETERS_SIZE);
	lab_out_be16(&copy, 1);
	lab_out_be16(&copy, 0);
	return lab_tpm_run(&copy, &reply);
}

static size_t answer_read(struct kw_bytes command, uint8_t ret[LAB_TPM_MAX])
{
	struct kw_bytes report = lab_indices_report();
	struct lab_out out;
	struct kw_cursor c = { .in = command };
	uint32_t session = 0;
	uint16_t size = 0, offset = 0;
	if (!kw_skip_to(&c, SESSION_AT) || !kw_take_be32(&c, &session) || session != LAB_RS_PASSWORD
	    || !kw_skip_to(&c, command.len - PARAMETERS_SIZE) || !kw_take_be16(&c, &size)
	    || !kw_take_be16(&c, &offset))
		return lab_answer_error(RC_AUTH_UNAVAILABLE, ret);
	uint32_t rc = try_authorization(command);
	if (rc == 0 && size > LAB_NV_CHUNK)
		rc = RC_VALUE_OF_PARAMETER_1;
	if (rc == 0 && (size_t)offset + size > report.len)
		rc = RC_NV_RANGE;
	if (rc != 0)
		return lab_answer_error(rc, ret);
	lab_answer_begin(&out, LAB_ST_SESSIONS, 0);
	lab_out_be32(&out, 2u + size);
	lab_out_tpm2b(&out, report.data + offset, size);
	lab_answer_password_session(&out);
	return lab_answer_end(&out, ret);
}

bool lab_large_report_answer(struct kw_bytes command, uint8_t ret[LAB_TPM_MAX], size_t *ret_len)
{
	struct kw_cursor c = { .in = command };
	uint16_t tag = 0;
	uint32_t size = 0, code = 0, first = 0, second = 0;
	if (!lab_indices_report_is_large() || !kw_take_be16(&c, &tag) || !kw_take_be32(&c, &size)
	    || !kw_take_be32(&c, &code) || !kw_take_be32(&c, &first))
		return false;
	if (code == LAB_CC_NV_READ_PUBLIC && tag == LAB_ST_NO_SESSIONS && first == LAB_NV_REPORT)
		*ret_len = answer_public(ret);
	else if (code == LAB_CC_NV_READ && kw_take_be32(&c, &second) && second == LAB_NV_REPORT)
		*ret_len = answer_read(command, ret);
	else
		return false;
	return true;
}
