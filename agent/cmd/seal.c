/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward seal NAME`: a secret for the public half of a vault's key. Needs no configuration, no
 * TPM and no network: it runs where the secret is written. */
#include "cmd/command.h"
#include "cmd/input.h"
#include "cmd/output.h"
#include "jose/jwe.h"
#include "service/sealed.h"
#include "util/file.h"
#include "util/text.h"

#include <string.h>

enum { OUT_MODE = 0644, PUBLIC_MAX = 64 * 1024, SEAL_ARENA_SIZE = 1 << 20 };

struct args {
	const char *name, *key, *kid, *in, *out;
};
static const struct kw_flag flags[] = {
	{ KW_POSITIONAL, 0, "NAME", "", "the secret, as `secrets` of the configuration names it",
	  offsetof(struct args, name), NULL },
	{ KW_OPTIONAL, 'k', "key", "FILE",
	  "the key's public half: JWK, PEM, or as the vault shows it", offsetof(struct args, key),
	  NULL },
	{ KW_OPTIONAL, 0, "kid", "URL", "the key's identifier [that of the JWK]",
	  offsetof(struct args, kid), NULL },
	{ KW_OPTIONAL, 0, "in", "FILE", "read it there, not from standard input",
	  offsetof(struct args, in), NULL },
	{ KW_OPTIONAL, 0, "out", "FILE", "write it there, not to standard output",
	  offsetof(struct args, out), NULL },
	{ 0 },
};

static int run(int argc, char **argv, struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob key = { 0 };
	KW_CLEANUP(freep) char *sealed = NULL;
	struct kw_output output = { .mode = OUT_MODE, .allow_disk = true, .is_text = true };
	struct args args = { 0 };

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0)
		return -1;
	if (args.key == NULL)
		return kw_fail(err, KW_E_CFG_USAGE, "'--key FILE' is needed");
	if (kw_arena_open(SEAL_ARENA_SIZE, KW_LOCK_BEST_EFFORT, err) < 0
	    || kw_file_read(args.key, PUBLIC_MAX, KW_E_SYS_FILE, &key, err) < 0
	    || kw_input_read(args.in, KW_JWE_PLAIN_MAX, &plain, err) < 0
	    || kw_sealed_make(args.name, args.kid, kw_blob_bytes(&key), kw_secret_bytes(&plain),
			      &sealed, err)
		       < 0)
		return -1;
	output.file = args.out;
	return kw_output_write(&output, kw_bytes_text(sealed), err);
}

const struct kw_command kw_cmd_seal = {
	.name = "seal",
	.summary = "encrypt a secret for a key of the vault",
	.about = "The secret is read from standard input or a file and encrypted for the public "
		 "half of a "
		 "key, as a JWE whose protected header binds the secret's name and the key's "
		 "identifier. It needs neither a configuration nor a network. `az keyvault key "
		 "show` "
		 "prints the public half. What `secrets` of the configuration names is unsealed "
		 "again "
		 "by serve, init and unseal.",
	.flags = flags,
	.run = run,
};
