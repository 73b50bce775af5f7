/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A relying party, here a secrets manager, gives a secret to a machine that has attested itself:
 *
 *	party -> machine   a nonce
 *	machine -> party   a token with that nonce and with a key that only this machine's TPM has
 *	party -> machine   the secret, encrypted to that key
 *
 * over a Unix socket; each message is its length in four bytes, big endian, and its bytes.
 *
 *	handshake party SOCKET ISSUER JWKS SECRET-FILE    serves one machine, then ends
 *	handshake machine SOCKET ENDPOINT [CONFIG]        prints the secret
 *
 * ISSUER is the endpoint that the party trusts, JWKS a file with the keys that it publishes below
 * /certs, fetched over TLS beforehand.
 *
 * cc -o handshake handshake.c $(pkg-config --cflags --libs keyward)
 */
#include <keyward/guest_attestation.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MESSAGE_MAX = 64 * 1024, NONCE_SIZE = 16, SECRET_MAX = 190 /* RSA-2048, OAEP, SHA-256 */ };

static int fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	return 1;
}

static int fail_with(const struct keyward_error *err)
{
	fprintf(stderr, "%s: %s\n", err->id, err->detail);
	return err->exit_status;
}

static int send_all(int fd, const void *data, size_t size)
{
	const char *at = data;

	while (size > 0) {
		ssize_t n = send(fd, at, size, MSG_NOSIGNAL);

		if (n <= 0)
			return -1;
		at += n;
		size -= (size_t)n;
	}
	return 0;
}

static int receive_all(int fd, void *data, size_t size)
{
	return recv(fd, data, size, MSG_WAITALL) == (ssize_t)size ? 0 : -1;
}

static int send_message(int fd, const void *data, size_t size)
{
	unsigned char length[4] = { (unsigned char)(size >> 24), (unsigned char)(size >> 16),
				    (unsigned char)(size >> 8), (unsigned char)size };

	return send_all(fd, length, sizeof(length)) < 0 ? -1 : send_all(fd, data, size);
}

/* With a NUL behind; NULL: the peer is gone, or the message too long. free() it. */
static char *receive_message(int fd, size_t *size)
{
	unsigned char length[4];
	char *data;

	if (receive_all(fd, length, sizeof(length)) < 0)
		return NULL;
	*size = (size_t)length[0] << 24 | (size_t)length[1] << 16 | (size_t)length[2] << 8
		| length[3];
	data = *size <= MESSAGE_MAX ? calloc(1, *size + 1) : NULL;
	if (data && receive_all(fd, data, *size) < 0) {
		free(data);
		return NULL;
	}
	return data;
}

static int open_socket(const char *path, int listening)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), peer;

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return -1;
	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	if (!listening)
		return connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -1 : fd;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0)
		return -1;
	peer = accept(fd, NULL, NULL);
	close(fd);
	return peer;
}

static size_t read_file(const char *path, char *content, size_t max)
{
	FILE *file = fopen(path, "rb");
	size_t size = file ? fread(content, 1, max, file) : 0;

	if (file)
		fclose(file);
	return size;
}

/* Signature, issuer, times, nonce, no debugging: only then the key in the token is looked at. */
static int verify(const char *token, const char *issuer, const char *jwks_file, const char *nonce,
		  struct keyward_error *err)
{
	static char jwks[MESSAGE_MAX];
	struct keyward_verification what = { .size = sizeof(what), .kind = KEYWARD_TOKEN };

	what.object.data = token;
	what.object.size = strlen(token);
	what.jwks.data = jwks;
	what.jwks.size = read_file(jwks_file, jwks, sizeof(jwks));
	what.issuer = issuer;
	what.payload_nonce = nonce;
	return keyward_verify(&what, NULL, err);
}

static int party(int fd, char **argv)
{
	unsigned char random[NONCE_SIZE];
	char nonce[2 * NONCE_SIZE + 1], secret[SECRET_MAX], *token;
	size_t size = read_file(argv[5], secret, sizeof(secret));
	struct keyward_guest_result result;
	struct keyward_error err;
	void *encrypted = NULL;
	uint32_t encrypted_size = 0;
	int r = 0;

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return fail("no random bytes");
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(nonce + 2 * i, 3, "%02x", random[i]);
	if (send_message(fd, nonce, strlen(nonce)) < 0)
		return fail("the machine is gone");
	size_t token_size;
	token = receive_message(fd, &token_size);
	if (!token)
		return fail("the machine sends no token");
	if (verify(token, argv[3], argv[4], nonce, &err) < 0)
		r = fail_with(&err);
	else if (keyward_guest_encrypt_with(NULL, token, secret, (uint32_t)size, &encrypted,
					    &encrypted_size, &result)
		 != KEYWARD_GUEST_SUCCESS)
		r = fail(result.description);
	else if (send_message(fd, encrypted, encrypted_size) < 0)
		r = fail("the machine is gone");
	keyward_guest_free(encrypted);
	free(token);
	return r;
}

static int answer(struct keyward *context, int fd, const char *endpoint, const char *nonce)
{
	char payload[256], *token = NULL, *encrypted;
	struct keyward_guest_params params = { KEYWARD_GUEST_PARAMS_VERSION, endpoint, payload };
	struct keyward_guest_result result;
	void *secret = NULL;
	uint32_t size = 0;
	size_t encrypted_size;
	int sent;

	if (strspn(nonce, "0123456789abcdef") != strlen(nonce) || strlen(nonce) > 128)
		return fail("the party's nonce is no hex");
	snprintf(payload, sizeof(payload), "{\"nonce\":\"%s\"}", nonce);
	if (keyward_guest_attest(context, &params, &token, &result) != KEYWARD_GUEST_SUCCESS)
		return fail(result.description);
	sent = send_message(fd, token, strlen(token));
	keyward_guest_free(token);
	encrypted = sent < 0 ? NULL : receive_message(fd, &encrypted_size);
	if (!encrypted)
		return fail("the party refuses this machine");
	if (keyward_guest_decrypt_with(context, NULL, encrypted, (uint32_t)encrypted_size, &secret,
				       &size, &result)
	    == KEYWARD_GUEST_SUCCESS)
		fwrite(secret, 1, size, stdout);
	else
		fail(result.description);
	keyward_guest_free(secret);
	free(encrypted);
	return result.code == KEYWARD_GUEST_SUCCESS ? 0 : 1;
}

static int machine(int fd, int argc, char **argv)
{
	struct keyward *context = NULL;
	struct keyward_error err;
	size_t size;
	char *nonce = receive_message(fd, &size);
	int r;

	if (!nonce)
		return fail("the party is gone");
	if (keyward_open(argc > 4 ? argv[4] : NULL, &context, &err) < 0)
		r = fail_with(&err);
	else
		r = answer(context, fd, argv[3], nonce);
	keyward_close(context);
	free(nonce);
	return r;
}

int main(int argc, char **argv)
{
	int is_party = argc == 6 && strcmp(argv[1], "party") == 0;
	int is_machine = (argc == 4 || argc == 5) && strcmp(argv[1], "machine") == 0;
	int fd, r;

	if (!is_party && !is_machine) {
		fprintf(stderr, "usage: %s party SOCKET ISSUER JWKS SECRET-FILE\n", argv[0]);
		fprintf(stderr, "       %s machine SOCKET ENDPOINT [CONFIG]\n", argv[0]);
		return 64;
	}
	fd = open_socket(argv[2], is_party);
	if (fd < 0) {
		perror(argv[2]);
		return 69;
	}
	r = is_party ? party(fd, argv) : machine(fd, argc, argv);
	close(fd);
	return r;
}
