/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A live release with a caller's own access token (compat contract): a job of its own, whose result
 * goes to the one request that waits for it and never near the store.
 */
#pragma once

#include "server/server.h"

/* Starts the job and suspends the request; the handler is called again when it has ended. False:
 * busy. */
bool kw_live_start(struct kw_request *request, const struct kw_config_key *rule,
		   struct kw_secret *bearer) KW_MUST_USE; /* takes the bearer */
/* After the job: 0 with the material (borrowed), or -1 with the error. */
int kw_live_result(const struct kw_request *request, struct kw_material **ret,
		   struct kw_error *err) KW_MUST_USE;
bool kw_live_has_ended(const struct kw_request *request);
/* The connection is gone: the job goes on and its result is dropped. */
void kw_live_abandon(struct kw_request *request);
