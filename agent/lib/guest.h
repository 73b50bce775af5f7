/* SPDX-License-Identifier: Apache-2.0 */
/* The published numbers: which of our errors is which. Included by lib/ alone. */
#pragma once

#include "util/error.h"

#include <keyward/guest_attestation.h>

enum kw_guest_call { KW_GUEST_ATTEST, KW_GUEST_ENCRYPT, KW_GUEST_DECRYPT };

enum keyward_guest_code kw_guest_code(const struct kw_error *err, enum kw_guest_call call);

/* Fill `result` (NULL: not wanted) and return its code. */
int kw_guest_succeed(struct keyward_guest_result *result);
int kw_guest_fail(const struct kw_error *err, enum kw_guest_call call,
		  struct keyward_guest_result *result);
int kw_guest_refuse(enum keyward_guest_code code, const char *what,
		    struct keyward_guest_result *result);
