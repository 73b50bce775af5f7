/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hardening of the process, called first thing in main() and by nothing else (libkeyward never
 * calls it): no core file, not dumpable (ptrace, /proc/PID/mem), no new privileges, umask 077.
 */
#pragma once

#include "util/error.h"

int kw_process_harden(struct kw_error *err) KW_MUST_USE;
