/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access tokens (spec: key release 3): managed identity through IMDS, workload identity through
 * Entra, a token file. The kind is chosen once by presence, never by failure. Tokens are cached by
 * (kind, identity, audience) for their true lifetime, fetched in single flight, and live in the
 * arena. Thread-safe.
 */
#pragma once

#include "config/config.h"
#include "http/client.h"

struct kw_identities;
struct kw_identities *kw_identities_new(const struct kw_config *config, struct kw_http *http,
					const struct kw_clock *clock);
void kw_identities_free(struct kw_identities *identities);
KW_DEFINE_FREEP(struct kw_identities, kw_identities_free);

/* "managed identity (client id 1111...)": for the log; names the kind that `identity` resolves to.
 */
void kw_identity_describe(const struct kw_config_identity *identity, char *ret, size_t size);

/* A token for `audience` (no trailing slash). `fresh`: the last one was refused (401); fetch anew.
 * IDN_* */
int kw_identity_token(struct kw_identities *identities, const struct kw_config_identity *identity,
		      const char *audience, bool fresh, struct kw_secret *ret,
		      struct kw_error *err) KW_MUST_USE;
