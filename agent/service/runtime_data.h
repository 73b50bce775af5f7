/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What callers want attested. An attestation service turns JSON runtime data into claims, and a
 * vault wraps keys for the `keys` among them: a report or token over a caller's own `keys` would
 * let it release keys past every rule. Pure.
 */
#pragma once

#include "util/bytes.h"

/*
 * False only if no reader of JSON, however lenient and in whatever encoding, can find a member
 * `keys` at the top: strict JSON without one, or bytes that hold no object or do not spell the
 * name.
 */
bool kw_runtime_data_may_carry_keys(struct kw_bytes data);
