/* SPDX-License-Identifier: Apache-2.0 */
/* kw_config_custom_trust(): which anchors and endpoints are not those that are built in. */
#include "config/cloud.h"
#include "config/config.h"
#include "config/options.h"
#include "config/values.h"
#include "util/text.h"

#include <string.h>

static void add(char **list, const char *path)
{
	char *longer = kw_format("%s%s%s", *list, **list ? ", " : "", path);

	free(*list);
	*list = longer;
}

static bool is_default(const struct kw_option *option, const void *base)
{
	KW_CLEANUP(freep) char *text = NULL;

	if (option->kind == KW_OPTION_LIST) /* those that matter here are empty by default */
		return *(const size_t *)kw_option_peek(base, option->count_at) == 0;
	text = kw_value_text(option, kw_option_peek(base, option->at));
	return text && strcmp(text, option->fallback) == 0;
}

static void add_marked(const struct kw_option *section, const struct kw_config *config, char **list)
{
	for (const struct kw_option *row = section->members; row->name; row++) {
		KW_CLEANUP(freep) char *path = kw_format("%s.%s", section->name, row->name);

		if (row->flags & KW_OPTION_TRUST && !is_default(row, config))
			add(list, path);
	}
}

static bool are_attestation(const struct kw_config *config, char *const *endpoints, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!kw_cloud_has_attestation(config->cloud, endpoints[i]))
			return false;
	return true;
}

static bool is_own_authority(const struct kw_config *config,
			     const struct kw_config_identity *identity)
{
	const char *known = kw_cloud_authority(config->cloud);

	return !identity || !*identity->authority
	       || (known && strcmp(identity->authority, known) == 0);
}

static bool are_vaults(const struct kw_config *config, const struct kw_config_key *key)
{
	struct kw_key_id id;

	for (size_t i = 0; i < key->n_fallback_urls; i++)
		if (!kw_key_id_parse(key->fallback_urls[i], &id)
		    || !kw_cloud_has_vault(config->cloud, &id.origin))
			return false;
	return kw_cloud_has_vault(config->cloud, &key->id.origin);
}

/* One entry for all keys: a thousand of them say no more. */
static void add_keys(const struct kw_config *config, char **list)
{
	bool url = true, endpoints = true, authority = true;

	for (size_t i = 0; i < config->n_keys; i++) {
		const struct kw_config_key *key = &config->keys[i];

		url = url && are_vaults(config, key);
		endpoints = endpoints
			    && are_attestation(config, key->attestation_endpoints,
					       key->n_attestation_endpoints);
		authority = authority && is_own_authority(config, key->identity);
	}
	if (!url)
		add(list, "keys[].url");
	if (!endpoints)
		add(list, "keys[].attestation.endpoints");
	if (!authority)
		add(list, "keys[].identity.authority");
}

char *kw_config_custom_trust(const struct kw_config *config)
{
	char *list = kw_strdup("");

	if (config->cloud == KW_CLOUD_CUSTOM)
		add(&list, "cloud");
	for (const struct kw_option *row = kw_options; row->name; row++)
		if (row->kind == KW_OPTION_SECTION && row->at == 0)
			add_marked(row, config, &list);
	if (!are_attestation(config, config->attestation.endpoints,
			     config->attestation.n_endpoints))
		add(&list, "attestation.endpoints");
	if (!is_own_authority(config, &config->identity))
		add(&list, "identity.authority");
	add_keys(config, &list);
	return list;
}
