/* SPDX-License-Identifier: Apache-2.0 */
#include "http/origins.h"

#include "config/identity.h"
#include "http/stage.h"
#include "util/memory.h"
#include "util/text.h"

#include <stdlib.h>
#include <string.h>

/* Key release 1.3; asked only where `collateral.sources` names it. */
#define AZURE_CACHE_URL "https://global.acccache.azure.net"

static struct kw_allowed_origin *row_of(struct kw_origins *origins, const struct kw_origin *origin)
{
	for (size_t i = 0; i < origins->n_rows; i++)
		if (kw_origin_equal(&origins->rows[i].origin, origin))
			return &origins->rows[i];

	size_t size = (origins->n_rows + 1) * sizeof(*origins->rows);
	origins->rows = kw_realloc(origins->rows, size);
	origins->rows[origins->n_rows] = (struct kw_allowed_origin){ .origin = *origin };
	return &origins->rows[origins->n_rows++];
}

static int allow(struct kw_origins *origins, enum kw_upstream upstream, const char *field,
		 const char *url, struct kw_error *err)
{
	struct kw_origin origin = { 0 };
	if (!kw_origin_parse(url, &origin, NULL))
		return kw_fail(err, KW_E_CFG_VALUE, "%s: '%s' is not an http or https URL", field,
			       url);
	row_of(origins, &origin)->upstreams |= 1U << upstream;
	return 0;
}

static int allow_attestation(struct kw_origins *origins, const char *field, char *const *endpoints,
			     size_t n_endpoints, struct kw_error *err)
{
	for (size_t i = 0; i < n_endpoints; i++)
		if (allow(origins, KW_UPSTREAM_MAA, field, endpoints[i], err) < 0
		    || allow(origins, KW_UPSTREAM_MAA_KEYS, field, endpoints[i], err) < 0)
			return -1;
	return 0;
}

/* What the configuration names was checked with it; the environment's is held to the same rule. */
static int allow_identity(struct kw_origins *origins, const struct kw_config *config,
			  const struct kw_config_identity *identity, struct kw_error *err)
{
	if (kw_config_identity_kind(identity) != KW_IDENTITY_WORKLOAD)
		return 0;
	KW_CLEANUP(freep) char *authority = kw_config_identity_authority(config, identity);
	if (authority == NULL)
		return 0; /* asking for a token says so */
	if (*identity->authority != '\0')
		return allow(origins, KW_UPSTREAM_ENTRA, "identity.authority", authority, err);
	if (strncmp(authority, "https://", strlen("https://")) != 0)
		return kw_fail(err, KW_E_CFG_VALUE, "AZURE_AUTHORITY_HOST: '%s' is not https",
			       authority);
	return allow(origins, KW_UPSTREAM_ENTRA, "AZURE_AUTHORITY_HOST", authority, err);
}

static int allow_collateral(struct kw_origins *origins, const struct kw_config *config,
			    struct kw_error *err)
{
	const char *thim =
		*config->collateral.thim != '\0' ? config->collateral.thim : config->imds.endpoint;
	if (allow(origins, KW_UPSTREAM_IMDS, "imds.endpoint", config->imds.endpoint, err) < 0
	    || allow(origins, KW_UPSTREAM_THIM, "collateral.thim", thim, err) < 0)
		return -1;

	for (size_t i = 0; i < config->collateral.n_sources; i++) {
		enum kw_collateral_source source = config->collateral.sources[i];
		const char *url = source == KW_SOURCE_KDS	    ? config->collateral.kds
				  : source == KW_SOURCE_AZURE_CACHE ? AZURE_CACHE_URL
								    : NULL;
		if (url != NULL && allow(origins, KW_UPSTREAM_KDS, "collateral.kds", url, err) < 0)
			return -1;
	}
	return 0;
}

static int allow_key(struct kw_origins *origins, const struct kw_config *config,
		     const struct kw_config_key *key, struct kw_error *err)
{
	if (allow(origins, KW_UPSTREAM_VAULT, "keys[].url", key->url, err) < 0)
		return -1;
	for (size_t i = 0; i < key->n_fallback_urls; i++)
		if (allow(origins, KW_UPSTREAM_VAULT, "keys[].fallbackUrls", key->fallback_urls[i],
			  err)
		    < 0)
			return -1;
	if (key->identity != NULL && allow_identity(origins, config, key->identity, err) < 0)
		return -1;
	return allow_attestation(origins, "keys[].attestation.endpoints",
				 key->attestation_endpoints, key->n_attestation_endpoints, err);
}

static int allow_all(struct kw_origins *origins, const struct kw_config *config,
		     struct kw_error *err)
{
	if (allow_collateral(origins, config, err) < 0
	    || allow_identity(origins, config, &config->identity, err) < 0
	    || allow_attestation(origins, "attestation.endpoints", config->attestation.endpoints,
				 config->attestation.n_endpoints, err)
		       < 0)
		return -1;
	for (size_t i = 0; i < config->n_keys; i++)
		if (allow_key(origins, config, &config->keys[i], err) < 0)
			return -1;
	return 0;
}

int kw_origins_new(const struct kw_config *config, struct kw_origins *ret, struct kw_error *err)
{
	KW_CLEANUP(kw_origins_clear) struct kw_origins origins = { 0 };
	if (allow_all(&origins, config, err) < 0)
		return -1;
	*ret = origins;
	origins = (struct kw_origins){ 0 };
	return 0;
}

int kw_origins_one(enum kw_upstream upstream, const char *url, struct kw_origins *ret,
		   struct kw_error *err)
{
	KW_CLEANUP(kw_origins_clear) struct kw_origins origins = { 0 };
	if (allow(&origins, upstream, kw_upstream_text(upstream), url, err) < 0)
		return -1;
	*ret = origins;
	origins = (struct kw_origins){ 0 };
	return 0;
}

void kw_origins_clear(struct kw_origins *origins)
{
	free(origins->rows);
	*origins = (struct kw_origins){ 0 };
}

int kw_origins_find(const struct kw_origins *origins, enum kw_upstream upstream, const char *url,
		    size_t *ret_row, const char **ret_rest, struct kw_error *err)
{
	struct kw_origin origin = { 0 };
	const char *rest = NULL;
	char text[KW_ORIGIN_TEXT_SIZE];
	if (!kw_origin_parse(url, &origin, &rest)) {
		kw_text_clean(kw_bytes_text(url), text, sizeof(text));
		return kw_fail(err, KW_E_CFG_ORIGIN, "'%s' is not an http or https URL", text);
	}
	for (size_t i = 0; i < origins->n_rows; i++)
		if ((origins->rows[i].upstreams & 1U << upstream) != 0
		    && kw_origin_equal(&origins->rows[i].origin, &origin)) {
			*ret_row = i;
			*ret_rest = rest;
			return 0;
		}
	kw_origin_text(&origin, text);
	return kw_fail(err, KW_E_CFG_ORIGIN, "'%s' is not configured for %s; nothing was sent",
		       text, kw_upstream_text(upstream));
}
