/* SPDX-License-Identifier: Apache-2.0 */
#include "service/internal.h"
#include "util/memory.h"

#include <string.h>

static void add_slot(struct kw_service *service, char **endpoints, size_t n_endpoints)
{
	struct kw_session_slot *slot = &service->slots[service->n_slots++];

	slot->endpoints = endpoints;
	slot->n_endpoints = n_endpoints;
	pthread_mutex_init(&slot->flight, NULL);
}

static void add_slots(struct kw_service *service)
{
	const struct kw_config *config = service->config;

	service->slots = kw_alloc((1 + config->n_keys) * sizeof(*service->slots));
	add_slot(service, config->attestation.endpoints, config->attestation.n_endpoints);
	for (size_t i = 0; i < config->n_keys; i++)
		if (config->keys[i].n_attestation_endpoints > 0)
			add_slot(service, config->keys[i].attestation_endpoints,
				 config->keys[i].n_attestation_endpoints);
}

int kw_service_open(const struct kw_service_options *options, struct kw_service **ret,
		    struct kw_error *err)
{
	KW_CLEANUP(kw_service_freep) struct kw_service *service = kw_alloc(sizeof(*service));
	const struct kw_config *config = options->config;

	service->options = *options;
	service->config = config;
	if (kw_http_new(config, options->clock, options->random, &service->http, err) < 0)
		return -1;
	kw_http_count_into(service->http, options->counters);
	kw_http_end_by(service->http, options->end_by_ms);
	if (options->patience_ms > 0)
		kw_http_patience(service->http, options->patience_ms);
	if (kw_amd_roots_load(config->collateral.trusted_roots, &service->amd_roots, err) < 0)
		return kw_wrap(err, "collateral.trustedRoots");
	if (kw_signer_roots_load(config->release.signer_roots, &service->signer_roots, err) < 0)
		return kw_wrap(err, "release.signerRoots");
	service->collateral = kw_collateral_cache_new(config, service->http, options->clock);
	service->identities = kw_identities_new(config, service->http, options->clock);
	service->token_keys = kw_token_keys_new(service->http, options->clock);
	add_slots(service);
	*ret = KW_STEAL(service);
	return 0;
}

void kw_service_free(struct kw_service *service)
{
	if (service == NULL)
		return;
	for (size_t i = 0; i < service->n_slots; i++) {
		kw_attestation_unref(service->slots[i].session);
		pthread_mutex_destroy(&service->slots[i].flight);
	}
	free(service->slots);
	kw_token_keys_free(service->token_keys);
	kw_identities_free(service->identities);
	kw_collateral_cache_free(service->collateral);
	kw_signer_roots_free(service->signer_roots);
	kw_amd_roots_free(service->amd_roots);
	kw_http_free(service->http);
	free(service);
}

bool kw_service_breaker_is_open(struct kw_service *service, enum kw_upstream upstream)
{
	return kw_http_breaker_is_open(service->http, upstream);
}

void kw_service_cancel(struct kw_service *service)
{
	kw_http_cancel(service->http);
}

void kw_service_trim(struct kw_service *service)
{
	kw_http_trim(service->http);
}
