/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM responses of the lab's own making, and responses of the TPM with something changed.
 */
#pragma once

#include "tpm_command.h"

void lab_answer_begin(struct lab_out *out, uint16_t tag, uint32_t rc);
/* What a response says of a password session. */
void lab_answer_password_session(struct lab_out *out);
/* Gives the length. */
size_t lab_answer_end(struct lab_out *out, uint8_t ret[LAB_TPM_MAX]);
size_t lab_answer_error(uint32_t rc, uint8_t ret[LAB_TPM_MAX]);

/* Applies the tamper faults that are due to a successful response to that command: the new length.
 * `ret_what` is the field that was bent, or NULL. */
size_t lab_answer_bend(struct kw_bytes command, uint8_t response[LAB_TPM_MAX], size_t len,
		       const char **ret_what);
