/* SPDX-License-Identifier: Apache-2.0 */
/* From a verified release answer and its unwrapped bytes to material, and from material to formats.
 */
#pragma once

#include "azure/vault.h"
#include "keys/material.h"

/*
 * Takes `plain` (empties it). The public half of the answer is compared with the one derived from
 * the private key (key release 4.7): different is UNW_PUBLIC_HALF; absent is "not possible" for EC
 * unless `strict`, and always UNW_PUBLIC_MISSING for RSA.
 */
int kw_material_from_answer(const struct kw_release_answer *answer, struct kw_secret *plain,
			    bool strict, struct kw_checks *checks, struct kw_material **ret,
			    struct kw_error *err) KW_MUST_USE;
