/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one request that the lab itself makes: the vault fetches an authority's documents. TLS with
 * the lab's CA, which stands for the publicly trusted root that the real vault demands; loopback
 * only, whatever the name resolves to.
 */
#pragma once

#include "util/bytes.h"

#include <stdbool.h>
#include <stddef.h>

/* GET of an https URL; true for a 200 whose body is in `ret`. Otherwise `why` says what failed. */
bool lab_https_get(const char *url, struct kw_blob *ret, char *why, size_t why_size);
