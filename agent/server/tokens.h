/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bearer tokens that callers on TCP present (server.tokens): made at start when their file is
 * missing, 32 random bytes as base64url, compared in constant time. They live in the arena.
 */
#pragma once

#include "config/config.h"
#include "util/clock.h"
#include "util/secret.h"

struct kw_tokens;
int kw_tokens_open(const struct kw_config *config, const struct kw_random *random,
		   struct kw_tokens **ret, struct kw_error *err) KW_MUST_USE;
void kw_tokens_free(struct kw_tokens *tokens);
KW_DEFINE_FREEP(struct kw_tokens, kw_tokens_free);
/* The configured name of the token, or NULL. Looks at every token whatever it finds. */
const char *kw_tokens_name(const struct kw_tokens *tokens, struct kw_bytes presented);
