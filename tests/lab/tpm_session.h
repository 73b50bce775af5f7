/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The authorization that HMAC sessions put under a response (TPM 2.0 Part 1, 19.6): computed anew
 * where the lab has changed the response. That is possible for sessions without a secret of their
 * own over objects without a password, which is what tools start by default.
 */
#pragma once

#include "util/bytes.h"

/* `changed` carries the sessions of `original` behind other parameters; where their HMACs followed
 * from an empty key, they are made to fit. `n_handles` are those of the command. */
void lab_session_repair(struct kw_bytes command, size_t n_handles, struct kw_bytes original,
			uint8_t *changed, size_t changed_len);
