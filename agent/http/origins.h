/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The origins that the configuration lists, each with the upstreams it is listed for: a vault's
 * origin is no place for an attestation request, and IMDS none for a key set. Compared exactly,
 * nothing by suffix or grammar. Immutable after kw_origins_new(), so it needs no lock.
 */
#pragma once

#include "http/client.h"
#include "util/origin.h"

struct kw_allowed_origin {
	struct kw_origin origin;
	unsigned upstreams; /* a bit per enum kw_upstream */
};

struct kw_origins {
	struct kw_allowed_origin *rows;
	size_t n_rows;
};

/* CFG_VALUE: an endpoint is no http or https URL. */
int kw_origins_new(const struct kw_config *config, struct kw_origins *ret,
		   struct kw_error *err) KW_MUST_USE;
/* One origin, for one upstream. CFG_VALUE. */
int kw_origins_one(enum kw_upstream upstream, const char *url, struct kw_origins *ret,
		   struct kw_error *err) KW_MUST_USE;
void kw_origins_clear(struct kw_origins *origins);

/* The row of `url` for `upstream`; `ret_rest` is what follows the authority. CFG_ORIGIN if there is
 * none. */
int kw_origins_find(const struct kw_origins *origins, enum kw_upstream upstream, const char *url,
		    size_t *ret_row, const char **ret_rest, struct kw_error *err) KW_MUST_USE;
