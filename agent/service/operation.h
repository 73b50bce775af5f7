/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Using a released key without giving it away: decrypt, sign, unwrap. The operation and the
 * material are the caller's; running one takes milliseconds and may be done on any thread.
 */
#pragma once

#include "jose/algorithm.h"
#include "keys/material.h"

struct kw_operation {
	enum kw_use use;
	const struct kw_algorithm *alg;
	struct kw_blob value;
	struct kw_blob iv, aad, tag; /* AES-GCM alone */
};
void kw_operation_clear(struct kw_operation *operation);

/*
 * SRV_KEY_OPS: the vault's key_ops are there and do not name the use. SRV_ALGORITHM: it does not
 * fit the key. SRV_OPEN: the value does not decrypt or unwrap, for whatever reason.
 */
int kw_operation_run(const struct kw_operation *operation, const struct kw_material *material,
		     struct kw_secret *ret, struct kw_error *err) KW_MUST_USE;
