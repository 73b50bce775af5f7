/* SPDX-License-Identifier: Apache-2.0 */
/* `keyward init`: an init container. Every key once, its files, then the end. */
#include "cmd/command.h"
#include "cmd/confine.h"
#include "cmd/handover.h"
#include "cmd/termination.h"
#include "service/once.h"
#include "service/service.h"
#include "util/log.h"

struct args {
	const char *config, *termination_log, *handover;
	bool no_sandbox;
};
static const struct kw_flag flags[] = { KW_FLAG_CONFIG(struct args, config),
					KW_FLAG_TERMINATION_LOG(struct args, termination_log),
					{ KW_OPTIONAL, 0, "handover", "DIR",
					  "leave the collateral there, for the sidecar's "
					  "collateral.file",
					  offsetof(struct args, handover), NULL },
					KW_FLAG_NO_SANDBOX(struct args, no_sandbox),
					{ 0 } };

static int acquire(void *ctx, const struct kw_config_key *rule, struct kw_material **ret,
		   struct kw_error *err)
{
	return kw_acquire(ctx, rule, NULL, NULL, ret, err);
}

/* What was verified a moment ago: the sidecar need not ask for it again. */
static int hand_over(struct kw_service *service, const char *directory, struct kw_error *err)
{
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;
	struct kw_checks checks = { 0 };

	if (directory == NULL)
		return 0;
	if (kw_service_collateral(service, false, &collateral, &checks, err) < 0
	    || kw_handover_write(directory, collateral, err) < 0)
		return kw_wrap(err, "handing over");
	kw_log(KW_LOG_INFO, "handed over", NULL, "collateral to '%s'", directory);
	return 0;
}

static int release_keys(const struct args *args, int64_t begun_ms, struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = NULL;
	KW_CLEANUP(kw_service_freep) struct kw_service *service = NULL;
	KW_CLEANUP(freep)
	char *out = args->handover ? kw_handover_path(args->handover) : NULL;
	struct kw_sandbox_state sandbox;
	struct kw_service_options options = { .clock = &kw_clock_system,
					      .random = &kw_random_system,
					      .one_of_many = true };
	struct kw_once once = { .clock = &kw_clock_system,
				.random = &kw_random_system,
				.acquire = acquire };

	if (kw_command_prepare(KW_LONG_LIVED, args->config, &config, err) < 0
	    || kw_confine_pod(config, false, args->termination_log, out, args->no_sandbox, &sandbox,
			      err)
		       < 0)
		return -1;
	options.config = once.config = config;
	options.end_by_ms = once.end_ms = begun_ms + config->init.deadline_ms;
	if (kw_service_open(&options, &service, err) < 0)
		return -1;
	once.ctx = service;
	return kw_once_run(&once, err) < 0 ? -1 : hand_over(service, args->handover, err);
}

static int run(int argc, char **argv, struct kw_error *err)
{
	int64_t begun_ms = kw_boot_ms(&kw_clock_system);
	struct args args = { 0 };

	if (kw_flags_parse(flags, argc, argv, &args, err) < 0)
		return -1;
	if (release_keys(&args, begun_ms, err) == 0)
		return 0;
	kw_termination_write(args.termination_log, err);
	return -1;
}

const struct kw_command kw_cmd_init = {
	.name = "init",
	.summary = "release the required keys once, write their files, end",
	.about = "For an init container. It tries until init.deadline; the log says what it waits "
		 "for. If it fails, the error's id is on standard error and in the termination "
		 "message. With --handover the verified collateral is left as a file for the "
		 "sidecar that starts next, so that the node's service is asked once.",
	.flags = flags,
	.run = run,
};
