/* SPDX-License-Identifier: Apache-2.0 */
#include "config/identity.h"

#include "util/text.h"

#include <stdlib.h>
#include <string.h>

const char *kw_config_environment(const char *name)
{
	const char *value = secure_getenv(name);
	return value != NULL && *value != '\0' ? value : NULL;
}

static bool is_workload(void)
{
	return kw_config_environment("AZURE_CLIENT_ID") != NULL
	       && kw_config_environment("AZURE_TENANT_ID") != NULL
	       && kw_config_environment("AZURE_FEDERATED_TOKEN_FILE") != NULL;
}

enum kw_identity_provider kw_config_identity_kind(const struct kw_config_identity *identity)
{
	if (identity->provider != KW_IDENTITY_AUTO)
		return identity->provider;
	if (is_workload())
		return KW_IDENTITY_WORKLOAD;
	return *identity->token_file != '\0' ? KW_IDENTITY_TOKEN_FILE : KW_IDENTITY_MANAGED;
}

char *kw_config_identity_authority(const struct kw_config *config,
				   const struct kw_config_identity *identity)
{
	const char *from_webhook = kw_config_environment("AZURE_AUTHORITY_HOST");
	const char *authority = from_webhook;
	if (*identity->authority != '\0' || from_webhook == NULL)
		authority = kw_config_authority(config, identity);
	if (authority == NULL)
		return NULL;

	char *ret = kw_strdup(authority);
	for (size_t len = strlen(ret); len > 0 && ret[len - 1] == '/'; len--)
		ret[len - 1] = '\0';
	return ret;
}
