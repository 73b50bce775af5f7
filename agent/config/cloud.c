/* SPDX-License-Identifier: Apache-2.0 */
#include "config/cloud.h"

#include <string.h>

/* Audiences are "https://" and the suffix without its first dot. */
static const struct {
	const char *vault, *managed_hsm, *attestation, *authority;
} clouds[] = {
	[KW_CLOUD_PUBLIC] = { "https://vault.azure.net", "https://managedhsm.azure.net",
			      ".attest.azure.net", "https://login.microsoftonline.com" },
	[KW_CLOUD_USGOV] = { "https://vault.usgovcloudapi.net",
			     "https://managedhsm.usgovcloudapi.net", ".attest.azure.us",
			     "https://login.microsoftonline.us" },
	[KW_CLOUD_CHINA] = { "https://vault.azure.cn", "https://managedhsm.azure.cn",
			     ".attest.azure.cn", "https://login.partner.microsoftonline.cn" },
	[KW_CLOUD_CUSTOM] = { 0 },
};

/* `suffix` starts with a dot and something stands before it: a label boundary. */
static bool has_suffix(const struct kw_origin *origin, const char *suffix)
{
	size_t host = strlen(origin->host), tail = strlen(suffix);

	return !origin->is_address && host > tail
	       && strcmp(origin->host + host - tail, suffix) == 0;
}

/* The host is below the one of this audience. */
static bool is_below(const struct kw_origin *origin, const char *audience)
{
	char suffix[KW_HOST_SIZE];

	if (!audience)
		return false;
	snprintf(suffix, sizeof(suffix), ".%s", audience + strlen("https://"));
	return has_suffix(origin, suffix);
}

static const char *vault_audience(enum kw_cloud cloud, const struct kw_origin *vault)
{
	if (is_below(vault, clouds[cloud].vault))
		return clouds[cloud].vault;
	if (is_below(vault, clouds[cloud].managed_hsm))
		return clouds[cloud].managed_hsm;
	return NULL;
}

bool kw_cloud_has_attestation(enum kw_cloud cloud, const char *url)
{
	const char *suffix = clouds[cloud].attestation;
	struct kw_origin origin;

	return suffix && kw_origin_parse(url, &origin, NULL) && has_suffix(&origin, suffix);
}

bool kw_cloud_has_vault(enum kw_cloud cloud, const struct kw_origin *vault)
{
	return vault_audience(cloud, vault) != NULL;
}

const char *kw_cloud_authority(enum kw_cloud cloud)
{
	return clouds[cloud].authority;
}

const char *kw_config_audience(const struct kw_config *config,
			       const struct kw_config_identity *identity,
			       const struct kw_origin *vault)
{
	return *identity->audience ? identity->audience : vault_audience(config->cloud, vault);
}

const char *kw_config_authority(const struct kw_config *config,
				const struct kw_config_identity *identity)
{
	return *identity->authority ? identity->authority : clouds[config->cloud].authority;
}
