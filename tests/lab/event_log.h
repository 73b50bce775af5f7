/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A measured boot: the events of a firmware and a boot loader as a crypto-agile log (TCG PC Client
 * Platform Firmware Profile, 10), and the digests that the TPM is given for them.
 */
#pragma once

#include "tpm_command.h"

#include <stdbool.h>

/* Writes the log and hands each event's digests to `extend` in the same order. */
void lab_event_log_boot(bool secure_boot,
			void (*extend)(uint32_t pcr, const struct lab_digests *digests),
			struct lab_out *ret);
/* All three digests of one piece of data. */
void lab_digests_of(const void *data, size_t len, struct lab_digests *ret);
