/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward release NAME`: one key, by the whole path, to standard output or a file. */
#include "cmd/command.h"
#include "cmd/output.h"
#include "service/service.h"
#include "util/json.h"
#include "util/memory.h"
#include "util/text.h"

#include <string.h>

enum { OUT_MODE = 0600 };

struct args {
	const char *config, *key, *format, *out;
	bool allow_disk, checks;
};
static const struct kw_flag flags[] = {
	{ KW_POSITIONAL, 0, "NAME", "", "the key, as the configuration names it",
	  offsetof(struct args, key), NULL },
	KW_FLAG_CONFIG(struct args, config),
	{ KW_OPTIONAL, 'o', "format", "FORMAT", "jwk, pem, der, raw, hex, base64 or json",
	  offsetof(struct args, format), "jwk" },
	{ KW_OPTIONAL, 0, "out", "FILE", "write it there, not to standard output",
	  offsetof(struct args, out), NULL },
	{ KW_SWITCH, 0, "allow-disk", "", "FILE may lie on a disk",
	  offsetof(struct args, allow_disk), NULL },
	{ KW_SWITCH, 0, "checks", "", "list on standard error what was checked",
	  offsetof(struct args, checks), NULL },
	{ 0 },
};

static const struct kw_config_key *find_key(const struct kw_config *config, const char *name,
					    struct kw_error *err)
{
	const struct kw_config_key *key = kw_config_key_find(config, name);
	const char **names, *near;

	if (key)
		return key;
	names = kw_alloc((config->n_keys + 1) * sizeof(*names));
	for (size_t i = 0; i < config->n_keys; i++)
		names[i] = config->keys[i].name;
	near = kw_text_nearest(name, names);
	(void)kw_fail(err, KW_E_CFG_UNKNOWN_KEY, "no key '%.64s' is configured%s%s%s", name,
		      near ? ", did you mean '" : "", near ? near : "", near ? "'?" : "");
	free(names);
	return NULL;
}

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

/* `json` is not a format of the key itself: it tells more than the key. */
struct form {
	bool json;
	enum kw_key_format format;
};

static int parse_form(const char *text, struct form *ret, struct kw_error *err)
{
	struct form form = { .json = strcmp(text, "json") == 0 };

	if (!form.json && !kw_key_format_parse(text, &form.format))
		return kw_fail(err, KW_E_CFG_USAGE,
			       "unknown format '%.32s', expected jwk, pem, der, raw, hex, base64 "
			       "or json",
			       text);
	*ret = form;
	return 0;
}

static int acquire(const struct kw_config *config, const struct kw_config_key *rule,
		   struct kw_checks *checks, struct kw_material **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_service_freep) struct kw_service *service = NULL;
	const struct kw_service_options options = {
		.config = config,
		.clock = &kw_clock_system,
		.random = &kw_random_system,
	};

	if (kw_service_open(&options, &service, err) < 0)
		return -1;
	return kw_acquire(service, rule, NULL, checks, ret, err);
}

/* The list is printed of a refusal too: that is when it is read. */
static int acquire_showing(const struct kw_config *config, const struct kw_config_key *rule,
			   bool show, struct kw_material **ret, struct kw_error *err)
{
	struct kw_checks checks = { 0 };
	int r = acquire(config, rule, &checks, ret, err);

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
	struct form form = { 0 };

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0
	    || parse_form(args.format, &form, err) < 0
	    || kw_command_prepare(KW_ONE_SHOT, args.config, &config, err) < 0)
		return -1;
	rule = find_key(config, args.key, err);
	if (!rule || acquire_showing(config, rule, args.checks, &material, err) < 0
	    || (form.json ? format_json(rule, material, &content, err)
			  : kw_material_format(material, form.format, &content, err))
		       < 0)
		return -1;
	output.file = args.out;
	output.allow_disk = args.allow_disk;
	output.is_text =
		form.json || (form.format != KW_FORMAT_DER && form.format != KW_FORMAT_RAW);
	return kw_output_write(&output, kw_secret_bytes(&content), err);
}

const struct kw_command kw_cmd_release = {
	.name = "release",
	.summary = "one key to standard output or a file",
	.flags = flags,
	.run = run,
};
