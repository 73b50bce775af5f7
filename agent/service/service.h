/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The use cases: what serve, init and the commands have in common. A struct kw_service holds the
 * configuration and every long-lived part (outbound client, caches, identities, trust anchors, the
 * TPM worker) and may be used from several threads. It starts no thread by itself: commands call it
 * in one; serve gives it workers.
 */
#pragma once

#include "azure/identity.h"
#include "azure/vault.h"
#include "keys/material.h"
#include "service/session.h"

struct kw_service;

struct kw_service_options {
	const struct kw_config *config; /* outlives the service */
	const struct kw_clock *clock;
	const struct kw_random *random;
	/* Runs a TPM transaction where the TPM belongs and waits for it; NULL: in the caller's
	 * thread. */
	void (*tpm_run)(void *ctx, void (*transaction)(void *arg), void *arg);
	void *tpm_ctx;
	struct kw_counters *counters; /* NULL: nothing is counted */
	int64_t end_by_ms; /* boot clock: no call to an upstream lasts longer; 0: no such end */
	/* No call waits longer for its next attempt: it fails, with what the upstream asked for,
	 * and its caller comes back. 0: the deadlines alone decide. */
	int64_t patience_ms;
	/* One of many on this node: calls to IMDS are spread when the TPM shows that others start
	 * at the same time. */
	bool one_of_many;
};
int kw_service_open(const struct kw_service_options *options, struct kw_service **ret,
		    struct kw_error *err) KW_MUST_USE;
void kw_service_free(struct kw_service *service);
KW_DEFINE_FREEP(struct kw_service, kw_service_free);
/* Closes connections that have been idle for a minute; on a worker. */
void kw_service_trim(struct kw_service *service);
/* Hosts of that upstream are left alone at the moment. */
bool kw_service_breaker_is_open(struct kw_service *service, enum kw_upstream upstream);
/* Running calls end soon, with an error (SIGTERM). */
void kw_service_cancel(struct kw_service *service);

/*
 * One key with this session: identity, release, verification, unwrapping, comparison. `bearer`
 * (NULL: the configured identity) is a caller's own access token, used for this one call. `checks`
 * may be NULL. kw_acquire() gets the session too, and repeats once where a new one can help.
 */
int kw_release(struct kw_service *service, struct kw_attestation *session,
	       const struct kw_config_key *rule, const struct kw_secret *bearer,
	       struct kw_checks *checks, struct kw_material **ret,
	       struct kw_error *err) KW_MUST_USE;
int kw_acquire(struct kw_service *service, const struct kw_config_key *rule,
	       const struct kw_secret *bearer, struct kw_checks *checks, struct kw_material **ret,
	       struct kw_error *err) KW_MUST_USE;

/* True if `kid` (name, name/version or full identifier; key release 4.1) means the key of this
 * rule. */
bool kw_rule_is_named(const struct kw_config_key *rule, const char *kid);

/* The collateral job: fetched (`fresh`: not from the cache) and judged; with a TPM also against its
 * report (else "not possible"). */
int kw_service_collateral(struct kw_service *service, bool fresh, struct kw_collateral **ret,
			  struct kw_checks *checks, struct kw_error *err) KW_MUST_USE;

/* In which forms a key can be given; UNW_FORMAT names those that fit. */
int kw_material_format(const struct kw_material *material, enum kw_key_format format,
		       struct kw_secret *ret, struct kw_error *err) KW_MUST_USE;
