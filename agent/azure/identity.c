/* SPDX-License-Identifier: Apache-2.0 */
#include "azure/identity.h"

#include "azure/identity_sources.h"
#include "config/identity.h"
#include "util/file.h"
#include "util/memory.h"
#include "util/text.h"

#include <stdio.h>

enum { TOKEN_FILE_MAX = 64 * 1024, DESCRIPTION_SIZE = 256 };

struct kw_identities {
	const struct kw_config *config;
	struct kw_http *http;
	const struct kw_clock *clock;
	struct kw_token_cache *cache;
	int64_t started_ms;
};

struct kw_identities *kw_identities_new(const struct kw_config *config, struct kw_http *http,
					const struct kw_clock *clock)
{
	struct kw_identities *identities = kw_alloc(sizeof(*identities));
	*identities = (struct kw_identities){
		.config = config,
		.http = http,
		.clock = clock,
		.cache = kw_token_cache_new(clock),
		.started_ms = kw_boot_ms(clock),
	};
	return identities;
}

void kw_identities_free(struct kw_identities *identities)
{
	if (identities == NULL)
		return;
	kw_token_cache_free(identities->cache);
	free(identities);
}

static void describe_managed(const struct kw_config_identity *identity, char *ret, size_t size)
{
	if (*identity->client_id != '\0')
		snprintf(ret, size, "managed identity (client id %s)", identity->client_id);
	else if (*identity->object_id != '\0')
		snprintf(ret, size, "managed identity (object id %s)", identity->object_id);
	else if (*identity->resource_id != '\0')
		snprintf(ret, size, "managed identity (resource id %s)", identity->resource_id);
	else
		snprintf(ret, size, "managed identity (the node's own or only one)");
}

void kw_identity_describe(const struct kw_config_identity *identity, char *ret, size_t size)
{
	const char *client_id = kw_workload_client_id(identity);
	switch (kw_config_identity_kind(identity)) {
	case KW_IDENTITY_WORKLOAD:
		snprintf(ret, size, "workload identity (client id %s)",
			 client_id != NULL ? client_id : "not known");
		return;
	case KW_IDENTITY_TOKEN_FILE:
		snprintf(ret, size, "token file (%s)", identity->token_file);
		return;
	case KW_IDENTITY_MANAGED:
	case KW_IDENTITY_AUTO:
		describe_managed(identity, ret, size);
		return;
	}
}

/* Another program keeps it fresh, so it is read for each use (key release 3.4). */
static int token_from_file(const struct kw_config_identity *identity, struct kw_secret *ret,
			   struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret token = { 0 };
	const char *path = identity->token_file;
	if (*path == '\0')
		return kw_fail(err, KW_E_IDN_NONE, "identity.tokenFile is not set");
	if (kw_file_read_secret(path, TOKEN_FILE_MAX, KW_E_IDN_FILE, &token, err) < 0)
		return -1;
	if (!kw_http_is_bearer(kw_secret_bytes(&token)))
		return kw_fail(err, KW_E_IDN_FILE, "'%s' is empty or has a byte that no token has",
			       path);
	kw_secret_move(ret, &token);
	return 0;
}

static int token_from_service(struct kw_identities *identities,
			      const struct kw_config_identity *identity, const char *audience,
			      bool fresh, struct kw_secret *ret, struct kw_error *err)
{
	bool workload = kw_config_identity_kind(identity) == KW_IDENTITY_WORKLOAD;
	struct kw_token_order order = {
		.config = identities->config,
		.identity = identity,
		.audience = audience,
		.http = identities->http,
		.clock = identities->clock,
		.started_ms = identities->started_ms,
	};
	const struct kw_token_source source = {
		.fetch = workload ? kw_workload_token : kw_managed_token,
		.ctx = &order,
	};
	KW_CLEANUP(freep)
	char *key =
		kw_format("%d %s %s %s %s %s", workload, identity->client_id, identity->object_id,
			  identity->resource_id, identity->authority, audience);
	return kw_token_cache_get(identities->cache, key, fresh, &source, ret, err);
}

int kw_identity_token(struct kw_identities *identities, const struct kw_config_identity *identity,
		      const char *audience, bool fresh, struct kw_secret *ret, struct kw_error *err)
{
	char description[DESCRIPTION_SIZE];
	bool from_file = kw_config_identity_kind(identity) == KW_IDENTITY_TOKEN_FILE;
	int failed = from_file
			     ? token_from_file(identity, ret, err)
			     : token_from_service(identities, identity, audience, fresh, ret, err);
	if (failed < 0) {
		kw_identity_describe(identity, description, sizeof(description));
		return kw_wrap(err, "%s, audience '%s'", description, audience);
	}
	return 0;
}
