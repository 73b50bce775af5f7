/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TPM command relay: commands on port P, the swtpm control channel on P+1. One thread serves
 * all clients and owns the TPM, so that commands interleave whole, as in the kernel.
 */
#pragma once

#include <stddef.h>

/* Binds to ADDRESS:PORT (0: any free pair); `address` becomes what was bound. The calling thread
 * gives up the TPM. */
void lab_relay_start(char *address, size_t size);
/* Gives it back. */
void lab_relay_stop(void);
