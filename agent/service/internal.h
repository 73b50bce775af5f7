/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of service/ share: the parts behind a struct kw_service. Included nowhere else. */
#pragma once

#include "service/raw_evidence.h"
#include "service/service.h"

#include <pthread.h>

/* One per list of attestation endpoints: the general list, then each key that has its own. */
struct kw_session_slot {
	char **endpoints; /* borrowed from the configuration */
	size_t n_endpoints;
	pthread_mutex_t flight; /* held while a session is made: single flight */
	struct kw_attestation *session;
	uint64_t attempts; /* finished ones; a waiter that saw it grow shares the outcome */
	struct kw_error last_error;
	int64_t failed_ms; /* boot clock: when it arose */
};

struct kw_service {
	struct kw_service_options options;
	const struct kw_config *config;
	const struct kw_provider *provider; /* NULL until chosen; of the thread that owns the TPM */
	struct kw_http *http;
	struct kw_collateral_cache *collateral;
	struct kw_amd_roots *amd_roots;
	struct kw_signer_roots *signer_roots;
	struct kw_identities *identities;
	struct kw_token_keys *token_keys;
	struct kw_session_slot *slots;
	size_t n_slots;
};

/* Runs it where the TPM belongs, and waits. */
void kw_service_on_tpm(struct kw_service *service, void (*transaction)(void *arg), void *arg);
/* True: the TPM was restarted, or its driver was; with a new connection the transaction may
 * succeed. Empties the error. */
bool kw_tpm_connection_broke(struct kw_error *err);
/* The provider, chosen the first time; on the thread that owns the TPM. */
int kw_service_provider(struct kw_service *service, const struct kw_provider **ret,
			struct kw_error *err) KW_MUST_USE;
/* Gathers evidence where the TPM belongs; chooses the provider the first time. */
int kw_service_gather(struct kw_service *service, struct kw_evidence **ret,
		      struct kw_error *err) KW_MUST_USE;
/* What endorses the measurement of a guest's utility VM; empty: there is none. */
struct kw_blob kw_reference_info(void);
/* The SNP report over these bytes, where the provider can have one. SNP_CALLER_DATA. */
int kw_service_report(struct kw_service *service, const uint8_t report_data[KW_HCL_USER_DATA_SIZE],
		      struct kw_snp_taken *ret, struct kw_error *err) KW_MUST_USE;
/* Opens what was wrapped for the evidence's key, where the TPM belongs. */
int kw_service_open_wrapped(struct kw_service *service, struct kw_evidence *evidence,
			    enum kw_rsa_scheme scheme, enum kw_hash oaep, struct kw_bytes wrapped,
			    struct kw_secret *ret, struct kw_error *err) KW_MUST_USE;

/* `call` with an access token of the rule's identity; once more with a new one after
 * REL_UNAUTHORIZED (key release 3.5). IDN_*, and what the call fails with. */
int kw_with_bearer(struct kw_service *service, const struct kw_config_key *rule,
		   int (*call)(void *ctx, const struct kw_secret *bearer, struct kw_error *err),
		   void *ctx, struct kw_error *err) KW_MUST_USE;

/* What the key's own attributes say of a release. Rows: REL_ATTRIBUTES REL_BAD_REQUEST
 * REL_NO_POLICY. */
void kw_vault_key_judge(const struct kw_vault_key *key, int64_t now_s, struct kw_checks *checks);

/* The collateral that fits a report, from the configured sources or the cache. `device_table` is
 * the certificate table that came with it, or empty. */
int kw_service_collateral_for(struct kw_service *service, const struct kw_snp_report *snp,
			      struct kw_bytes device_table, bool fresh, struct kw_collateral **ret,
			      struct kw_error *err) KW_MUST_USE;
/* Evidence and the collateral that fits it, both judged; a required check that failed or was not
 * possible is the error, and nothing has left the machine but the collateral request. */
int kw_verified_evidence(struct kw_service *service, struct kw_evidence **ret,
			 struct kw_collateral **ret_collateral, struct kw_checks *checks,
			 struct kw_error *err) KW_MUST_USE;
/* Judges what is there without asking for anything: for the collateral job and offline use. */
void kw_judge_evidence(struct kw_service *service, const struct kw_evidence *evidence,
		       const struct kw_collateral *collateral, struct kw_checks *checks);
/* Fails for the first row that failed, or was not possible although the configuration needs it. */
int kw_required_checks(const struct kw_config *config, const struct kw_checks *checks,
		       struct kw_error *err) KW_MUST_USE;

/* One exchange with one endpoint. */
struct kw_exchange {
	struct kw_evidence *evidence;
	const struct kw_collateral *collateral;
	const char *endpoint;
	const char *nonce; /* goes before a configured one; NULL: none */
};
/* Request, token, and the rows of its verification; a row that is not ok is the error. */
int kw_exchange(struct kw_service *service, const struct kw_exchange *exchange,
		struct kw_checks *checks, struct kw_secret *ret_token, int64_t *ret_expiry_s,
		struct kw_error *err) KW_MUST_USE;
