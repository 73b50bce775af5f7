/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward collateral`: fetch and judge the AMD collateral of this node, print it. */
#include "cmd/command.h"
#include "cmd/confine.h"
#include "cmd/handover.h"
#include "cmd/output.h"
#include "util/json.h"
#include "util/text.h"

enum { OUT_MODE = 0644 }; /* nothing here is secret */

enum form { FORM_JSON, FORM_PEM, FORM_DER }; /* the words of --format, in their order */

struct args {
	const char *config, *out, *directory;
	enum form form;
	bool quiet, no_sandbox;
};
static const struct kw_flag flags[] = {
	KW_FLAG_CONFIG(struct args, config),
	{ KW_CHOICE, 'o', "format", "json|pem|der", "pem: VCEK and chain; der: the VCEK",
	  offsetof(struct args, form), "json" },
	{ KW_OPTIONAL, 0, "out", "FILE", "write it there, not to standard output",
	  offsetof(struct args, out), NULL },
	{ KW_OPTIONAL, 0, "out-dir", "DIR", "write DIR/CHIP-ID.json, which collateral.file reads",
	  offsetof(struct args, directory), NULL },
	{ KW_SWITCH, 'q', "quiet", "", "leave out the list of checks", offsetof(struct args, quiet),
	  NULL },
	KW_FLAG_NO_SANDBOX(struct args, no_sandbox),
	{ 0 },
};

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

static int run(int argc, char **argv, struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	KW_CLEANUP(kw_service_freep) struct kw_service *service = NULL;
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	KW_CLEANUP(freep) char *in_directory = NULL;
	struct kw_checks checks = { 0 };
	struct args args = { 0 };
	int r;

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0)
		return -1;
	if (args.directory && (args.out || args.form != FORM_JSON))
		return kw_fail(err, KW_E_CFG_USAGE, "'--out-dir' is for JSON, and without '--out'");
	in_directory = args.directory ? kw_handover_path(args.directory) : NULL;
	if (kw_command_prepare(KW_ONE_SHOT, args.config, &config, err) < 0
	    || kw_confine_command(config, in_directory ? in_directory : args.out, args.no_sandbox,
				  err)
		       < 0
	    || kw_command_open_service(config, &service, err) < 0)
		return -1;
	r = kw_service_collateral(service, true, &collateral, &checks, err);
	if (!args.quiet)
		kw_checks_print(&checks, stderr); /* of a refusal too: that is when they are read */
	if (r < 0)
		return -1;
	if (args.directory)
		return kw_handover_write(args.directory, collateral, err);
	return write_form(collateral, args.form, args.out, err);
}

const struct kw_command kw_cmd_collateral = {
	.name = "collateral",
	.summary = "fetch and verify the AMD collateral of this node",
	.about = "The certificates that vouch for this node's processor are fetched from the "
		 "configured sources and verified up to AMD's root key; where the machine's own "
		 "report can be read, they must fit it. JSON has the members vcekCert, tcbm, "
		 "certificateChain and cacheControl, as Azure's THIM gives them, and is what "
		 "collateral.file reads again. The list of checks goes to standard error.",
	.flags = flags,
	.run = run,
};
