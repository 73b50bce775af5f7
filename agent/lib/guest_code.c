/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/guest.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Rows whose number is not that of their stage. */
static const struct {
	enum kw_error_name error;
	enum keyward_guest_code code;
} rows[] = {
	{ KW_E_ATT_UNREACHABLE, KEYWARD_GUEST_SENDING_CURL_REQUEST_FAILED },
	{ KW_E_ATT_TLS, KEYWARD_GUEST_SENDING_CURL_REQUEST_FAILED },
	{ KW_E_ATT_POLICY, KEYWARD_GUEST_ATTESTATION_FAILED },
	{ KW_E_ATT_BUSY, KEYWARD_GUEST_HTTP_REQUEST_EXCEEDED_RETRIES },
	{ KW_E_ATT_ANSWER, KEYWARD_GUEST_PARSING_ATTESTATION_RESPONSE },
	{ KW_E_ATT_SEAL_KEY, KEYWARD_GUEST_JWT_DECRYPTION_TPM_ERROR },
	{ KW_E_ATT_SEAL_FORM, KEYWARD_GUEST_JWT_DECRYPTION_FAILED },
	{ KW_E_ATT_SEAL_TAG, KEYWARD_GUEST_JWT_DECRYPTION_FAILED },
	{ KW_E_TOK_UNREACHABLE, KEYWARD_GUEST_SENDING_CURL_REQUEST_FAILED },
	{ KW_E_TOK_TLS, KEYWARD_GUEST_SENDING_CURL_REQUEST_FAILED },
	{ KW_E_TOK_BUSY, KEYWARD_GUEST_HTTP_REQUEST_EXCEEDED_RETRIES },
	{ KW_E_COL_UNREACHABLE, KEYWARD_GUEST_SENDING_CURL_REQUEST_FAILED },
	{ KW_E_COL_TLS, KEYWARD_GUEST_SENDING_CURL_REQUEST_FAILED },
	{ KW_E_COL_BUSY, KEYWARD_GUEST_HTTP_REQUEST_EXCEEDED_RETRIES },
	{ KW_E_COL_REFUSED, KEYWARD_GUEST_HTTP_REQUEST_FAILED },
	{ KW_E_COL_ANSWER, KEYWARD_GUEST_INVALID_JSON_RESPONSE },
	{ KW_E_TPM_OPEN, KEYWARD_GUEST_TPM_OPERATION_FAILURE },
	{ KW_E_TPM_BUSY, KEYWARD_GUEST_TPM_OPERATION_FAILURE },
	{ KW_E_TPM_SILENT, KEYWARD_GUEST_TPM_OPERATION_FAILURE },
	{ KW_E_TPM_GONE, KEYWARD_GUEST_TPM_OPERATION_FAILURE },
	{ KW_E_TPM_COMMAND, KEYWARD_GUEST_TPM_OPERATION_FAILURE },
	{ KW_E_TPM_OWNER_AUTH, KEYWARD_GUEST_TPM_OPERATION_FAILURE },
	{ KW_E_TPM_NO_AK, KEYWARD_GUEST_TPM_OPERATION_FAILURE },
	{ KW_E_TPM_FILE, KEYWARD_GUEST_TPM_OPERATION_FAILURE },
	{ KW_E_TPM_NO_HCL, KEYWARD_GUEST_HCL_REPORT_EMPTY },
	{ KW_E_TPM_KEY_LOST, KEYWARD_GUEST_JWT_DECRYPTION_TPM_ERROR },
	{ KW_E_TPM_AK_CERT, KEYWARD_GUEST_AK_CERT_PARSING },
	{ KW_E_TPM_AK_PLACEHOLDER, KEYWARD_GUEST_AK_CERT_PROVISIONING_FAILED },
	{ KW_E_HCL_MAGIC, KEYWARD_GUEST_HCL_REPORT_PARSING_FAILURE },
	{ KW_E_HCL_TRUNCATED, KEYWARD_GUEST_HCL_REPORT_PARSING_FAILURE },
	{ KW_E_HCL_HEADER, KEYWARD_GUEST_HCL_REPORT_PARSING_FAILURE },
	{ KW_E_HCL_TYPE, KEYWARD_GUEST_HCL_REPORT_PARSING_FAILURE },
	{ KW_E_HCL_HASH_TYPE, KEYWARD_GUEST_HCL_REPORT_PARSING_FAILURE },
	{ KW_E_HCL_CLAIMS, KEYWARD_GUEST_HCL_REPORT_PARSING_FAILURE },
};

static const struct {
	const char *stage;
	enum keyward_guest_code code;
} stages[] = {
	{ "CFG", KEYWARD_GUEST_INVALID_INPUT_PARAMETER },
	{ "TPM", KEYWARD_GUEST_ATTESTATION_PARAMETERS_VALIDATION_FAILED },
	{ "SNP", KEYWARD_GUEST_ATTESTATION_PARAMETERS_VALIDATION_FAILED },
	{ "COL", KEYWARD_GUEST_ATTESTATION_PARAMETERS_VALIDATION_FAILED },
	{ "ATT", KEYWARD_GUEST_HTTP_REQUEST_FAILED },
	{ "TOK", KEYWARD_GUEST_ATTESTATION_FAILED },
};

static enum keyward_guest_code attest_code(const struct kw_error *err)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (kw_error_is(err, rows[i].error))
			return rows[i].code;
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		if (strcmp(err->def->stage, stages[i].stage) == 0)
			return stages[i].code;
	return KEYWARD_GUEST_TPM_INTERNAL_FAILURE;
}

static enum keyward_guest_code encrypt_code(const struct kw_error *err)
{
	if (kw_error_is(err, KW_E_TOK_KEY))
		return KEYWARD_GUEST_CONVERTING_JWK_TO_RSA_PUB;
	if (strcmp(err->def->stage, "TOK") == 0)
		return KEYWARD_GUEST_EXTRACTING_JWK_INFO;
	return KEYWARD_GUEST_EVP_PKEY_ENCRYPT_FAILED;
}

static enum keyward_guest_code decrypt_code(const struct kw_error *err)
{
	if (strcmp(err->def->stage, "TPM") == 0 || strcmp(err->def->stage, "UNW") == 0)
		return KEYWARD_GUEST_DATA_DECRYPTION_TPM_ERROR;
	return KEYWARD_GUEST_TPM_INTERNAL_FAILURE;
}

enum keyward_guest_code kw_guest_code(const struct kw_error *err, enum kw_guest_call call)
{
	assert(err->def != NULL);
	switch (call) {
	case KW_GUEST_ENCRYPT:
		return encrypt_code(err);
	case KW_GUEST_DECRYPT:
		return decrypt_code(err);
	case KW_GUEST_ATTEST:
		break;
	}
	return attest_code(err);
}

int kw_guest_succeed(struct keyward_guest_result *result)
{
	if (result)
		*result = (struct keyward_guest_result){ .code = KEYWARD_GUEST_SUCCESS };
	return KEYWARD_GUEST_SUCCESS;
}

static int fill(enum keyward_guest_code code, const char *id, unsigned tpm_code,
		const char *description, struct keyward_guest_result *result)
{
	if (!result)
		return (int)code;
	*result = (struct keyward_guest_result){ .code = (int)code, .tpm_error_code = tpm_code };
	(void)snprintf(result->id, sizeof(result->id), "%s", id);
	(void)snprintf(result->description, sizeof(result->description), "%s", description);
	return (int)code;
}

int kw_guest_fail(const struct kw_error *err, enum kw_guest_call call,
		  struct keyward_guest_result *result)
{
	return fill(kw_guest_code(err, call), err->def->id, err->tpm_code, err->detail, result);
}

int kw_guest_refuse(enum keyward_guest_code code, const char *what,
		    struct keyward_guest_result *result)
{
	return fill(code, "", 0, what, result);
}
