/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The swtpm control channel (tpm_ioctl.h of swtpm), as far as a guest may use it: nothing that it
 * asks for changes the machine.
 */
#pragma once

#include "util/bytes.h"

#include <sys/types.h>

enum { LAB_CONTROL_ANSWER_MAX = 16 };

struct lab_control {
	size_t taken; /* bytes of the request; 0: it is not complete yet */
	bool known;   /* false: what follows cannot be read */
	bool tcti;    /* what the swtpm TCTI sends when it starts */
	uint8_t answer[LAB_CONTROL_ANSWER_MAX];
	size_t answer_len;
};
struct lab_control lab_control_answer(struct kw_bytes request);
