/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program under the names of Microsoft's sidecar, /skr.sh and /bin/skr: `serve` with what the
 * sidecar's variables and flags can say laid over the configuration file. Origins, keys and who may
 * have them come from the file alone; without a file no key is served.
 */
#pragma once

#include "util/error.h"

/* `argv0` (NULL allowed) ends in "skr.sh" or "skr". */
bool kw_skr_is(const char *argv0);
/* The exit status, or -1 with `err`. */
int kw_skr_run(int argc, char **argv, struct kw_error *err) KW_MUST_USE;
