/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands and public areas with something changed on their way: what a relay between guest and TPM
 * could do. Attestations are bent in tpm_answer.c.
 */
#pragma once

#include "tpm_command.h"

/* Applies the tamper faults that are due to a command before the TPM sees it, in place: the field
 * that was bent, or NULL. Only commands authorized with passwords stay valid. */
const char *lab_command_bend(uint8_t *command, size_t len);

/* Applies those that are due to the public area in a successful response, whose name is made to
 * fit: the field that was bent, or NULL. */
const char *lab_public_bend(struct kw_bytes command, uint8_t *response, size_t len);
