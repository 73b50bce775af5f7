/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's allocator: what is freed is wiped first, because libraries keep copies of keys and
 * tokens in memory of their own. For the program alone; libkeyward changes nothing in its host.
 */
#pragma once

#include "util/error.h"

/* Hands OpenSSL, libcurl and cJSON the wiping functions, and keeps OpenSSL from its configuration
 * file. Call it before anything else uses them; single-threaded. SEC_HARDEN. */
int kw_alloc_hooks(struct kw_error *err) KW_MUST_USE;
