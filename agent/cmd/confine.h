/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which sandbox a configuration needs: every file, directory and port that it names, and what the
 * libraries read (CA roots, resolver). Once the program has entered it, a configuration that needs
 * more is refused at reload.
 */
#pragma once

#include "config/config.h"
#include "sandbox/sandbox.h"

/* Into a zeroed sandbox, or one that has rules of the command's own. Reads the environment that
 * identities read. Listening ports only if `serves`. */
void kw_confine_plan(const struct kw_config *config, bool serves, struct kw_sandbox *sandbox);
/* Plans it and enters it, and says so in the log. `off`: --no-sandbox, which the log says louder.
 * For the containers of a pod (serve, init): no capability is left. `out` (NULL: none) is a file
 * that they write beside those of the configuration. */
int kw_confine_pod(const struct kw_config *config, bool serves, const char *termination_log,
		   const char *out, bool off, struct kw_sandbox_state *ret,
		   struct kw_error *err) KW_MUST_USE;
/* CFG_RESTART: `next` needs a path or port that `now` does not. For serve. */
int kw_confine_covers(const struct kw_config *now, const struct kw_config *next,
		      struct kw_error *err) KW_MUST_USE;
/* For a command that ends with its result; `out` (NULL: none) is a file that it writes. */
int kw_confine_command(const struct kw_config *config, const char *out, bool off,
		       struct kw_error *err) KW_MUST_USE;
