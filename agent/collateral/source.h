/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside collateral/: the places that collateral is taken from. What a source gives is parsed and
 * nothing more; fetch.c holds it against what is wanted, chain.c judges it. A source that has
 * nothing to say fails with COL_NONE.
 */
#pragma once

#include "collateral/fetch.h"

enum { KW_COLLATERAL_ANSWER_MAX = 64 << 10 };

struct kw_source_env {
	const struct kw_config *config;
	struct kw_http *http;
};

/* `wanted` may be NULL. */
typedef int kw_source_fn(const struct kw_source_env *env, const struct kw_collateral_wanted *wanted,
			 struct kw_collateral **ret, struct kw_error *err);

kw_source_fn kw_source_file, kw_source_security_context, kw_source_device; /* source_local.c */
kw_source_fn kw_source_thim, kw_source_kds, kw_source_azure_cache;	   /* source_remote.c */

const char *kw_source_name(enum kw_collateral_source source); /* as in the configuration */
/* The chip id is known: not absent, not masked. */
bool kw_wanted_has_chip(const struct kw_collateral_wanted *wanted);
