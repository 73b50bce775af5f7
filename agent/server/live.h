/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A live release with a caller's own access token (compat contract): work for the one request that
 * waits for it, whose result never goes near the store.
 */
#pragma once

#include "server/work.h"

/* False: busy. Takes the bearer. */
bool kw_live_start(struct kw_request *request, const struct kw_config_key *rule,
		   struct kw_secret *bearer) KW_MUST_USE;
/* After the work has ended: 0 with the material (borrowed), or -1 with the error. */
int kw_live_result(const struct kw_request *request, struct kw_material **ret,
		   struct kw_error *err) KW_MUST_USE;
/* Whose key was asked for. */
const char *kw_live_key(const struct kw_request *request);
