/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward encrypt` to the key that a token names, `keyward decrypt` with it in the vTPM. */
#include "cmd/command.h"
#include "cmd/confine.h"
#include "cmd/input.h"
#include "cmd/output.h"
#include "service/guest.h"
#include "service/verify.h"
#include "util/base64.h"
#include "util/file.h"

#include <string.h>

enum { SECRET_MODE = 0600, OPEN_MODE = 0644, FILE_MAX = 256 * 1024, INPUT_MAX = 1024 };

/* The words of the options, in their order. */
enum padding { PADDING_OAEP, PADDING_RSAES };
enum format { FORMAT_RAW, FORMAT_BASE64 };

struct args {
	const char *config, *token, *jwks, *issuer, *in, *out;
	enum padding padding;
	enum kw_hash hash;
	enum format format;
	bool unverified, allow_disk, no_sandbox;
};
#define FLAG_TEXT(letter, name, value, help, member)                                        \
	{                                                                                   \
		KW_OPTIONAL, letter, name, value, help, offsetof(struct args, member), NULL \
	}
#define FLAGS_BOTH                                                                        \
	{ KW_CHOICE,                                                                      \
	  0,                                                                              \
	  "padding",                                                                      \
	  "oaep|rsaes",                                                                   \
	  "rsaes is PKCS#1 v1.5, for peers of the published calls",                       \
	  offsetof(struct args, padding),                                                 \
	  "oaep" },                                                                       \
		{ KW_CHOICE,                                                              \
		  0,                                                                      \
		  "hash",                                                                 \
		  "sha1|sha256|sha384|sha512",                                            \
		  "of OAEP and its MGF1",                                                 \
		  offsetof(struct args, hash),                                            \
		  "sha256" },                                                             \
		{ KW_CHOICE,                                                              \
		  'o',                                                                    \
		  "format",                                                               \
		  "raw|base64",                                                           \
		  "of the ciphertext",                                                    \
		  offsetof(struct args, format),                                          \
		  "raw" },                                                                \
		FLAG_TEXT(0, "in", "FILE", "read it there, not from standard input", in), \
		FLAG_TEXT(0, "out", "FILE", "write it there, not to standard output", out)

static const struct kw_flag encrypt_flags[] = {
	{ KW_POSITIONAL, 0, "TOKEN", "", "a file with the machine's attestation token",
	  offsetof(struct args, token), NULL },
	FLAG_TEXT(0, "jwks", "FILE", "keys that the attestation service publishes", jwks),
	FLAG_TEXT(0, "issuer", "URL", "attestation endpoint that must have issued it", issuer),
	{ KW_SWITCH, 0, "unverified", "", "do not verify the token",
	  offsetof(struct args, unverified), NULL },
	FLAGS_BOTH,
	{ 0 },
};
static const struct kw_flag decrypt_flags[] = {
	KW_FLAG_CONFIG(struct args, config),
	FLAGS_BOTH,
	{ KW_SWITCH, 0, "allow-disk", "", "the file of --out may lie on a disk",
	  offsetof(struct args, allow_disk), NULL },
	KW_FLAG_NO_SANDBOX(struct args, no_sandbox),
	{ 0 },
};

static struct kw_guest_padding padding_of(const struct args *args)
{
	return (struct kw_guest_padding){
		.scheme = args->padding == PADDING_OAEP ? KW_RSA_OAEP : KW_RSA_ES,
		.oaep = args->hash,
	};
}

/* Who encrypts to a token that nobody verified encrypts to anybody. */
static int verify(const struct args *args, struct kw_bytes token, struct kw_error *err)
{
	KW_CLEANUP(kw_verification_clear) struct kw_verification v = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob jwks = { 0 };

	if (args->unverified)
		return 0;
	if (!args->jwks || !args->issuer)
		return kw_fail(err, KW_E_CFG_USAGE,
			       "'--jwks' and '--issuer' are needed, or '--unverified'");
	if (kw_file_read(args->jwks, FILE_MAX, KW_E_SYS_FILE, &jwks, err) < 0)
		return -1;
	const struct kw_verify_token with = {
		.jwks = kw_blob_bytes(&jwks),
		.issuer = args->issuer,
		.now_s = kw_wall_s(&kw_clock_system),
	};
	kw_verification_open(&v);
	kw_verify_token(token, &with, &v);
	return kw_verification_result(&v, err);
}

static int write_ciphertext(const struct args *args, struct kw_bytes encrypted,
			    struct kw_error *err)
{
	const struct kw_output output = {
		.file = args->out,
		.mode = OPEN_MODE,
		.allow_disk = true,
		.is_text = args->format == FORMAT_BASE64,
	};
	KW_CLEANUP(freep) char *text = NULL;

	if (args->format == FORMAT_BASE64) {
		text = kw_base64_encode(KW_BASE64, encrypted);
		encrypted = kw_bytes_text(text);
	}
	return kw_output_write(&output, encrypted, err);
}

static int run_encrypt(int argc, char **argv, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob file = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob encrypted = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	struct kw_bytes token;
	struct args args = { 0 };

	if (kw_flags_parse(encrypt_flags, argc, argv, &args, err) < 0
	    || kw_file_read(args.token, FILE_MAX, KW_E_SYS_FILE, &file, err) < 0)
		return -1;
	token = kw_verify_trimmed(kw_blob_bytes(&file));
	if (verify(&args, token, err) < 0 || kw_input_read(args.in, INPUT_MAX, &plain, err) < 0
	    || kw_guest_encrypt(token, padding_of(&args), kw_secret_bytes(&plain), &encrypted, err)
		       < 0)
		return -1;
	return write_ciphertext(&args, kw_blob_bytes(&encrypted), err);
}

static int read_ciphertext(const struct args *args, struct kw_blob *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret input = { 0 };
	struct kw_bytes bytes;

	if (kw_input_read(args->in, INPUT_MAX, &input, err) < 0)
		return -1;
	bytes = kw_secret_bytes(&input);
	if (args->format == FORMAT_RAW)
		*ret = kw_blob_copy(bytes);
	else if (!kw_base64_decode(KW_BASE64, kw_verify_trimmed(bytes), ret))
		return kw_fail(err, KW_E_SYS_DATA, "the ciphertext is not base64");
	return 0;
}

static int run_decrypt(int argc, char **argv, struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	KW_CLEANUP(kw_blob_clear) struct kw_blob encrypted = { 0 };
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	struct kw_output output = { .mode = SECRET_MODE };
	struct args args = { 0 };

	if (kw_flags_parse(decrypt_flags, argc, argv, &args, err) < 0
	    || kw_command_prepare(KW_ONE_SHOT, args.config, &config, err) < 0
	    || read_ciphertext(&args, &encrypted, err) < 0
	    || kw_confine_command(config, args.out, args.no_sandbox, err) < 0
	    || kw_guest_decrypt(config, padding_of(&args), kw_blob_bytes(&encrypted), &plain, err)
		       < 0)
		return -1;
	output.file = args.out;
	output.allow_disk = args.allow_disk;
	return kw_output_write(&output, kw_secret_bytes(&plain), err);
}

const struct kw_command kw_cmd_encrypt = {
	.name = "encrypt",
	.summary = "encrypt to the key of an attested machine's token",
	.about = "For a relying party: anywhere, without a TPM or a configuration. The token is "
		 "one that `attest --shared-key -o token` gave; it is verified first. Only some "
		 "190 bytes fit: a symmetric key, say.",
	.flags = encrypt_flags,
	.run = run_encrypt,
};

const struct kw_command kw_cmd_decrypt = {
	.name = "decrypt",
	.summary = "decrypt with the key of this machine's token, in the vTPM",
	.about = "With the key that every process of this machine with the TPM can make, as long "
		 "as the TPM is not reset and PCRs 0-7 do not change. Nothing else can.",
	.flags = decrypt_flags,
	.run = run_decrypt,
};
