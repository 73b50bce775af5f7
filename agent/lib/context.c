/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/internal.h"
#include "util/file.h"
#include "util/memory.h"
#include "util/text.h"

#include <stdio.h>
#include <string.h>

enum { CONFIG_SIZE_MAX = 1 << 20 };
#define DEFAULTS "apiVersion: keyward/v1\n"

const char *keyward_version(void)
{
	return KW_VERSION;
}

int kw_lib_fail(const struct kw_error *err, struct keyward_error *ret)
{
	if (!ret)
		return -1;
	*ret = (struct keyward_error){
		.exit_status = err->def->exit_status,
		.upstream_status = err->upstream.status,
		.tpm_code = err->tpm_code,
		.hint = err->def->remedy,
	};
	(void)snprintf(ret->id, sizeof(ret->id), "%s", err->def->id);
	memcpy(ret->detail, err->detail, sizeof(ret->detail));
	return -1;
}

int kw_lib_refuse(struct keyward_error *ret, const char *what)
{
	struct kw_error err = { 0 };

	(void)kw_fail(&err, KW_E_CFG_USAGE, "%s", what);
	return kw_lib_fail(&err, ret);
}

static int open_blob(const char *name, struct kw_blob *text, struct keyward **ret,
		     struct kw_error *err)
{
	struct keyward *context;
	struct kw_config *config = NULL;

	if (kw_config_parse(name, (const char *)text->data, text->len, &config, err) < 0)
		return -1;
	if (kw_config_available(config, err) < 0) {
		kw_config_free(config);
		return -1;
	}
	context = kw_alloc(sizeof(*context));
	context->name = kw_strdup(name);
	context->text = kw_blob_steal(text);
	context->config = config;
	*ret = context;
	return 0;
}

int keyward_open_text(const char *name, const char *text, size_t size, struct keyward **ret,
		      struct keyward_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob blob = { 0 };
	struct kw_error failed = { 0 };

	if (!name || !text || !ret)
		return kw_lib_refuse(err, "an argument is NULL");
	blob = kw_blob_copy((struct kw_bytes){ (const uint8_t *)text, size });
	return open_blob(name, &blob, ret, &failed) < 0 ? kw_lib_fail(&failed, err) : 0;
}

int keyward_open(const char *path, struct keyward **ret, struct keyward_error *err)
{
	KW_CLEANUP(kw_blob_clear) struct kw_blob blob = { 0 };
	struct kw_error failed = { 0 };

	if (!path)
		return keyward_open_text("(defaults)", DEFAULTS, strlen(DEFAULTS), ret, err);
	if (!ret)
		return kw_lib_refuse(err, "an argument is NULL");
	if (kw_file_read(path, CONFIG_SIZE_MAX, KW_E_CFG_READ, &blob, &failed) < 0
	    || open_blob(path, &blob, ret, &failed) < 0)
		return kw_lib_fail(&failed, err);
	return 0;
}

void keyward_close(struct keyward *context)
{
	if (!context)
		return;
	kw_service_free(context->service);
	kw_config_free(context->config);
	kw_blob_clear(&context->text);
	free(context->name);
	free(context);
}

int kw_lib_service(struct keyward *context, struct kw_service **ret, struct kw_error *err)
{
	const struct kw_service_options options = {
		.config = context->config,
		.clock = &kw_clock_system,
		.random = &kw_random_system,
	};

	if (!context->service && kw_service_open(&options, &context->service, err) < 0)
		return -1;
	*ret = context->service;
	return 0;
}
