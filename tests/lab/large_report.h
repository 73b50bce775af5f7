/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of a report that does not fit into swtpm: ReadPublic and Read are answered here, for
 * password sessions.
 */
#pragma once

#include "tpm_command.h"

#include <stdbool.h>

/* False: not such a command, or the report is small enough. */
bool lab_large_report_answer(struct kw_bytes command, uint8_t ret[LAB_TPM_MAX], size_t *ret_len);
