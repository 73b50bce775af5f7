/* SPDX-License-Identifier: Apache-2.0 */
/* Giving up capabilities, before the first thread: all of them, or for the node helper all but
 * those that it works with. */
#pragma once

#include "util/error.h"

#include <stdint.h>

/* Bits, as the kernel numbers them. */
#define KW_CAPABILITY_CHOWN (UINT64_C(1) << 0)
#define KW_CAPABILITY_DAC_OVERRIDE (UINT64_C(1) << 1)
#define KW_CAPABILITY_DAC_READ_SEARCH (UINT64_C(1) << 2)
#define KW_CAPABILITY_FOWNER (UINT64_C(1) << 3)
#define KW_CAPABILITY_MKNOD (UINT64_C(1) << 27)

/* Effective and permitted keep those of `kept` that are there; ambient and inheritable none; the
 * bounding set those of `kept`, where this process may change it. SEC_SANDBOX. */
int kw_capabilities_keep(uint64_t kept, struct kw_error *err) KW_MUST_USE;
