/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"
#include "config/options.h"
#include "config/read.h"
#include "config/validate.h"
#include "util/file.h"
#include "util/memory.h"
#include "util/text.h"

#include <string.h>

int kw_config_parse(const char *name, const char *text, size_t len, struct kw_config **ret,
		    struct kw_error *err)
{
	KW_CLEANUP(kw_config_freep) struct kw_config *config = kw_alloc(sizeof(*config));
	KW_CLEANUP(kw_yaml_freep) struct kw_yaml *root = NULL;

	config->path = kw_strdup(name);
	if (kw_yaml_parse(name, (struct kw_bytes){ (const uint8_t *)text, len }, &root, err) < 0)
		return -1;
	if (root->kind != KW_YAML_MAP)
		return kw_fail_at(err, KW_E_CFG_SYNTAX, &root->at, "expected a map of fields");
	if (kw_options_read(kw_options, root, config, err) < 0
	    || kw_config_validate(config, root, err) < 0)
		return -1;
	*ret = KW_STEAL(config);
	return 0;
}

int kw_config_load(const char *path, struct kw_config **ret, struct kw_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob text = { 0 };

	if (kw_file_read(path, KW_YAML_SIZE_MAX, KW_E_CFG_READ, &text, err) < 0)
		return -1;
	return kw_config_parse(path, (const char *)text.data, text.len, ret, err);
}

void kw_config_free(struct kw_config *config)
{
	if (!config)
		return;
	kw_options_clear(kw_options, config);
	free(config->path);
	free(config);
}

const struct kw_config_key *kw_config_key_find(const struct kw_config *config, const char *name)
{
	for (size_t i = 0; i < config->n_keys; i++)
		if (strcmp(config->keys[i].name, name) == 0)
			return &config->keys[i];
	return NULL;
}

const char *kw_release_enc_text(enum kw_release_enc enc)
{
	return kw_release_enc_words[enc];
}

const char *kw_key_format_text(enum kw_key_format format)
{
	return kw_key_format_words[format];
}

bool kw_key_format_parse(const char *text, enum kw_key_format *ret)
{
	for (int i = 0; kw_key_format_words[i]; i++) {
		if (strcmp(text, kw_key_format_words[i]) != 0)
			continue;
		*ret = (enum kw_key_format)i;
		return true;
	}
	return false;
}
