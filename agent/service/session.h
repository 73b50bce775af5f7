/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attestation session: evidence, verified token, wrapping key, expiry, and what invalidates it.
 * One serves every key that is attested with the same endpoints; kw_attestation_get() gives the
 * good one or makes one, in single flight. Sessions are immutable and reference-counted; all
 * functions may be called from any worker.
 */
#pragma once

#include "azure/maa.h"
#include "collateral/fetch.h"
#include "jose/unwrap.h"

struct kw_service;
struct kw_attestation;

/*
 * A session whose token has at least KW_TOKEN_RESERVE_S left, that is younger than
 * attestation.maxAge and not invalidated. `rule` (NULL: none) may name endpoints of its own. The
 * caller holds a reference. `checks` (NULL: not wanted) gets the rows that were judged when the
 * session was made, or in this call's own attempt to make one that failed.
 */
enum { KW_TOKEN_RESERVE_S = 300 };
int kw_attestation_get(struct kw_service *service, const struct kw_config_key *rule,
		       struct kw_attestation **ret, struct kw_checks *checks,
		       struct kw_error *err) KW_MUST_USE;
struct kw_attestation *kw_attestation_ref(struct kw_attestation *session);
void kw_attestation_unref(struct kw_attestation *session); /* NULL allowed */
KW_DEFINE_FREEP(struct kw_attestation, kw_attestation_unref);

/* One that repeats a caller's nonce: made for this call and kept nowhere, so no release uses it and
 * nobody can open what is wrapped for its key once it is gone. `checks` as above, not NULL. */
int kw_attestation_make(struct kw_service *service, const char *nonce, struct kw_attestation **ret,
			struct kw_checks *checks, struct kw_error *err) KW_MUST_USE;

/* The next kw_attestation_get() makes a new one: PCR change, TPM reset, a refusal that may be over.
 */
void kw_attestation_invalidate(struct kw_service *service, struct kw_attestation *session);

struct kw_bytes kw_attestation_token(const struct kw_attestation *session);
const char *kw_attestation_endpoint(const struct kw_attestation *session);
int64_t kw_attestation_expiry_s(const struct kw_attestation *session);
const char *kw_attestation_wrapping_kid(const struct kw_attestation *session);
const struct kw_checks *kw_attestation_checks(const struct kw_attestation *session);

/* RSA-OAEP with the session's key (in the TPM for azure-vtpm), then RFC 5649. UNW_*, TPM_KEY_LOST.
 */
int kw_attestation_unwrap(struct kw_service *service, struct kw_attestation *session,
			  const struct kw_key_hsm *wrapped, struct kw_secret *ret,
			  struct kw_error *err) KW_MUST_USE;
