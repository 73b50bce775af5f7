/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attestation from within a workload, with the calls of the published guest attestation interface:
 * prints the token of this machine, for a relying party that asked for the nonce.
 *
 *	attest ENDPOINT NONCE [CONFIG]
 *
 * cc -o attest attest.c $(pkg-config --cflags --libs keyward)
 */
#include <keyward/guest_attestation.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct keyward_guest_params params = { .version = KEYWARD_GUEST_PARAMS_VERSION };
	struct keyward_guest_result result;
	struct keyward_error err;
	struct keyward *context = NULL;
	char payload[256], *token = NULL;

	/* A nonce of letters and digits needs no escapes in JSON. */
	if (argc < 3 || strspn(argv[2], "0123456789ABCDEFabcdef") != strlen(argv[2])
	    || strlen(argv[2]) > 128) {
		fprintf(stderr, "usage: %s ENDPOINT NONCE-IN-HEX [CONFIG]\n", argv[0]);
		return 64;
	}
	snprintf(payload, sizeof(payload), "{\"nonce\":\"%s\"}", argv[2]);
	params.attestation_endpoint_url = argv[1];
	params.client_payload = payload;

	if (keyward_open(argc > 3 ? argv[3] : NULL, &context, &err) < 0) {
		fprintf(stderr, "%s: %s\n", err.id, err.detail);
		return err.exit_status;
	}
	if (keyward_guest_attest(context, &params, &token, &result) == KEYWARD_GUEST_SUCCESS)
		puts(token);
	else
		fprintf(stderr, "error %d, TPM code 0x%x: %s\n", result.code, result.tpm_error_code,
			result.description);
	keyward_guest_free(token);
	keyward_close(context);
	return result.code == KEYWARD_GUEST_SUCCESS ? 0 : 1;
}
