/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest meets in place of the bare TPM: its command goes to swtpm unless a fault or a report
 * of ours comes first, and the answer comes back as the faults want it. One thread: the one that
 * owns the TPM.
 */
#pragma once

#include "leftovers.h"
#include "swtpm.h"

/* Runs one whole command of a client and gives the length of the response. */
size_t lab_front_run(const struct lab_client *client, struct kw_bytes command,
		     uint8_t ret[LAB_TPM_MAX]);
