/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward release NAME`: one key, by the whole path, to standard output or a file. */
#include "cmd/command.h"
#include "cmd/confine.h"
#include "cmd/output.h"
#include "util/json.h"
#include "util/text.h"

#include <string.h>

enum { OUT_MODE = 0600 };

/* The words of --format, in their order; json is not a format of the key itself: it tells more. */
#define FORMATS "jwk|pem|der|raw|hex|base64|json"
enum { FORMAT_JSON = KW_FORMAT_BASE64 + 1 };

struct args {
	const char *config, *key, *out;
	int format;
	bool allow_disk, checks, no_sandbox;
};
static const struct kw_flag flags[] = {
	{ KW_POSITIONAL, 0, "NAME", "", "the key, as the configuration names it",
	  offsetof(struct args, key), NULL },
	KW_FLAG_CONFIG(struct args, config),
	{ KW_CHOICE, 'o', "format", FORMATS, "raw is for oct keys, pem and der for RSA and EC",
	  offsetof(struct args, format), "jwk" },
	{ KW_OPTIONAL, 0, "out", "FILE", "write it there, not to standard output",
	  offsetof(struct args, out), NULL },
	{ KW_SWITCH, 0, "allow-disk", "", "FILE may lie on a disk",
	  offsetof(struct args, allow_disk), NULL },
	{ KW_SWITCH, 0, "checks", "", "list on standard error what was checked",
	  offsetof(struct args, checks), NULL },
	KW_FLAG_NO_SANDBOX(struct args, no_sandbox),
	{ 0 },
};

/* What is known of the key, and the key itself as JWK. */
static int format_json(const struct kw_config_key *rule, const struct kw_material *material,
		       struct kw_secret *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_json_freep) struct kw_json *about = kw_json_new_object();
	KW_CLEANUP(kw_secret_clear) struct kw_secret jwk = { 0 };
	KW_CLEANUP(freep) char *text = NULL;
	char expiry[KW_TIME_TEXT_SIZE];

	if (kw_material_format(material, KW_FORMAT_JWK, &jwk, err) < 0)
		return -1;
	if (material->expires_s)
		kw_time_text(material->expires_s, expiry);
	kw_json_add_string(about, "name", rule->name);
	kw_json_add_string(about, "version", material->version);
	kw_json_add_string(about, "kid", material->kid);
	kw_json_add_string(about, "expiry", material->expires_s ? expiry : NULL);
	text = kw_json_print(about);
	text[strlen(text) - 1] = '\0'; /* the key goes before the closing brace */
	const struct kw_bytes parts[] = { kw_bytes_text(text), kw_bytes_text(",\"key\":"),
					  kw_secret_bytes(&jwk), kw_bytes_text("}") };
	return kw_secret_join(parts, sizeof(parts) / sizeof(parts[0]), ret, err);
}

/* The list is printed of a refusal too: that is when it is read. */
static int acquire_showing(const struct kw_config *config, const struct kw_config_key *rule,
			   bool show, struct kw_material **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_service_freep) struct kw_service *service = NULL;
	struct kw_checks checks = { 0 };
	int r;

	if (kw_command_open_service(config, &service, err) < 0)
		return -1;
	r = kw_acquire(service, rule, NULL, &checks, ret, err);
	if (show)
		kw_checks_print(&checks, stderr);
	return r;
}

static int run(int argc, char **argv, struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	KW_CLEANUP(kw_material_unrefp) struct kw_material *material = NULL;
	KW_CLEANUP(kw_secret_clear) struct kw_secret content = { 0 };
	const struct kw_config_key *rule;
	struct kw_output output = { .mode = OUT_MODE };
	struct args args = { 0 };
	bool json;

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0
	    || kw_command_prepare(KW_ONE_SHOT, args.config, &config, err) < 0
	    || kw_confine_command(config, args.out, args.no_sandbox, err) < 0)
		return -1;
	rule = kw_command_key(config, args.key, err);
	json = args.format == FORMAT_JSON;
	if (!rule || acquire_showing(config, rule, args.checks, &material, err) < 0
	    || (json ? format_json(rule, material, &content, err)
		     : kw_material_format(material, (enum kw_key_format)args.format, &content, err))
		       < 0)
		return -1;
	output.file = args.out;
	output.allow_disk = args.allow_disk;
	output.is_text = args.format != KW_FORMAT_DER && args.format != KW_FORMAT_RAW;
	return kw_output_write(&output, kw_secret_bytes(&content), err);
}

const struct kw_command kw_cmd_release = {
	.name = "release",
	.summary = "one key to standard output or a file",
	.about = "One key of the configuration is released by the whole path: evidence, "
		 "attestation, Key Vault, verification of its answer, unwrapping. The result is "
		 "the key itself: mind where it goes.",
	.flags = flags,
	.run = run,
};
