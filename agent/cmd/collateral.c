/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward collateral`: fetch and judge the AMD collateral of this node, print it. */
#include "cmd/command.h"
#include "cmd/output.h"
#include "service/service.h"
#include "util/json.h"
#include "util/text.h"

#include <string.h>

enum { OUT_MODE = 0644 }; /* nothing here is secret */

struct args {
	const char *config, *format, *out;
	bool quiet;
};
static const struct kw_flag flags[] = {
	KW_FLAG_CONFIG(struct args, config),
	{ KW_OPTIONAL, 'o', "format", "FORMAT", "json, pem (VCEK and chain) or der (VCEK)",
	  offsetof(struct args, format), "json" },
	{ KW_OPTIONAL, 0, "out", "FILE", "write it there, not to standard output",
	  offsetof(struct args, out), NULL },
	{ KW_SWITCH, 'q', "quiet", "", "leave out the list of checks", offsetof(struct args, quiet),
	  NULL },
	{ 0 },
};

enum form { FORM_JSON, FORM_PEM, FORM_DER };

static int parse_form(const char *text, enum form *ret, struct kw_error *err)
{
	static const char *const words[] = { "json", "pem", "der" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(text, words[i]) != 0)
			continue;
		*ret = (enum form)i;
		return 0;
	}
	return kw_fail(err, KW_E_CFG_USAGE, "unknown format '%.32s', expected json, pem or der",
		       text);
}

static int write_form(const struct kw_collateral *collateral, enum form form, const char *file,
		      struct kw_error *err)
{
	const struct kw_output output = {
		.file = file,
		.mode = OUT_MODE,
		.allow_disk = true,
		.is_text = form != FORM_DER,
	};
	KW_CLEANUP(kw_json_freep) struct kw_json *json = NULL;
	KW_CLEANUP(freep) char *text = NULL;

	switch (form) {
	case FORM_JSON:
		json = kw_collateral_json(collateral);
		text = kw_json_print(json);
		break;
	case FORM_PEM:
		text = kw_format("%s%s", collateral->vcek_pem, collateral->chain_pem);
		break;
	case FORM_DER:
		return kw_output_write(&output, kw_blob_bytes(&collateral->vcek), err);
	}
	return kw_output_write(&output, kw_bytes_text(text), err);
}

static int fetch(const struct kw_config *config, struct kw_collateral **ret,
		 struct kw_checks *checks, struct kw_error *err)
{
	KW_CLEANUP(kw_service_freep) struct kw_service *service = NULL;
	const struct kw_service_options options = {
		.config = config,
		.clock = &kw_clock_system,
		.random = &kw_random_system,
	};

	if (kw_service_open(&options, &service, err) < 0)
		return -1;
	return kw_service_collateral(service, ret, checks, err);
}

static int run(int argc, char **argv, struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	struct kw_checks checks = { 0 };
	struct args args = { 0 };
	enum form form = FORM_JSON;
	int r;

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0
	    || parse_form(args.format, &form, err) < 0
	    || kw_command_prepare(KW_ONE_SHOT, args.config, &config, err) < 0)
		return -1;
	r = fetch(config, &collateral, &checks, err);
	if (!args.quiet)
		kw_checks_print(&checks, stderr); /* of a refusal too: that is when they are read */
	if (r < 0)
		return -1;
	return write_form(collateral, form, args.out, err);
}

const struct kw_command kw_cmd_collateral = {
	.name = "collateral",
	.summary = "fetch and verify the AMD collateral of this node",
	.flags = flags,
	.run = run,
};
