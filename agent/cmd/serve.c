/* SPDX-License-Identifier: Apache-2.0 */
#include "server/serve.h"

#include "cmd/command.h"
#include "cmd/confine.h"
#include "cmd/termination.h"

struct args {
	const char *config, *termination_log;
	bool no_sandbox;
};
static const struct kw_flag flags[] = { KW_FLAG_CONFIG(struct args, config),
					KW_FLAG_TERMINATION_LOG(struct args, termination_log),
					KW_FLAG_NO_SANDBOX(struct args, no_sandbox),
					{ 0 } };

static int load(void *ctx, const struct kw_config *now, struct kw_config **ret,
		struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	const struct args *args = ctx;

	if (kw_config_load(args->config, &config, err) < 0
	    || kw_command_settled(now, config, err) < 0)
		return -1;
	*ret = KW_STEAL(config);
	return 0;
}

/* A pod that never became ready is stopped by its startup probe: its message says why. */
static void unready(void *ctx, const struct kw_error *why)
{
	const struct args *args = ctx;

	kw_termination_write(args->termination_log, why);
}

static int serve(struct args *args, struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	struct kw_serve_options options = {
		.clock = &kw_clock_system,
		.random = &kw_random_system,
		.load = load,
		.load_ctx = args,
		.unready = unready,
		.unready_ctx = args,
	};

	if (kw_command_prepare(KW_LONG_LIVED, args->config, &config, err) < 0
	    || kw_confine_pod(config, true, args->termination_log, NULL, args->no_sandbox,
			      &options.sandbox, err)
		       < 0)
		return -1;
	return kw_serve(config, &options, err);
}

static int run(int argc, char **argv, struct kw_error *err)
{
	struct args args = { 0 };

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0)
		return -1;
	if (serve(&args, err) == 0)
		return 0;
	kw_termination_write(args.termination_log, err);
	return -1;
}

const struct kw_command kw_cmd_serve = {
	.name = "serve",
	.summary = "release the configured keys, keep them fresh, serve them",
	.flags = flags,
	.run = run,
};
