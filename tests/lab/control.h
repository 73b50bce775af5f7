/* SPDX-License-Identifier: Apache-2.0 */
/*
 * D/control: the Unix socket through which `fault` and `key` reach a running lab. One JSON object
 * on one line each way: {"command", ...} and {"ok", "text"}.
 */
#pragma once

#include "util/json.h"

/* In `up`: answers until the stop. */
void lab_control_start(const char *dir);
void lab_control_stop(void);
/* Whether a lab answers at D. */
bool lab_control_alive(const char *dir);
/* Sends a request (taken), prints the answer's text; gives the exit status. */
int lab_control_ask(const char *dir, struct kw_json *request);
