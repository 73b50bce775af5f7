/* SPDX-License-Identifier: Apache-2.0 */
#include "service/internal.h"
#include "util/memory.h"
#include "util/text.h"

#include <string.h>

enum {
	SHARED_OUTAGE_MS = 500, /* how long a failed attempt speaks for all keys */
	SHARED_DENIAL_MS = 900,
};

struct kw_attestation {
	_Atomic unsigned refs;
	_Atomic bool invalid;
	struct kw_evidence *evidence; /* owns the wrapping key */
	struct kw_secret token;
	int64_t expiry_s; /* of the token, wall clock */
	int64_t made_ms;  /* boot clock */
	char *endpoint;
	struct kw_checks checks;
};

/* The object. */

struct kw_attestation *kw_attestation_ref(struct kw_attestation *session)
{
	atomic_fetch_add_explicit(&session->refs, 1, memory_order_relaxed);
	return session;
}

void kw_attestation_unref(struct kw_attestation *session)
{
	if (session == NULL
	    || atomic_fetch_sub_explicit(&session->refs, 1, memory_order_acq_rel) != 1)
		return;
	kw_evidence_free(session->evidence);
	kw_secret_clear(&session->token);
	free(session->endpoint);
	free(session);
}

struct kw_bytes kw_attestation_token(const struct kw_attestation *session)
{
	return kw_secret_bytes(&session->token);
}

const char *kw_attestation_endpoint(const struct kw_attestation *session)
{
	return session->endpoint;
}

int64_t kw_attestation_expiry_s(const struct kw_attestation *session)
{
	return session->expiry_s;
}

const char *kw_attestation_wrapping_kid(const struct kw_attestation *session)
{
	return session->evidence->wrapping_kid;
}

const struct kw_checks *kw_attestation_checks(const struct kw_attestation *session)
{
	return &session->checks;
}

/* Making one. */

/* `session` has its evidence already. */
static int attest_with(struct kw_service *service, struct kw_attestation *session,
		       const struct kw_collateral *collateral, const char *endpoint,
		       const char *nonce, struct kw_error *err)
{
	const struct kw_exchange exchange = { session->evidence, collateral, endpoint, nonce };

	if (kw_exchange(service, &exchange, &session->checks, &session->token, &session->expiry_s,
			err)
	    < 0)
		return -1;
	session->endpoint = kw_strdup(endpoint);
	return 0;
}

/* The next endpoint is another issuer: it is tried when one is away, never when one refuses. */
static int attest_with_any(struct kw_service *service, const struct kw_session_slot *slot,
			   struct kw_attestation *session, const struct kw_collateral *collateral,
			   const char *nonce, struct kw_error *err)
{
	size_t judged = session->checks.n_rows;

	for (size_t i = 0; i < slot->n_endpoints; i++) {
		*err = (struct kw_error){ 0 };
		session->checks.n_rows = judged;
		if (attest_with(service, session, collateral, slot->endpoints[i], nonce, err) == 0)
			return 0;
		if (!kw_error_is_outage(err))
			return -1;
	}
	if (err->def == NULL)
		return kw_fail(err, KW_E_CFG_MISSING, "'attestation.endpoints' is empty");
	return -1;
}

/* `failed` (NULL: not wanted) gets the rows of an attempt that comes to nothing. */
static int make(struct kw_service *service, const struct kw_session_slot *slot, const char *nonce,
		struct kw_attestation **ret, struct kw_checks *failed, struct kw_error *err)
{
	KW_CLEANUP(kw_attestation_unrefp)
	struct kw_attestation *session = kw_alloc(sizeof(*session));
	KW_CLEANUP(kw_collateral_freep) struct kw_collateral *collateral = NULL;

	atomic_init(&session->refs, 1);
	if (kw_verified_evidence(service, &session->evidence, &collateral, &session->checks, err)
		    < 0
	    || attest_with_any(service, slot, session, collateral, nonce, err) < 0) {
		if (failed != NULL)
			kw_checks_append(failed, &session->checks);
		return -1;
	}
	session->made_ms = kw_boot_ms(service->options.clock);
	*ret = KW_STEAL(session);
	return 0;
}

/* Getting one. */

static bool good(const struct kw_service *service, const struct kw_attestation *session)
{
	const struct kw_clock *clock = service->options.clock;

	return session != NULL && !atomic_load(&session->invalid)
	       && session->expiry_s - kw_wall_s(clock) >= KW_TOKEN_RESERVE_S
	       && kw_boot_ms(clock) - session->made_ms < service->config->attestation.max_age_ms;
}

static struct kw_session_slot *slot_of(struct kw_service *service, const struct kw_config_key *rule)
{
	if (rule != NULL && rule->n_attestation_endpoints > 0)
		for (size_t i = 1; i < service->n_slots; i++)
			if (service->slots[i].endpoints == rule->attestation_endpoints)
				return &service->slots[i];
	return &service->slots[0];
}

/* Many keys that are due together must not each attest anew to hear the same refusal. */
static bool is_fresh(const struct kw_service *service, const struct kw_session_slot *slot)
{
	int64_t shared_ms =
		kw_error_is_outage(&slot->last_error) ? SHARED_OUTAGE_MS : SHARED_DENIAL_MS;

	return kw_boot_ms(service->options.clock) - slot->failed_ms < shared_ms;
}

/* With the slot's lock held. `seen`: how many attempts had ended when the caller began to wait. */
static int get_locked(struct kw_service *service, struct kw_session_slot *slot, uint64_t seen,
		      struct kw_checks *failed, struct kw_error *err)
{
	struct kw_attestation *made = NULL;

	struct kw_counters *counters = service->options.counters;
	const struct kw_clock *clock = service->options.clock;
	bool hit = good(service, slot->session);
	int64_t begun_ms = kw_boot_ms(clock);

	kw_count_cache(counters, KW_COUNTED_SESSION, hit);
	if (hit)
		return 0;
	if (slot->last_error.def != NULL && (slot->attempts != seen || is_fresh(service, slot))) {
		*err = slot->last_error; /* somebody just tried: share the outcome */
		return -1;
	}
	slot->last_error = (struct kw_error){ 0 };
	if (make(service, slot, NULL, &made, failed, &slot->last_error) == 0) {
		kw_attestation_unref(slot->session);
		slot->session = made;
	}
	slot->failed_ms = kw_boot_ms(clock);
	if (counters != NULL)
		kw_histogram_add(&counters->attestations[kw_count_outcome_of(&slot->last_error)],
				 slot->failed_ms - begun_ms);
	__atomic_add_fetch(&slot->attempts, 1, __ATOMIC_RELEASE);
	*err = slot->last_error;
	return made != NULL ? 0 : -1;
}

int kw_attestation_get(struct kw_service *service, const struct kw_config_key *rule,
		       struct kw_attestation **ret, struct kw_checks *checks, struct kw_error *err)
{
	struct kw_session_slot *slot = slot_of(service, rule);
	uint64_t seen = __atomic_load_n(&slot->attempts, __ATOMIC_ACQUIRE);
	int result = 0;

	pthread_mutex_lock(&slot->flight);
	result = get_locked(service, slot, seen, checks, err);
	if (result == 0) {
		*ret = kw_attestation_ref(slot->session);
		if (checks != NULL)
			kw_checks_append(checks, &slot->session->checks);
	}
	pthread_mutex_unlock(&slot->flight);
	return result;
}

int kw_attestation_make(struct kw_service *service, const char *nonce, struct kw_attestation **ret,
			struct kw_checks *checks, struct kw_error *err)
{
	struct kw_attestation *made = NULL;

	if (make(service, &service->slots[0], nonce, &made, checks, err) < 0)
		return -1;
	kw_checks_append(checks, &made->checks);
	*ret = made;
	return 0;
}

void kw_attestation_invalidate(struct kw_service *service KW_UNUSED, struct kw_attestation *session)
{
	atomic_store(&session->invalid, true);
}

int kw_attestation_unwrap(struct kw_service *service, struct kw_attestation *session,
			  const struct kw_key_hsm *wrapped, struct kw_secret *ret,
			  struct kw_error *err)
{
	KW_CLEANUP(kw_secret_clear) struct kw_secret aes = { 0 };
	size_t modulus_size = kw_public_key_bits(session->evidence->wrapping_key) / 8;
	struct kw_bytes rsa = { 0 }, kwp = { 0 };

	if (kw_key_hsm_split(wrapped, modulus_size, &rsa, &kwp, err) < 0)
		return -1;
	if (kw_service_open_wrapped(service, session->evidence, KW_RSA_OAEP, wrapped->oaep, rsa,
				    &aes, err)
	    < 0) {
		if (kw_error_is(err, KW_E_TPM_KEY_LOST))
			kw_attestation_invalidate(service, session);
		return -1;
	}
	if (aes.len != KW_WRAPPED_AES_KEY_SIZE) /* the same words as for every other failure */
		return kw_fail(err, KW_E_UNW_FAILED, "unwrap failed");
	return kw_unwrap_kwp(kw_secret_bytes(&aes), kwp, ret, err);
}
