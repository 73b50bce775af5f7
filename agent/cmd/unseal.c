/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward unseal NAME`: one secret of the configuration, with its key released by the whole path.
 */
#include "cmd/command.h"
#include "cmd/confine.h"
#include "cmd/output.h"
#include "jose/jwe.h"
#include "service/sealed.h"
#include "util/file.h"

#include <string.h>

enum { OUT_MODE = 0600 };

struct args {
	const char *config, *name, *in, *out;
	bool allow_disk, no_sandbox;
};
static const struct kw_flag flags[] = {
	{ KW_POSITIONAL, 0, "NAME", "", "the secret, as `secrets` names it",
	  offsetof(struct args, name), NULL },
	KW_FLAG_CONFIG(struct args, config),
	{ KW_OPTIONAL, 0, "in", "FILE", "the JWE, if it is not at the secret's `source`",
	  offsetof(struct args, in), NULL },
	{ KW_OPTIONAL, 0, "out", "FILE", "write it there, not to standard output",
	  offsetof(struct args, out), NULL },
	{ KW_SWITCH, 0, "allow-disk", "", "FILE may lie on a disk",
	  offsetof(struct args, allow_disk), NULL },
	KW_FLAG_NO_SANDBOX(struct args, no_sandbox),
	{ 0 },
};

static int find(const struct kw_config *config, const char *name, struct kw_config_secret *ret,
		struct kw_error *err)
{
	for (size_t i = 0; i < config->n_secrets; i++)
		if (strcmp(config->secrets[i].name, name) == 0) {
			*ret = config->secrets[i];
			return 0;
		}
	return kw_fail(err, KW_E_CFG_UNKNOWN_KEY, "no secret '%.64s' is configured", name);
}

static int open_sealed(const struct kw_config *config, const struct kw_config_secret *secret,
		       struct kw_bytes text, struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_service_freep) struct kw_service *service = NULL;
	KW_CLEANUP(kw_material_unrefp) struct kw_material *material = NULL;
	const struct kw_config_key *rule = kw_config_key_find(config, secret->key);

	if (kw_command_open_service(config, &service, err) < 0
	    || kw_acquire(service, rule, NULL, NULL, &material, err) < 0)
		return -1;
	return kw_sealed_open(secret, rule, text, material, ret, err);
}

/* The file is read before the sandbox: it may lie where the configuration says nothing of. */
static int run(int argc, char **argv, struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	KW_CLEANUP(kw_secret_clear) struct kw_secret plain = { 0 };
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };
	struct kw_output output = { .mode = OUT_MODE };
	struct kw_config_secret secret = { 0 }; /* borrowed */
	struct args args = { 0 };

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0
	    || kw_command_prepare(KW_ONE_SHOT, args.config, &config, err) < 0
	    || find(config, args.name, &secret, err) < 0
	    || kw_file_read(args.in != NULL ? args.in : secret.source, KW_JWE_TEXT_MAX,
			    KW_E_SYS_FILE, &text, err)
		       < 0
	    || kw_confine_command(config, args.out, args.no_sandbox, err) < 0
	    || open_sealed(config, &secret, kw_blob_bytes(&text), &plain, err) < 0)
		return -1;
	output.file = args.out;
	output.allow_disk = args.allow_disk;
	return kw_output_write(&output, kw_secret_bytes(&plain), err);
}

const struct kw_command kw_cmd_unseal = {
	.name = "unseal",
	.summary = "decrypt a sealed secret with the released key",
	.about = "The machine is attested and the secret's key released as `release` does it; then "
		 "the JWE "
		 "is opened. Its protected header must name this secret and this key.",
	.flags = flags,
	.run = run,
};
