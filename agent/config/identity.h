/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the environment adds to an identity of the configuration. The workload identity webhook
 * tells a pod who it is by variables, so which kind `auto` means, and which Entra authority is
 * asked, follow from both. The outbound client (allowed origins) and the identities need the same
 * answer, so it is given once, here. Reads the environment, changes nothing.
 */
#pragma once

#include "config/config.h"

/* Never AUTO. By presence, never by failure: workload identity if its three variables are set, else
 * a token file if one is configured, else managed identity. */
enum kw_identity_provider kw_config_identity_kind(const struct kw_config_identity *identity);

/* The variable's value, or NULL if it is not set or empty. */
const char *kw_config_environment(const char *name);

/* The Entra authority of a workload identity, without trailing slash: identity.authority, else
 * AZURE_AUTHORITY_HOST, else the cloud's. Owned; NULL: not known. */
char *kw_config_identity_authority(const struct kw_config *config,
				   const struct kw_config_identity *identity);
