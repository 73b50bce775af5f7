/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every call of keyward/guest_attestation.h from the shell: the exit status is the code, standard
 * error "CODE TPM-CODE ID: description". Built by test_library against the installed package.
 *
 *	guest_calls attest CONFIG ENDPOINT PAYLOAD VERSION    "-" is NULL; prints the token
 *	guest_calls encrypt TOKEN-FILE SCHEME HASH            standard input to standard output
 *	guest_calls decrypt CONFIG SCHEME HASH
 *
 * SCHEME and HASH are numbers; SCHEME "documented" is the published call, "default" no padding.
 */
#include <keyward/guest_attestation.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 65536, STATUS_MISUSE = 99 };

static struct keyward_guest_result result;
static unsigned char input[INPUT_MAX];

static const char *or_null(const char *word)
{
	return strcmp(word, "-") == 0 ? NULL : word;
}

static size_t read_file(FILE *file)
{
	size_t n = file ? fread(input, 1, sizeof(input) - 1, file) : 0;

	input[n] = 0;
	return n;
}

static const struct keyward_guest_padding *padding_of(char **words)
{
	static struct keyward_guest_padding padding;

	padding.scheme = (enum keyward_guest_scheme)strtoul(words[0], NULL, 0);
	padding.hash = (enum keyward_guest_hash)strtoul(words[1], NULL, 0);
	return strcmp(words[0], "default") == 0 ? NULL : &padding;
}

static int finish(int code, void *out, size_t size)
{
	if (code == KEYWARD_GUEST_SUCCESS)
		fwrite(out, 1, size, stdout);
	else
		fprintf(stderr, "%d 0x%x %s: %s\n", result.code, result.tpm_error_code, result.id,
			result.description);
	if (code != result.code)
		code = STATUS_MISUSE;
	keyward_guest_free(out);
	return code;
}

static int attest(struct keyward *context, char **words)
{
	struct keyward_guest_params params = { (uint32_t)strtoul(words[2], NULL, 0),
					       or_null(words[0]), or_null(words[1]) };
	char *token = NULL;
	int code = keyward_guest_attest(context, &params, &token, &result);

	return finish(code, token, token ? strlen(token) : 0);
}

static int encrypt(char **words)
{
	FILE *file = fopen(words[0], "rb");
	size_t n = read_file(file);
	char *token = strndup((char *)input, strcspn((char *)input, "\n")); /* a line of text */
	void *out = NULL, *metadata = &result;
	uint32_t size = 0, metadata_size = 1;
	int code;

	if (file)
		fclose(file);
	n = read_file(stdin);
	if (strcmp(words[1], "documented") == 0)
		code = keyward_guest_encrypt(KEYWARD_GUEST_ENCRYPTION_NONE, token, input,
					     (uint32_t)n, &out, &size, &metadata, &metadata_size,
					     &result);
	else
		code = keyward_guest_encrypt_with(padding_of(words + 1), token, input, (uint32_t)n,
						  &out, &size, &result);
	if (strcmp(words[1], "documented") == 0 && code == 0 && (metadata || metadata_size))
		code = STATUS_MISUSE;
	free(token);
	return finish(code, out, size);
}

static int decrypt(struct keyward *context, char **words)
{
	size_t n = read_file(stdin);
	void *out = NULL;
	uint32_t size = 0;
	int code;

	if (strcmp(words[0], "documented") == 0)
		code = keyward_guest_decrypt(context, KEYWARD_GUEST_ENCRYPTION_NONE, input,
					     (uint32_t)n, NULL, 0, &out, &size, &result);
	else
		code = keyward_guest_decrypt_with(context, padding_of(words), input, (uint32_t)n,
						  &out, &size, &result);
	return finish(code, out, size);
}

int main(int argc, char **argv)
{
	struct keyward *context = NULL;
	struct keyward_error err;
	int code = STATUS_MISUSE;

	if (argc == 5 && strcmp(argv[1], "encrypt") == 0)
		return encrypt(argv + 2);
	if (argc < 3 || keyward_open(argv[2], &context, &err) < 0)
		return STATUS_MISUSE;
	if (argc == 6 && strcmp(argv[1], "attest") == 0)
		code = attest(context, argv + 3);
	else if (argc == 5 && strcmp(argv[1], "decrypt") == 0)
		code = decrypt(context, argv + 3);
	keyward_close(context);
	return code;
}
