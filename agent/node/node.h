/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `keyward node`: one per confidential node, the only privileged part. Hands the TPM device to pods
 * (device.h, plugin.h, kubelet.h) and publishes event log and collateral (publish.h). One event
 * thread, which never waits for an upstream or the TPM, and one worker that does. It reads nothing
 * of pods and holds neither key nor identity.
 */
#pragma once

#include "config/config.h"
#include "util/clock.h"

struct kw_node_options {
	const struct kw_clock *clock;
	const struct kw_random *random;
};

/* Until SIGTERM or SIGINT. The configuration's collateral sources are narrowed to remote ones. */
int kw_node_run(struct kw_config *config, const struct kw_node_options *options,
		struct kw_error *err) KW_MUST_USE;
