/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where identity.c gets tokens from: managed identity (key release 3.2) and workload identity
 * (3.3). Both are sources for the token cache; `ctx` is a struct kw_token_order.
 */
#pragma once

#include "azure/token_cache.h"
#include "config/config.h"
#include "http/client.h"

struct kw_token_order {
	const struct kw_config *config;
	const struct kw_config_identity *identity;
	const char *audience;
	struct kw_http *http;
	const struct kw_clock *clock;
	int64_t started_ms; /* boot clock: when this process began to ask for tokens */
};

enum { KW_TOKEN_ANSWER_MAX = 64 * 1024 };

int kw_managed_token(void *ctx, struct kw_fetched_token *ret, struct kw_error *err) KW_MUST_USE;
int kw_workload_token(void *ctx, struct kw_fetched_token *ret, struct kw_error *err) KW_MUST_USE;

/* The variable or setting that names the application of a workload identity, or NULL. */
const char *kw_workload_client_id(const struct kw_config_identity *identity);

/* A 200: access_token, and how long it lives by expires_on or expires_in (strings from IMDS,
 * numbers from Entra). IDN_ANSWER. */
int kw_token_answer_read(const struct kw_http_answer *answer, int64_t wall_s,
			 struct kw_fetched_token *ret, struct kw_error *err) KW_MUST_USE;
