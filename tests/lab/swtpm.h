/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TPM itself: an swtpm process with its state in D/swtpm, spoken to over a socket pair that
 * nobody else can reach. It ends with the lab, however that ends. One thread at a time.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { LAB_TPM_MAX = 4096, LAB_TPM_HEADER_SIZE = 10 };

void lab_swtpm_start(const char *dir);
/* Runs one command and gives the length of the response. */
size_t lab_swtpm_exchange(const uint8_t *command, size_t len, uint8_t ret[LAB_TPM_MAX]);
void lab_swtpm_stop(void);
