/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The published guest attestation interface of Azure, in C: Attest, Encrypt, Decrypt, Free, with
 * the published numbers. The first four calls take what the published ones take and mean what those
 * mean; the two `_with` calls name a padding.
 *
 * The key in the tokens of these calls is one that every process with the TPM of the machine can
 * make again, as the published library's is: that is how another process can decrypt. It is gone
 * with a reset of the TPM or a change of PCR 0-7. Keys of a vault are better released to a token
 * with a private key: keyward_release().
 *
 * NUMBERS. The documentation of the interface counts 1 to 27; the published library returns the
 * same numbers negative, and goes on to -32. Here they are positive, all of them: whoever holds
 * them against the library's changes the sign. Which of them this library raises stands at each;
 * the others are there so that a table that was made for the published library stays complete.
 */
#pragma once

#include "keyward/keyward.h"

#ifdef __cplusplus
extern "C" {
#endif

enum keyward_guest_code {
	KEYWARD_GUEST_SUCCESS = 0,
	/* raised: the HTTP client cannot be made, e.g. tls.caFile cannot be read */
	KEYWARD_GUEST_CURL_INITIALIZATION = 1,
	KEYWARD_GUEST_RESPONSE_PARSING = 2,    /* not raised */
	KEYWARD_GUEST_MSI_TOKEN_NOT_FOUND = 3, /* not raised */
	/* raised: a service is busy or failing (408, 429, 5xx) after the last attempt */
	KEYWARD_GUEST_HTTP_REQUEST_EXCEEDED_RETRIES = 4,
	/* raised: a service answers any other status, 400 of Azure Attestation excepted */
	KEYWARD_GUEST_HTTP_REQUEST_FAILED = 5,
	/* raised: Azure Attestation refuses the machine (400), or its token does not verify here */
	KEYWARD_GUEST_ATTESTATION_FAILED = 6,
	/* raised: DNS, connection, TLS or time-out */
	KEYWARD_GUEST_SENDING_CURL_REQUEST_FAILED = 7,
	/* raised: NULL or empty argument, another struct version, a payload that is no object of
	 * strings, a URL or a configuration that is not acceptable */
	KEYWARD_GUEST_INVALID_INPUT_PARAMETER = 8,
	/* raised: this machine's evidence does not verify here */
	KEYWARD_GUEST_ATTESTATION_PARAMETERS_VALIDATION_FAILED = 9,
	KEYWARD_GUEST_FAILED_MEMORY_ALLOCATION = 10, /* not raised: the process ends */
	KEYWARD_GUEST_FAILED_TO_GET_OS_INFO = 11,    /* not raised: unknown is "Linux" */
	/* raised: ciphertext of more than 512 bytes, and what is wrong inside this library */
	KEYWARD_GUEST_TPM_INTERNAL_FAILURE = 12,
	/* raised: the TPM cannot be opened or answers with an error, see tpm_error_code */
	KEYWARD_GUEST_TPM_OPERATION_FAILURE = 13,
	/* raised: the sealed token is not of the expected form or fails its integrity check */
	KEYWARD_GUEST_JWT_DECRYPTION_FAILED = 14,
	/* raised: the key of the sealed token does not open in the TPM */
	KEYWARD_GUEST_JWT_DECRYPTION_TPM_ERROR = 15,
	/* raised: the collateral service's answer is empty, no JSON, or lacks a certificate */
	KEYWARD_GUEST_INVALID_JSON_RESPONSE = 16,
	KEYWARD_GUEST_EMPTY_VCEK_CERT = 17,    /* not raised: 16 */
	KEYWARD_GUEST_EMPTY_RESPONSE = 18,     /* not raised: 16 */
	KEYWARD_GUEST_EMPTY_REQUEST_BODY = 19, /* not raised */
	/* raised: the HCL report is not well-formed */
	KEYWARD_GUEST_HCL_REPORT_PARSING_FAILURE = 20,
	/* raised: the TPM has no HCL report */
	KEYWARD_GUEST_HCL_REPORT_EMPTY = 21,
	/* raised by Encrypt: the token is none, or names no key TpmEphemeralEncryptionKey */
	KEYWARD_GUEST_EXTRACTING_JWK_INFO = 22,
	/* raised by Encrypt: its key is not RSA of 2048 bits or more with exponent 65537 */
	KEYWARD_GUEST_CONVERTING_JWK_TO_RSA_PUB = 23,
	/* raised by the `_with` calls: unknown scheme or hash */
	KEYWARD_GUEST_EVP_PKEY_ENCRYPT_INIT_FAILED = 24,
	/* raised by Encrypt: the data is too long for key and padding */
	KEYWARD_GUEST_EVP_PKEY_ENCRYPT_FAILED = 25,
	/* raised by Decrypt: the ciphertext does not open in the TPM */
	KEYWARD_GUEST_DATA_DECRYPTION_TPM_ERROR = 26,
	/* raised: a URL without a host */
	KEYWARD_GUEST_PARSING_DNS_INFO = 27,
	/* from here on undocumented numbers of the published library */
	/* raised: the attestation service's answer is not what was expected */
	KEYWARD_GUEST_PARSING_ATTESTATION_RESPONSE = 28,
	/* raised: the platform has not provisioned the attestation key's certificate; try later */
	KEYWARD_GUEST_AK_CERT_PROVISIONING_FAILED = 29,
	KEYWARD_GUEST_EMPTY_TD_QUOTE = 30, /* not raised */
	/* raised: the attestation key's certificate is missing, unreadable or another key's */
	KEYWARD_GUEST_AK_CERT_PARSING = 31,
	KEYWARD_GUEST_AK_CERT_RENEW = 32, /* not raised: renewal is the platform's */
};

struct keyward_guest_result {
	int code; /* enum keyward_guest_code, never negative */
	uint32_t tpm_error_code;
	char id[16];	       /* the same failure in docs/errors.md, "" if it has no row there */
	char description[512]; /* "" on success */
};

struct keyward_guest_params {
	uint32_t version;		      /* 1 */
	const char *attestation_endpoint_url; /* https://HOST[:PORT], used as it stands */
	const char *client_payload; /* JSON object of strings, or NULL; a nonce is added if it has
				       none */
};

enum { KEYWARD_GUEST_PARAMS_VERSION = 1 };
enum keyward_guest_encryption { KEYWARD_GUEST_ENCRYPTION_NONE = 0 };

/* All return the code; `result` (NULL: not wanted) says more. */

/* The token of this machine, NUL-terminated and, unlike with the published library, verified. The
 * endpoint need not be configured; the rest of the context's configuration holds. */
int keyward_guest_attest(struct keyward *context, const struct keyward_guest_params *params,
			 char **token_out, struct keyward_guest_result *result);

/*
 * To the token's key with RSAES (PKCS#1 v1.5), for peers that were built on the published
 * interface. Anywhere: no TPM is needed. The token is NOT verified: first call keyward_verify(), or
 * anybody gets what is encrypted. Metadata is NULL and 0.
 */
int keyward_guest_encrypt(enum keyward_guest_encryption type, const char *token, const void *data,
			  uint32_t data_size, void **encrypted_out, uint32_t *encrypted_size_out,
			  void **metadata_out, uint32_t *metadata_size_out,
			  struct keyward_guest_result *result);
/* With the TPM, RSAES. Metadata is not looked at. */
int keyward_guest_decrypt(struct keyward *context, enum keyward_guest_encryption type,
			  const void *encrypted, uint32_t encrypted_size, const void *metadata,
			  uint32_t metadata_size, void **data_out, uint32_t *data_size_out,
			  struct keyward_guest_result *result);
void keyward_guest_free(void *buffer); /* as keyward_free() */

/* The numbers of the TPM's registry, as in the published library. */
enum keyward_guest_scheme { KEYWARD_GUEST_RSAES = 0x0015, KEYWARD_GUEST_OAEP = 0x0017 };
enum keyward_guest_hash {
	KEYWARD_GUEST_SHA1 = 0x0004,
	KEYWARD_GUEST_SHA256 = 0x000B,
	KEYWARD_GUEST_SHA384 = 0x000C,
	KEYWARD_GUEST_SHA512 = 0x000D,
};
struct keyward_guest_padding {
	enum keyward_guest_scheme scheme;
	enum keyward_guest_hash hash; /* of OAEP and its MGF1, which have an empty label */
};

/* The same with a padding of the caller's choice; NULL: OAEP with SHA-256. */
int keyward_guest_encrypt_with(const struct keyward_guest_padding *padding, const char *token,
			       const void *data, uint32_t data_size, void **encrypted_out,
			       uint32_t *encrypted_size_out, struct keyward_guest_result *result);
int keyward_guest_decrypt_with(struct keyward *context, const struct keyward_guest_padding *padding,
			       const void *encrypted, uint32_t encrypted_size, void **data_out,
			       uint32_t *data_size_out, struct keyward_guest_result *result);

#ifdef __cplusplus
}
#endif
