/* SPDX-License-Identifier: Apache-2.0 */
#include "node/node.h"

#include "cmd/command.h"
#include "cmd/termination.h"

struct args {
	const char *config, *termination_log;
};
static const struct kw_flag flags[] = { KW_FLAG_CONFIG(struct args, config),
					KW_FLAG_TERMINATION_LOG(struct args, termination_log),
					{ 0 } };

static int help_pods(const char *path, struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	static const struct kw_node_options options = {
		.clock = &kw_clock_system,
		.random = &kw_random_system,
	};

	if (kw_command_prepare(KW_LONG_LIVED, path, &config, err) < 0)
		return -1;
	return kw_node_run(config, &options, err);
}

static int run(int argc, char **argv, struct kw_error *err)
{
	struct args args = { 0 };

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0)
		return -1;
	if (help_pods(args.config, err) == 0)
		return 0;
	kw_termination_write(args.termination_log, err);
	return -1;
}

const struct kw_command kw_cmd_node = {
	.name = "node",
	.summary = "node helper: the TPM device, event log and collateral for pods",
	.flags = flags,
	.run = run,
};
